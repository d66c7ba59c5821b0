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

/** Looks whether a write is there, by one command sent at once on the connection that it is given. */
export type Find = (redis: Redis) => Promise<boolean>

/** Says when writes are as safe as the operator wants them before a client is told of them. */
export interface Durability {
  /** Resolves when what `isThere` finds was written where it has to be. Rejects when it is not there, or that is not known in time. */
  confirm (isThere: Find): Promise<void>
  close (): Promise<void>
}

/** Callers that share one wait. */
interface Round {
  finds: Find[]
  done: Promise<Promise<boolean>[]>
}

/**
 * Waits by WAIT or WAITAOF on a connection of its own, since both hold up every other command of theirs. They look at the last write of
 * their own connection, so one is made first: what is there before it lies before it in the order of replication. That it is there has to be
 * asked of the same server: another one may have taken its place since the write was answered. Callers that come while one round
 * waits share the next.
 */
export function createDurability (db: Db, { replicas, fsync, timeoutMs, onError }: DurabilityOptions): Durability {
  if (replicas === 0 && !fsync) return { async confirm () {}, async close () {} }
  // Nothing is sent again after a break: the commands of a round are one server's.
  const redis: Redis = db.redis.duplicate({ enableOfflineQueue: true, maxRetriesPerRequest: 0, commandTimeout: timeoutMs + ANSWER_MS })
  redis.on('error', onError)
  let current: Promise<unknown> = Promise.resolve()
  let next: Round | undefined

  async function runRound (finds: readonly Find[]): Promise<Promise<boolean>[]> {
    const found = finds.map((find) => find(redis))
    const mark = redis.set(`${db.keys.prefix}:ack`, '1', 'EX', MARK_SECONDS)
    for (const each of [...found, mark]) each.catch(() => {}) // the wait below fails as well
    if (!fsync) expect('replicas', replicas, await redis.wait(replicas, timeoutMs))
    else {
      const [disks = 0, others = 0] = await redis.call('WAITAOF', 1, replicas, timeoutMs) as number[] // its two counts
      expect('disk', 1, disks)
      expect('disks of replicas', replicas, others)
    }
    return found
  }

  function expect (what: string, wanted: number, seen: number): void {
    if (seen < wanted) throw new Error(`Cannot confirm the write: ${seen} of ${wanted} ${what} had it within ${timeoutMs} ms`)
  }

  function planRound (): Round {
    const finds: Find[] = []
    const done = current.catch(() => {}).then(() => {
      next = undefined
      const round = runRound(finds)
      current = round
      return round
    })
    return { finds, done }
  }

  return {
    async confirm (isThere) {
      const round = next ??= planRound()
      const place = round.finds.push(isThere) - 1
      if (!await (await round.done)[place]) throw new Error('Cannot confirm the write: Redis has lost it')
    },
    close: () => quit(redis),
  }
}
