import { z } from 'zod'
import { defineMethod, defineTool, ToolError } from '../../src/tools/tool.ts'

const Currency = z.string().regex(/^[A-Z]{3}$/, 'Expected three capital letters')

/** Exchange rates that the operator configures. What user code sees of them is the answers. */
export default defineTool({
  name: 'rates',
  description: 'converts between currencies at rates that the operator configures',
  config: z.strictObject({
    /** Units of each currency for one euro. */
    perEuro: z.record(Currency, z.number().positive()).default({ EUR: 1, USD: 1.15, CHF: 0.93 }),
  }),
  guest: new URL('./guest.js', import.meta.url),
  setup: ({ perEuro }) => ({
    convert: defineMethod({
      input: z.strictObject({ amount: z.number(), from: Currency, to: Currency }),
      output: z.number(),
      timeoutMs: 1000,
      run ({ amount, from, to }) {
        const [have, want] = [perEuro[from], perEuro[to]]
        if (have === undefined || want === undefined) throw new ToolError(`Cannot convert ${from} to ${to}: known are ${Object.keys(perEuro).join(', ')}`)
        return amount / have * want
      },
    }),
  }),
})
