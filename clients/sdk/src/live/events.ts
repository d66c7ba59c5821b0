import type { EventView } from '../api-types.ts'
import type { Requester } from '../http/requester.ts'
import type { FollowOptions, LiveOptions } from './options.ts'

const WAIT_SECONDS = 30

/** Follows what happens to jobs and batches. */
export interface Live {
  /** The events of a topic, `job:<id>` or `batch:<id>`, from the first one not seen; ends with the last one. */
  follow (topic: string, options?: FollowOptions): AsyncIterable<EventView>
  close (): Promise<void>
}

/** Opens nothing before it is used. */
export function openLive (requester: Requester, _options: LiveOptions): Live {
  return {
    async * follow (topic, { after = 0, signal } = {}) {
      const [, kind, id = ''] = /^(job|batch):(.+)$/.exec(topic) ?? []
      if (kind === undefined) throw new TypeError(`Cannot follow ${JSON.stringify(topic)}: expected job:<id> or batch:<id>`)
      const path = `v1/${kind === 'job' ? 'jobs' : 'batches'}/${encodeURIComponent(id)}/events`
      for (let cursor: string | null = String(after); cursor !== null;) {
        const page: { data: EventView[], nextCursor: string | null } = await requester.json({ path, query: { after: cursor, wait: WAIT_SECONDS }, waitMs: WAIT_SECONDS * 1000, signal })
        yield * page.data
        cursor = page.nextCursor
      }
    },
    async close () {},
  }
}
