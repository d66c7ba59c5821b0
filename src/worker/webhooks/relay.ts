import type { WebhookDispatcher } from '../../queue/webhook-dispatcher.ts'
import type { Db } from '../../store/db.ts'
import { stepWebhooks } from '../../store/webhooks/tries.ts'

/** How often it looks when it knows of nothing that is due before. */
const EVERY_MS = 250
/** Things of a kind that are dealt with in one go. */
const STEP = 100

export interface WebhookRelay {
  /** Has it look at once: there is something to deliver. */
  wake (): void
  close (): Promise<void>
}

/**
 * Deals deliveries that are due, and gives their messages to the queue. Every worker has one; each message is given by one of them, and soon again where that one did not come to it. It is
 * woken by whoever owes a delivery, and looks by itself for those whose time comes.
 */
export function createWebhookRelay ({ db, dispatcher, whenTrusted, onError }: {
  db: Db
  dispatcher: Pick<WebhookDispatcher, 'dispatch'>
  whenTrusted (): Promise<void>
  onError (error: unknown): void
}): WebhookRelay {
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let isWoken = false
  let looking: Promise<void> | undefined

  async function look (): Promise<void> {
    await whenTrusted()
    do {
      isWoken = false
      const { came, nextMs = EVERY_MS, deals } = await stepWebhooks(db, STEP)
      await dispatcher.dispatch(deals)
      plan(Math.min(nextMs, EVERY_MS))
      if (came >= STEP) isWoken = true
    } while (isWoken && !closed)
  }

  function plan (ms: number): void {
    clearTimeout(timer)
    if (!closed) timer = setTimeout(wake, ms)
  }

  function wake (): void {
    isWoken = true
    if (closed || looking) return
    looking = look().catch((error: unknown) => {
      onError(error)
      plan(EVERY_MS)
    }).finally(() => { looking = undefined })
  }

  plan(0)
  return {
    wake,
    async close () {
      closed = true
      clearTimeout(timer)
      await looking
    },
  }
}
