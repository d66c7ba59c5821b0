import { setTimeout as delay } from 'node:timers/promises'
import type { Dispatcher } from '../queue/dispatcher.ts'
import type { Db } from '../store/db.ts'
import { stepSweep, type Pace } from '../store/dead-letters/step.ts'
import { stepErasure } from '../store/erasure/step.ts'

/** How often it looks for orders while there are none. */
const LOOK_EVERY_MS = 500
/** Between two steps, so that orders leave room for everything else. */
const REST_MS = 10

export interface Sweeper {
  close (): Promise<void>
}

/**
 * Carries out orders: to replay or purge dead letters, and to erase tenants. Every worker has one; the pace of replays is kept by the store, so that more workers are no faster.
 */
export function createSweeper ({ db, dispatcher, pace, eraseQuietMs, whenTrusted, onError }: {
  db: Db
  dispatcher: Pick<Dispatcher, 'dispatch' | 'discard' | 'forgetEvents'>
  pace: Pace
  /** How long the name of an erased tenant is refused after its keys were revoked. */
  eraseQuietMs: number
  whenTrusted (): Promise<void>
  onError (error: unknown): void
}): Sweeper {
  const closing = new AbortController()
  const { signal } = closing

  async function sweep (): Promise<boolean> {
    const deals = await stepSweep(db, pace)
    await dispatcher.dispatch(deals ?? [])
    return deals !== undefined
  }

  async function erase (): Promise<boolean> {
    const erased = await stepErasure(db, eraseQuietMs)
    if (!erased) return false
    for (const turn of erased.turns) await dispatcher.discard(turn)
    if (erased.isSwept) await dispatcher.forgetEvents()
    return true
  }

  async function look (): Promise<boolean> {
    await whenTrusted()
    // One that fails keeps nothing from the other.
    const looks = await Promise.all([sweep(), erase()].map((each) => each.catch((error: unknown) => { onError(error) })))
    return looks.includes(true)
  }

  async function work (): Promise<void> {
    while (!signal.aborted) {
      const isMore = await look().catch((error: unknown) => { onError(error) })
      await delay(isMore ? REST_MS : LOOK_EVERY_MS, undefined, { signal }).catch(() => {})
    }
  }

  const working = work()
  return {
    async close () {
      closing.abort()
      await working
    },
  }
}
