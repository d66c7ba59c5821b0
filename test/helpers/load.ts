import assert from 'node:assert/strict'
import type { JobView } from '../../src/core/job.ts'
import { isTerminal, JobStatus } from '../../src/core/status.ts'
import type { Client, Event } from './client.ts'

const POSTING_AT_ONCE = 20
const TERMINAL_EVENTS = new Set(JobStatus.options.filter(isTerminal).map((status) => `job.${status}`))

export interface Load {
  /** In the order of their numbers, as far as they were accepted. */
  ids: string[]
  /** Jobs that have ended so far. */
  readonly ended: number
  /** Resolves when that many have ended. */
  reach (count: number): Promise<void>
  /** Resolves with all jobs once each has ended. */
  done: Promise<JobView[]>
}

/** Posts that many jobs, numbered from 0, some at a time, and follows each to its end. */
export function startLoad (client: Client, count: number, build: (index: number) => Record<string, unknown>): Load {
  const ids: string[] = []
  const marks: { count: number, resolve: () => void }[] = []
  const ends: Promise<JobView>[] = []
  let next = 0
  let ended = 0

  async function follow (id: string): Promise<JobView> {
    const job = await client.end(id)
    ended += 1
    for (const mark of marks) if (ended >= mark.count) mark.resolve()
    return job
  }

  async function post (): Promise<void> {
    while (next < count) {
      const index = next
      next += 1
      const { id } = await client.post(build(index))
      ids[index] = id
      ends[index] = follow(id)
    }
  }

  const done = Promise.all(Array.from({ length: POSTING_AT_ONCE }, post)).then(() => Promise.all(ends))
  done.catch(() => {}) // whoever awaits it is told
  return {
    ids,
    done,
    get ended () { return ended },
    reach: async (mark) => {
      const reached = new Promise<void>((resolve) => {
        if (ended >= mark) resolve()
        else marks.push({ count: mark, resolve })
      })
      await Promise.race([reached, done]) // rejects where posting fails
    },
  }
}

/** The events of a job whose numbers must have no gap, and of which exactly the last must be terminal. */
export async function wholeHistory (client: Client, id: string): Promise<Event[]> {
  const events = await client.events(id)
  assert.deepEqual(events.map(({ sequence }) => sequence), events.map((_, index) => index + 1), id)
  const terminal = events.filter(({ type }) => TERMINAL_EVENTS.has(type))
  assert.deepEqual(terminal, events.slice(-1), id)
  return events
}
