import { z } from 'zod'
import { defineMethod, defineTool } from '../../../src/tools/tool.ts'

/** What the shop lets hooks know of its warehouse, and nothing else of it. */
export default defineTool({
  name: 'stock',
  description: 'tells how many of an article are left',
  config: z.strictObject({ left: z.record(z.string(), z.number().int().min(0)).default({}) }),
  guest: new URL('./stock-guest.js', import.meta.url),
  setup: ({ left }) => ({
    left: defineMethod({
      input: z.strictObject({ article: z.string().max(100) }),
      output: z.number(),
      timeoutMs: 1000,
      run: ({ article }) => left[article] ?? 0,
    }),
  }),
})
