import type { Context, Subscription, Transport } from './transport.ts'
import { locateTopic, noteMissed } from './transport.ts'
import { toEvent } from './envelope.ts'
import type { Pool } from './pool.ts'

const WAIT_SECONDS = 25
const PAGE = 500

/** A page as the service answers it. */
interface Page {
  data: Record<string, unknown>[]
  /** Null once nothing will come any more. */
  nextCursor: string | null
  /** Events that were trimmed before they could be read. */
  missed?: number
}

/** Asks for one page of what comes after the subscription's cursor, waiting for so long when there is nothing. */
export function askPage ({ requester }: Context, { topic, cursor }: Subscription, wait: number, signal: AbortSignal): Promise<Page> {
  const { path, query } = locateTopic(topic)
  return requester.json<Page>({ path, query: { ...query, after: cursor ?? undefined, limit: PAGE, wait }, waitMs: wait * 1000, retries: 0, signal })
}

/** The long poll: works wherever a request does. A place of the pool is held for a request, not for the follower. */
export function createPoll (context: Context, pool: Pool): Transport {
  return {
    name: 'poll',
    async * read (subscription, signal) {
      let close: (() => void) | undefined
      try {
        // The first answer comes at once: it proves that the way works.
        for (let wait = 0; ; wait = WAIT_SECONDS) {
          const release = await pool.acquire(subscription.topic, signal)
          const startedAt = Date.now()
          const page = await askPage(context, subscription, wait, signal).finally(release)
          if (wait === 0) context.roundTrips.add(Date.now() - startedAt)
          close ??= context.opened('poll')
          subscription.found()
          const next = page.nextCursor === null ? null : Number(page.nextCursor)
          noteMissed(context, subscription, { count: page.missed ?? 0, cursor: next ?? 0 })
          for (const each of page.data) {
            const bytes = JSON.stringify(each).length
            context.received(bytes)
            const event = context.admit(toEvent(each), subscription.topic, bytes)
            if (event) yield event
          }
          if (next === null) return
          subscription.cursor = next
        }
      } finally {
        close?.()
      }
    },
    close () {},
  }
}
