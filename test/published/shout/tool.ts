import { defineMethod, defineTool, ToolError } from 'batchbox/tool'
import { z } from 'zod'

export default defineTool({
  name: 'shout',
  description: 'says it louder',
  config: z.strictObject({ mark: z.string().default('!') }),
  guest: new URL('./guest.js', import.meta.url),
  setup: ({ mark }) => ({
    say: defineMethod({
      input: z.strictObject({ text: z.string() }),
      output: z.string(),
      run ({ text }) {
        if (text === '') throw new ToolError('Cannot shout: there is nothing to say')
        return text.toUpperCase() + mark
      },
    }),
  }),
})
