import { z } from 'zod'
import { defineMethod, defineTool } from '../tool.ts'

/** Says back what it is told. The template of a tool: copy the folder, its test and its line in the registry. */
export default defineTool({
  name: 'echo',
  description: 'says back what it is told; the template for tools',
  config: z.strictObject({
    /** Characters of one text. */
    maxChars: z.number().int().min(1).max(65_536).default(1024),
  }),
  narrows: ['maxChars'],
  guest: new URL('./guest.js', import.meta.url),
  setup: ({ maxChars }) => ({
    say: defineMethod({
      input: z.strictObject({ text: z.string().max(maxChars) }),
      output: z.string(),
      timeoutMs: 1000,
      run: ({ text }) => text,
    }),
  }),
})
