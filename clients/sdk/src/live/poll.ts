import { ProtocolError } from '../errors.ts'
import type { Context, Subscription, Transport } from './transport.ts'
import { locateTopic, noteMissed } from './transport.ts'
import { toEvent } from './envelope.ts'
import { sleep } from '../http/retry.ts'
import type { Pool } from './pool.ts'

const WAIT_SECONDS = 25
const SOON_MS = 500
/** Events of a page: fewer after one that did not come whole, so that even a way that breaks all the time gets on. */
const PAGE_MAX = 500

/** A page as the service answers it. */
interface Page {
  data: Record<string, unknown>[]
  /** Null once nothing will come any more. */
  nextCursor: string | null
  /** Events that were trimmed before they could be read. */
  missed?: number
}

/** Asks for one page of what comes after the subscription's cursor, waiting for so long when there is nothing. */
export async function askPage ({ requester }: Context, subscription: Subscription, wait: number, signal: AbortSignal): Promise<Page> {
  const { topic, cursor, pageSize = PAGE_MAX } = subscription
  const { path, query } = locateTopic(topic)
  subscription.pageSize = Math.ceil(pageSize / 4)
  const page = await requester.json<Page>({ path, query: { ...query, after: cursor ?? undefined, limit: pageSize, wait }, waitMs: wait * 1000, retries: 0, signal })
  if (!Array.isArray(page?.data)) throw new ProtocolError(`Cannot follow "${topic}": what came is no page of events`)
  subscription.pageSize = Math.min(PAGE_MAX, pageSize * 2)
  return page
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
            yield context.receive(toEvent(each), bytes)
          }
          if (next === null) return
          subscription.cursor = next
          // What answers too soon that there is nothing is not to be asked all the time: a service that stops, a proxy that does not wait.
          if (page.data.length === 0 && wait > 0 && Date.now() - startedAt < SOON_MS) await sleep(SOON_MS, signal)
        }
      } finally {
        close?.()
      }
    },
  }
}
