import type { Dispatcher } from '../queue/dispatcher.ts'
import type { Db } from '../store/db.ts'
import { releaseDue } from '../store/reap.ts'

/** How often it looks when it knows of nothing that is due before. */
const EVERY_MS = 250
/** Turns released in one go. */
const STEP = 100

export interface Releaser {
  /** Has it look in that time at the latest: somebody knows of a turn that is due then. */
  wakeIn (ms: number): void
  close (): Promise<void>
}

/**
 * Sends the messages of jobs whose delay or backoff is over, and of others that found no room when they came. Every worker has one; each message is sent by one of them. Redis's clock alone says
 * what is due, and a timer here only when to ask: neither runs by the clock of the worker.
 */
export function createReleaser ({ db, dispatcher, whenTrusted, onError }: {
  db: Db
  dispatcher: Pick<Dispatcher, 'dispatch'>
  whenTrusted (): Promise<void>
  onError (error: unknown): void
}): Releaser {
  let timer: NodeJS.Timeout | undefined
  let wakeAt = Number.POSITIVE_INFINITY
  let closed = false
  let looking: Promise<void> | undefined

  async function look (): Promise<void> {
    await whenTrusted()
    const { released, nextMs = EVERY_MS, deals } = await releaseDue(db, STEP)
    plan(released === STEP ? 0 : Math.min(nextMs, EVERY_MS))
    await dispatcher.dispatch(deals)
  }

  function plan (ms: number): void {
    const at = performance.now() + ms
    if (closed || at >= wakeAt) return
    wakeAt = at
    clearTimeout(timer)
    timer = setTimeout(wake, ms)
  }

  function wake (): void {
    wakeAt = Number.POSITIVE_INFINITY
    looking ??= look().catch(onError).finally(() => {
      looking = undefined
      plan(EVERY_MS) // unless there is an earlier plan
    })
  }

  plan(0)
  return {
    wakeIn: plan,
    async close () {
      closed = true
      clearTimeout(timer)
      await looking
    },
  }
}
