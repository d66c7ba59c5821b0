import { setTimeout as delay } from 'node:timers/promises'
import type { Dispatcher } from '../queue/dispatcher.ts'
import type { Db } from '../store/db.ts'
import { stepSweep, type Pace } from '../store/dead-letters/step.ts'

/** How often it looks for orders while there are none. */
const LOOK_EVERY_MS = 500
/** Between two steps, so that orders leave room for everything else. */
const REST_MS = 10

export interface Sweeper {
  close (): Promise<void>
}

/**
 * Carries out orders to replay or purge dead letters. Every worker has one; the pace is kept by the store, so that more workers are no faster.
 */
export function createSweeper ({ db, dispatcher, pace, whenTrusted, onError }: {
  db: Db
  dispatcher: Pick<Dispatcher, 'dispatch'>
  pace: Pace
  whenTrusted (): Promise<void>
  onError (error: unknown): void
}): Sweeper {
  const closing = new AbortController()
  const { signal } = closing

  async function look (): Promise<boolean> {
    await whenTrusted()
    const deals = await stepSweep(db, pace)
    await dispatcher.dispatch(deals ?? [])
    return deals !== undefined
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
