import type { JobView } from '../src/core/job.ts'
import type { BenchService } from './service.ts'

const WAIT_S = 60
/** Uses a processor for long enough to be found by it, says that it runs, and never ends by itself. */
const ENDLESS = { code: 'export default () => { for (const until = Date.now() + 100; Date.now() < until;); console.log("runs"); return new Promise(() => {}) }', limits: { timeoutMs: 600_000 } }

interface Event {
  type: string
  payload: Record<string, unknown>
}

/** A job whose events are read as they come. */
export interface FollowedJob {
  id: string
  /** Resolves with the next event of that type. */
  waitFor (type: string): Promise<Event>
  read (): Promise<JobView>
  /** The last checkpoint; undefined before the first. */
  checkpoint (): Promise<{ number: number, run: number } | undefined>
  cancel (): Promise<void>
}

/** Posts a job that goes on until it is cancelled. Throws as `postJob` does. */
export function postEndless (service: BenchService): Promise<FollowedJob> {
  return postJob(service, ENDLESS)
}

/** Posts a job. Throws an Error for any answer that is not the one expected. */
export async function postJob ({ url, key }: BenchService, job: Readonly<Record<string, unknown>>): Promise<FollowedJob> {
  const ask = async (method: string, path: string, body?: string): Promise<unknown> => {
    const headers = { 'authorization': `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
    const answer = await fetch(new URL(path, url), { method, headers, ...(body === undefined ? {} : { body }) })
    if (!answer.ok) throw new Error(`Cannot use measurement: ${method} ${path} answered ${answer.status} ${await answer.text()}`)
    return await answer.json()
  }
  const { id } = await ask('POST', '/v1/jobs', JSON.stringify(job)) as JobView // the service's own answers, here and below
  let cursor: string | null = '0'
  return {
    id,
    async waitFor (type) {
      while (cursor !== null) {
        const page = await ask('GET', `/v1/jobs/${id}/events?after=${cursor}&wait=${WAIT_S}&limit=1`) as { data: Event[], nextCursor: string | null }
        cursor = page.nextCursor
        const found = page.data.find((event) => event.type === type)
        if (found) return found
      }
      throw new Error(`Cannot use measurement: job ${id} ended without "${type}"`)
    },
    read: async () => await ask('GET', `/v1/jobs/${id}`) as JobView,
    async checkpoint () {
      const answer = await fetch(new URL(`/v1/jobs/${id}/checkpoint`, url), { headers: { authorization: `Bearer ${key}` } })
      return answer.ok ? await answer.json() as { number: number, run: number } : undefined
    },
    cancel: async () => { await ask('POST', `/v1/jobs/${id}/cancel`) },
  }
}
