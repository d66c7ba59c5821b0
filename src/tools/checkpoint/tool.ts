import { z } from 'zod'
import type { CheckpointService } from '../../core/checkpoint.ts'
import { JobError } from '../../core/failures.ts'
import { defineMethod, defineTool, ToolError, type ToolContext } from '../tool.ts'

const MAX_BYTES = 1_048_576
/** How long a save may wait for a Redis that is away, or slow to make it durable. */
const TIMEOUT_MS = 60_000
/** The one thing that receipts of it are about. */
const TARGET = 'state'

/** Keeps the state of a job for its next run. Every job has it, on its context: its guest half is the guest's own. */
export default defineTool({
  name: 'checkpoint',
  description: '`context.checkpoint`: keeps the state of a job for its next run',
  config: z.strictObject({
    /** Bytes of a state as JSON. */
    maxBytes: z.number().int().min(1).max(MAX_BYTES).default(MAX_BYTES),
  }),
  narrows: ['maxBytes'],
  guest: null,
  setup: ({ maxBytes }) => ({
    save: defineMethod({
      input: z.unknown(),
      output: z.null(),
      timeoutMs: TIMEOUT_MS,
      async run (state, { run }) {
        const json = write(state)
        const bytes = Buffer.byteLength(json)
        if (bytes > maxBytes) throw new ToolError(`Cannot save the checkpoint: the state has ${bytes} bytes as JSON, allowed are ${maxBytes}`)
        const saved = await serviceOf({ run }).save(json).catch(tell)
        if (saved === 'refused') throw new ToolError('Cannot save the checkpoint: this run lost its job to another one')
        if (saved === 'unconfirmed') throw new ToolError('Cannot save the checkpoint: it was written, but not yet to where it cannot be lost; save again')
        run.receipt.use({ grant: 'checkpoint', target: TARGET, method: 'save', sentBytes: bytes })
        return null
      },
    }),
    load: defineMethod({
      input: z.null(),
      output: z.string().nullable(),
      timeoutMs: TIMEOUT_MS,
      async run (_, { run }) {
        const json = await serviceOf({ run }).load()
        run.receipt.use({ grant: 'checkpoint', target: TARGET, method: 'load', receivedBytes: Buffer.byteLength(json ?? '') })
        return json ?? null
      },
    }),
  }),
})

/** User code may know that one of its files cannot be kept. */
function tell (error: unknown): never {
  if (!(error instanceof JobError)) throw error
  throw new ToolError(`Cannot save the checkpoint: ${error.message}`, { cause: error })
}

/** What a guest read deeper than this process can write: JSON is read without a stack, and written with one. */
function write (state: unknown): string {
  try {
    return JSON.stringify(state)
  } catch (error) {
    throw new ToolError('Cannot save the checkpoint: the state is nested too deeply', { cause: error })
  }
}

function serviceOf ({ run: { services: { checkpoint } } }: Pick<ToolContext, 'run'>): CheckpointService {
  if (!checkpoint) throw new ToolError('Cannot use the checkpoint: this engine has nothing that keeps one')
  return checkpoint
}
