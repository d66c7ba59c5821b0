import { JobError } from '../../core/failures.ts'
import type { KvChange, KvQuota, KvService, KvWriter } from '../../core/kv.ts'
import { readKeyId } from '../cipher.ts'
import type { Db } from '../db.ts'
import { readBytes, readNumber, readText } from '../moves/reply.ts'
import { isPassing, loadMove, NO_JOB, runMove, type Reply, type Script } from '../script.ts'
import { packSealed, placeOf, unpackSealed } from '../sealing.ts'

const SHARED = new URL('kv.lua', import.meta.url)
const [GET, LIST, SET, INCREMENT, DELETE, PURGE] = ['get', 'list', 'set', 'increment', 'delete', 'purge']
  .map((name) => loadMove(new URL(`${name}.lua`, import.meta.url), SHARED)) as [Script, Script, Script, Script, Script, Script] // as many as there are names

/** Greater than any byte of UTF-8, so that it ends whatever begins with a text. */
const AFTER_UTF8 = Buffer.of(0xff)
const INTEGER = /^-?\d+$/
/** Instead of a time to live: the entry expires when it would have. */
const KEEP_TIME = -1

/** Of a write that was made only if the value was the expected one: where it was not, with what was there instead. */
type Swapped = { isDone: true } | { isDone: false, current: Buffer | undefined }

/**
 * Builds the store of entries. Every call is one script, by Redis's clock; entries are fields of a hash for each tenant, so that their keys are in the name of no key.
 * Writes go by a connection that sends nothing twice (`once`): an increment that was done is not done again. Values are encrypted where there is a key; a script cannot read those, so
 * what depends on a value is written on the condition that it is still there, byte for byte, and otherwise tried again.
 */
export function buildKv (db: Db, once: Db): KvService {
  const isPlain = db.cipher.keyIds.length === 0
  const inTurn = createTurns()

  async function write (action: string, script: Script, { tenant, jobId, fence }: KvWriter, args: readonly (string | number | Buffer)[], quota?: KvQuota): Promise<Reply> {
    for (;;) {
      const all = [tenant, fence, ...args, ...(quota ? [quota.maxEntries, quota.maxBytes] : [])]
      const reply = await runMove(once, script, jobId, all).catch((error: unknown) => { throw explainLoss(action, error) })
      const type = readText(reply, 0)
      if (type === 'fenced') throw new JobError('UNAVAILABLE', `${action}: this run has lost its job`)
      if (type === 'full') throw describeFull(action, quota, readText(reply, 1), readNumber(reply, 2))
      if (type !== 'again') return reply
    }
  }

  async function swap (action: string, writer: KvWriter, { key, value, ttlMs, ...quota }: KvChange, condition: 'always' | { is: Buffer | undefined }): Promise<Swapped> {
    const stored = await seal(writer.tenant, key, value)
    const [what, expected] = condition === 'always' ? [condition, ''] : condition.is === undefined ? ['missing', ''] : ['equal', condition.is]
    const reply = await write(action, SET, writer, [key, stored, ttlMs, what, expected], quota)
    if (readText(reply, 0) === 'done') return { isDone: true }
    return { isDone: false, current: Array.isArray(reply) && reply[1] !== null ? readBytes(reply, 1) : undefined }
  }

  /** Without a key, what is stored is the value as it stands. */
  async function seal (tenant: string, key: string, value: string): Promise<Buffer> {
    return isPlain ? Buffer.from(value) : packSealed(db, value, placeOf('kv', tenant, key))
  }

  async function open (tenant: string, key: string, stored: Buffer): Promise<string> {
    return (readKeyId(stored) === undefined ? stored : await unpackSealed(db, stored, placeOf('kv', tenant, key))).toString()
  }

  async function incrementSealed (action: string, writer: KvWriter, { key, by, ...quota }: KvQuota & { key: string, by: number }): Promise<number> {
    for (let stored = await find(writer.tenant, key); ;) {
      const old = stored === undefined ? '0' : await open(writer.tenant, key, stored)
      if (!INTEGER.test(old) || !Number.isSafeInteger(Number(old))) throw new JobError('INVALID', `${action}: its value is no integer`)
      const sum = Number(old) + by
      if (!Number.isSafeInteger(sum)) throw new JobError('INVALID', `${action}: the sum is beyond the integers that a number holds exactly`)
      const swapped = await swap(action, writer, { key, value: String(sum), ttlMs: KEEP_TIME, ...quota }, { is: stored })
      if (swapped.isDone) return sum
      stored = swapped.current
    }
  }

  async function find (tenant: string, key: string): Promise<Buffer | undefined> {
    const stored = await runMove(db, GET, NO_JOB, [tenant, key])
    return Buffer.isBuffer(stored) ? stored : undefined
  }

  return {
    async get (tenant, key) {
      const stored = await find(tenant, key)
      return stored && open(tenant, key, stored)
    },

    async set (writer, change) {
      await swap(`Cannot set ${JSON.stringify(change.key)}`, writer, change, 'always')
    },

    async compareAndSet (writer, change, expected) {
      const { key } = change
      // Of what is not encrypted it is known beforehand how it is stored.
      for (let stored = isPlain ? expected === undefined ? undefined : Buffer.from(expected) : await find(writer.tenant, key); ;) {
        const current = stored && await open(writer.tenant, key, stored)
        if (current !== expected) return { isSet: false, current }
        const swapped = await swap(`Cannot set ${JSON.stringify(key)}`, writer, change, { is: stored })
        if (swapped.isDone) return { isSet: true }
        stored = swapped.current
      }
    },

    async increment (writer, { key, by, ...quota }) {
      const action = `Cannot increment ${JSON.stringify(key)}`
      // Those of one process follow one another, so that they do not keep each other from it.
      if (!isPlain) return inTurn(`${writer.tenant} ${key}`, () => incrementSealed(action, writer, { key, by, ...quota }))
      const reply = await write(action, INCREMENT, writer, [key, by], quota)
      switch (readText(reply, 0)) {
        case 'no integer':
          await this.get(writer.tenant, key) // throws for one that only a key can read
          throw new JobError('INVALID', `${action}: its value is no integer`)
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

/** Has what is done under one name follow one another. */
function createTurns (): <T>(name: string, act: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return (name, act) => {
    const done = (last.get(name) ?? Promise.resolve()).then(act)
    const settled = done.catch(() => {}).then(() => { if (last.get(name) === settled) last.delete(name) }) // whoever called hears of it
    last.set(name, settled)
    return done
  }
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
