// A tool with an effect outside of the service: whoever reads the file knows how often, and when.
import { appendFileSync } from 'node:fs'
import { z } from 'zod'
import { defineMethod, defineTool } from '../../../src/tools/tool.ts'

export default defineTool({
  name: 'note',
  description: 'writes a line to a file',
  config: z.strictObject({ file: z.string().default('') }),
  guest: new URL('./guest.js', import.meta.url),
  setup: ({ file }) => ({
    write: defineMethod({
      input: z.string().max(64),
      output: z.null(),
      effect: 'outside',
      run (text, { run: { jobId } }) {
        appendFileSync(file, `${jobId} ${Date.now()} ${process.pid} ${text}\n`)
        return null
      },
    }),
  }),
})
