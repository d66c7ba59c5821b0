import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { JobError } from '../../core/failures.ts'
import type { KvChange, KvService } from '../../core/kv.ts'
import { defineMethod, defineTool, ToolError, type ToolContext, type ToolRun } from '../tool.ts'

const KEY_MAX_CHARS = 256
const PAGE_MAX = 1000
const TTL_MAX_MS = 365 * 86_400_000

const Text = z.string().max(KEY_MAX_CHARS).refine((text) => text.isWellFormed(), 'Expected no half of a surrogate pair') // which UTF-8 cannot have
const Key = Text.min(1)
const Ttl = z.int().min(1).max(TTL_MAX_MS).optional()
const Value = z.custom<unknown>((value) => value !== undefined, 'Expected a JSON value')

/** A small store for each tenant, which outlives its jobs: JSON values under keys, set one at a time, with a quota. */
export default defineTool({
  name: 'kv',
  description: 'a small store of the tenant\'s own, which outlives its jobs: get, set, delete, list, increment, compare and set, expiry',
  config: z.strictObject({
    /** Bytes of one value, as JSON in UTF-8. */
    maxValueBytes: z.int().min(1).max(524_288).default(65_536),
    /** Entries of a tenant. */
    maxEntries: z.int().min(1).max(10_000_000).default(10_000),
    /** Bytes of all keys and values of a tenant. */
    maxBytes: z.int().min(1).max(1_073_741_824).default(10_485_760),
    /** False for jobs that may only read. */
    writable: z.boolean().default(true),
  }),
  narrows: ['maxValueBytes', 'maxEntries', 'maxBytes', 'writable'],
  guest: new URL('./guest.js', import.meta.url),
  setup ({ maxValueBytes, writable, ...quota }) {
    function write<T> ({ run }: ToolContext, act: (kv: KvService) => Promise<T>): Promise<T> {
      if (!writable) throw new ToolError('Cannot write: kv is not writable for this job (writable of tool kv is false)', { code: 'PERMISSION_DENIED' })
      return tell(run, act)
    }

    function buildChange (key: string, value: unknown, ttlMs = 0): KvChange {
      const text = JSON.stringify(value)
      const bytes = Buffer.byteLength(text)
      if (bytes > maxValueBytes) throw new ToolError(`Cannot set ${JSON.stringify(key)}: its value has ${bytes} bytes as JSON, allowed are ${maxValueBytes} (maxValueBytes of tool kv)`)
      return { key, value: text, ttlMs, ...quota }
    }

    return {
      get: defineMethod({
        input: z.strictObject({ key: Key }),
        output: z.string().nullable(),
        run: ({ key }, { run }) => tell(run, async (kv) => await kv.get(run.tenant, key) ?? null),
      }),
      list: defineMethod({
        input: z.strictObject({ prefix: Text.default(''), cursor: Text.optional(), limit: z.int().min(1).max(PAGE_MAX).default(100) }),
        output: z.object({ keys: z.array(z.string()), cursor: z.string().nullable() }),
        run: ({ prefix, cursor, limit }, { run }) => tell(run, (kv) => kv.list(run.tenant, { prefix, cursor, limit })),
      }),
      set: defineMethod({
        input: z.strictObject({ key: Key, value: Value, ttlMs: Ttl }),
        output: z.null(),
        effect: 'outside',
        run: ({ key, value, ttlMs }, context) => write(context, async (kv) => {
          await kv.set(context.run, buildChange(key, value, ttlMs))
          return null
        }),
      }),
      compareAndSet: defineMethod({
        input: z.strictObject({ key: Key, expected: z.unknown().optional(), value: Value, ttlMs: Ttl }),
        output: z.boolean(),
        effect: 'outside',
        run: ({ key, expected, value, ttlMs }, context) => write(context, (kv) => compareAndSet(kv, context, buildChange(key, value, ttlMs), expected)),
      }),
      increment: defineMethod({
        input: z.strictObject({ key: Key, by: z.int().default(1) }),
        output: z.number(),
        effect: 'outside',
        run: ({ key, by }, context) => write(context, (kv) => kv.increment(context.run, { key, by, ...quota })),
      }),
      delete: defineMethod({
        input: z.strictObject({ key: Key }),
        output: z.boolean(),
        effect: 'outside',
        run: ({ key }, context) => write(context, (kv) => kv.delete(context.run, key)),
      }),
    }
  },
})

/** The store compares texts, and one value has many: one that says the same in another way is what is expected as well, as long as nobody sets it meanwhile. */
async function compareAndSet (kv: KvService, { run, signal }: ToolContext, change: KvChange, expected: unknown): Promise<boolean> {
  let text = expected === undefined ? undefined : JSON.stringify(expected)
  for (;;) {
    const answer = await kv.compareAndSet(run, change, text)
    if (answer.isSet) return true
    const { current } = answer
    if (current === undefined || expected === undefined || !isSame(change.key, JSON.parse(current), expected)) return false
    signal.throwIfAborted()
    text = current
  }
}

/** What can be kept nests more deeply than this process can compare. */
function isSame (key: string, current: unknown, expected: unknown): boolean {
  try {
    return isDeepStrictEqual(current, expected)
  } catch (error) {
    throw new ToolError(`Cannot set ${JSON.stringify(key)}: its value, or the one expected, is nested too deeply to be compared`, { cause: error })
  }
}

/** User code may know what the store says. */
async function tell<T> ({ services }: ToolRun, act: (kv: KvService) => Promise<T>): Promise<T> {
  if (!services.kv) throw new ToolError('Cannot use kv: the engine was started without a store')
  try {
    return await act(services.kv)
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    throw new ToolError(error.message, { cause: error })
  }
}
