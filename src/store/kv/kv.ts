import { JobError } from '../../core/failures.ts'
import type { KvChange, KvQuota, KvService, KvWriter } from '../../core/kv.ts'
import type { Db } from '../db.ts'
import { readNumber, readText } from '../moves/reply.ts'
import { isPassing, loadMove, NO_JOB, runMove, type Reply, type Script } from '../script.ts'

const SHARED = new URL('kv.lua', import.meta.url)
const [GET, LIST, SET, INCREMENT, DELETE, PURGE] = ['get', 'list', 'set', 'increment', 'delete', 'purge']
  .map((name) => loadMove(new URL(`${name}.lua`, import.meta.url), SHARED)) as [Script, Script, Script, Script, Script, Script] // as many as there are names

/** Greater than any byte of UTF-8, so that it ends whatever begins with a text. */
const AFTER_UTF8 = Buffer.of(0xff)

/**
 * Builds the store of entries. Every call is one script, by Redis's clock; entries are fields of a hash for each tenant, so that their keys are in the name of no key.
 * Writes go by a connection that sends nothing twice (`once`): an increment that was done is not done again.
 */
export function buildKv (db: Db, once: Db): KvService {
  async function write (action: string, script: Script, { tenant, jobId, fence }: KvWriter, args: readonly (string | number)[], quota?: KvQuota): Promise<Reply> {
    for (;;) {
      const all = [tenant, fence, ...args, ...(quota ? [quota.maxEntries, quota.maxBytes] : [])]
      const reply = await runMove(once, script, jobId, all).catch((error: unknown) => { throw explainLoss(action, error) })
      const type = readText(reply, 0)
      if (type === 'fenced') throw new JobError('UNAVAILABLE', `${action}: this run has lost its job`)
      if (type === 'full') throw describeFull(action, quota, readText(reply, 1), readNumber(reply, 2))
      if (type !== 'again') return reply
    }
  }

  function swap (writer: KvWriter, { key, value, ttlMs, ...quota }: KvChange, condition: string, expected: string): Promise<Reply> {
    return write(`Cannot set ${JSON.stringify(key)}`, SET, writer, [key, value, ttlMs, condition, expected], quota)
  }

  return {
    async get (tenant, key) {
      const value = await runMove(db, GET, NO_JOB, [tenant, key])
      return value === null ? undefined : String(value)
    },

    async set (writer, change) {
      await swap(writer, change, 'always', '')
    },

    async compareAndSet (writer, change, expected) {
      const reply = await swap(writer, change, expected === undefined ? 'missing' : 'equal', expected ?? '')
      if (readText(reply, 0) === 'done') return { isSet: true }
      return { isSet: false, current: Array.isArray(reply) && reply[1] !== null ? readText(reply, 1) : undefined }
    },

    async increment (writer, { key, by, ...quota }) {
      const action = `Cannot increment ${JSON.stringify(key)}`
      const reply = await write(action, INCREMENT, writer, [key, by], quota)
      switch (readText(reply, 0)) {
        case 'no integer': throw new JobError('INVALID', `${action}: its value is no integer`)
        case 'too large': throw new JobError('INVALID', `${action}: the sum is beyond the integers that a number holds exactly`)
        default: return readNumber(reply, 1)
      }
    },

    async delete (writer, key) {
      return readNumber(await write(`Cannot delete ${JSON.stringify(key)}`, DELETE, writer, [key]), 1) === 1
    },

    async list (tenant, { prefix, cursor, limit }) {
      const [start, after] = [Buffer.from(prefix), Buffer.from(cursor ?? '')]
      const from = Buffer.compare(after, start) < 0 ? `[${prefix}` : `(${cursor ?? ''}`
      const to = Buffer.concat([Buffer.from(`(${prefix}`), AFTER_UTF8])
      const reply = await runMove(db, LIST, NO_JOB, [tenant, from, to, limit])
      const [last, keys] = Array.isArray(reply) ? reply : []
      return { keys: Array.isArray(keys) ? keys.map(String) : [], cursor: last ? String(last) : null }
    },
  }
}

/** Removes expired entries of any tenant, at most about so many. Answers how many. */
export async function removeExpiredEntries (db: Db, limit: number): Promise<number> {
  let removed = 0
  while (removed < limit) {
    const purged = Number(await runMove(db, PURGE, NO_JOB, [limit - removed]))
    if (purged < 0) break
    removed += purged
  }
  return removed
}

/** Redis may say that it did nothing; otherwise nobody knows. */
function explainLoss (action: string, error: unknown): unknown {
  if (!isPassing(error)) return error
  if (error instanceof Error && error.name === 'ReplyError') return new JobError('UNAVAILABLE', `${action}: Redis takes no writes for now`, { cause: error })
  return new JobError('UNAVAILABLE', `${action}: Redis went away before it answered, so it may have been done; read the entry to find out`, { cause: error })
}

function describeFull (action: string, quota: KvQuota | undefined, bound: string, observed: number): JobError {
  const [limit, what] = bound === 'maxEntries' ? [quota?.maxEntries, 'entries'] : [quota?.maxBytes, 'bytes of keys and values']
  return new JobError('RATE_LIMITED', `${action}: the tenant keeps ${observed} ${what}, and the quota (${bound} of tool kv) is ${limit}; delete some, or set them with a ttlMs`)
}
