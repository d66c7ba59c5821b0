import type { TestContext } from 'node:test'
import type { Topic } from '../../src/core/topic.ts'
import type { Db } from '../../src/store/db.ts'
import { createFeed, type Feed, type FeedReader } from '../../src/store/feed/feed.ts'
import type { TagLogBounds } from '../../src/store/feed/tag-log.ts'
import { createSubscriber } from '../../src/store/subscriber.ts'

export const NEVER = new AbortController().signal
/** Looks without waiting. */
export const NOW = AbortSignal.abort()

/** Creates the feed of a process; it ends with the test. */
export function startFeed (t: TestContext, db: Db, tagLogs: Partial<TagLogBounds> = {}): Feed {
  const subscriber = createSubscriber(db, { onError: (error) => t.diagnostic(error.message) })
  const feed = createFeed(db, { subscriber, tagLogs: { keepMs: 60_000, events: 100, perTenant: 3, ...tagLogs } })
  t.after(() => {
    feed.close()
    return subscriber.close()
  })
  return feed
}

export const jobTopic = (id: string): Topic => ({ type: 'job', id })

/** Reads to the end of a topic; answers the cursors. */
export async function readAll (reader: FeedReader, limit = 100): Promise<number[]> {
  const cursors: number[] = []
  for (;;) {
    const { events, isOver } = await reader.next(limit, NEVER)
    for (const { cursor } of events) cursors.push(cursor)
    if (isOver) return cursors
  }
}

/** Channels that somebody listens to. */
export async function countChannels (db: Db): Promise<number> {
  return (await db.redis.pubsub('CHANNELS') as string[]).filter((name) => name.startsWith(db.keys.prefix)).length
}
