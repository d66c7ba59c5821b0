import type { Redis } from 'ioredis'
import { quit, type Db } from './db.ts'

const MARK_SECONDS = 60
/** On top of what Redis itself waits. */
const ANSWER_MS = 2000

export interface DurabilityOptions {
  /** Replicas that must have a write before it is acknowledged. */
  replicas: number
  /** Whether Redis must have brought it to its disk, too; needs Redis 7.2. */
  fsync: boolean
  /** How long to wait for them. */
  timeoutMs: number
  onError (error: Error): void
}

/** Says when writes are as safe as the operator wants them before a client is told of them. */
export interface Durability {
  /** Resolves when what was written before the call is where it has to be. Rejects when that is not known in time. */
  confirm (): Promise<void>
  close (): Promise<void>
}

/**
 * Waits by WAIT or WAITAOF on a connection of its own, since both hold up every other command of theirs. They look at the last write of
 * their own connection, so one is made first: whatever was answered before it lies before it in the order of replication. Callers that
 * come while one round waits share the next.
 */
export function createDurability (db: Db, { replicas, fsync, timeoutMs, onError }: DurabilityOptions): Durability {
  if (replicas === 0 && !fsync) return { async confirm () {}, async close () {} }
  const redis: Redis = db.redis.duplicate({ enableOfflineQueue: true, commandTimeout: timeoutMs + ANSWER_MS })
  redis.on('error', onError)
  let current: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined

  async function runRound (): Promise<void> {
    const mark = redis.set(`${db.keys.prefix}:ack`, '1', 'EX', MARK_SECONDS)
    mark.catch(() => {}) // the wait below fails as well
    if (!fsync) return expect('replicas', replicas, await redis.wait(replicas, timeoutMs))
    const [disks = 0, others = 0] = await redis.call('WAITAOF', 1, replicas, timeoutMs) as number[] // its two counts
    expect('disk', 1, disks)
    expect('disks of replicas', replicas, others)
  }

  function expect (what: string, wanted: number, seen: number): void {
    if (seen < wanted) throw new Error(`Cannot confirm the write: ${seen} of ${wanted} ${what} had it within ${timeoutMs} ms`)
  }

  return {
    confirm () {
      next ??= current.catch(() => {}).then(() => {
        next = undefined
        return current = runRound()
      })
      return next
    },
    close: () => quit(redis),
  }
}
