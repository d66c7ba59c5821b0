import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'undici'
import type { Priority } from '../src/core/job-request.ts'
import type { JobStatus } from '../src/core/status.ts'
import type { BenchService } from './service.ts'

/** A job that does nothing: what it costs is the service. */
export const NO_OP = 'export default (input) => input\n'
const POSTS_AT_ONCE = 16
const POLL_MS = 5
const STALLED_MS = 60_000
const TENANT = 'default'
const ENDED_BADLY = ['failed', 'cancelled', 'expired', 'dead'] as const satisfies JobStatus[]

/** Posts jobs over connections that are kept open. */
export interface JobClient {
  /** Posts one no-op; with a wait, the answer comes when it has ended. Throws an Error for any other answer than that. */
  post (waitSeconds?: number): Promise<void>
  /** Posts that many no-ops, several at a time, and resolves when all have ended. Answers the milliseconds it took. */
  runMany (count: number): Promise<number>
  close (): Promise<void>
}

/** Opens the connections; the caller closes them. */
export function createJobClient ({ url, key, db }: BenchService, options: { priority?: Priority } = {}): JobClient {
  const pool = new Pool(url, { connections: POSTS_AT_ONCE })
  const body = JSON.stringify({ code: NO_OP, input: 1, ...options })
  const headers = { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' }

  async function post (waitSeconds?: number): Promise<void> {
    const answer = await pool.request({
      path: '/v1/jobs', method: 'POST', body,
      headers: waitSeconds === undefined ? headers : { ...headers, prefer: `wait=${waitSeconds}` },
    })
    const expected = waitSeconds === undefined ? 202 : 200
    if (answer.statusCode !== expected) throw new Error(`Cannot post job: the answer was ${answer.statusCode} ${await answer.body.text()}`)
    await answer.body.dump()
  }

  const count = (status: JobStatus) => db.redis.zcard(db.keys.jobs(TENANT, status))

  /** The counts of an index are the cheapest way to see jobs end. */
  async function waitUntilEnded (total: number): Promise<void> {
    let last = { ended: 0, at: performance.now() }
    for (;;) {
      const ended = await count('succeeded')
      if (ended >= total) return
      if (ended > last.ended) last = { ended, at: performance.now() }
      if (performance.now() - last.at > STALLED_MS) throw new Error(`Cannot finish: ${ended} of ${total} jobs ended, none in the last minute`)
      const bad = await Promise.all(ENDED_BADLY.map(count))
      if (bad.some((jobs) => jobs > 0)) throw new Error(`Cannot use measurement: jobs ended as ${ENDED_BADLY.filter((_, i) => bad[i]).join(' and ')}`)
      await wait(POLL_MS)
    }
  }

  return {
    post,
    async runMany (jobs) {
      const total = await count('succeeded') + jobs
      const started = performance.now()
      let left = jobs
      const posting = Array.from({ length: POSTS_AT_ONCE }, async () => { while (left-- > 0) await post() })
      await Promise.all([...posting, waitUntilEnded(total)])
      return performance.now() - started
    },
    close: () => pool.close(),
  }
}

/** Waits until everything that ended is archived, and what was written about it has settled. */
export async function waitUntilArchived ({ db }: BenchService): Promise<void> {
  const SETTLE_MS = 1000
  while (await db.redis.zcard(db.keys.owedArchive) > 0) await wait(POLL_MS)
  await wait(SETTLE_MS) // traces are written after the end of a job, and nothing tells
}
