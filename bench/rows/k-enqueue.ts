import { Pool } from 'undici'
import { startBaseline } from '../baseline.ts'
import { NO_OP } from '../jobs.ts'
import { compareInRounds } from '../rounds.ts'
import type { Row } from '../row.ts'
import { startService } from '../service.ts'

const ROUNDS = 5
const POSTS = 1000
const AT_ONCE = 32
/** They are never run: only the way into the queue is measured. */
const BODY = JSON.stringify({ code: NO_OP, input: 1, delayMs: 3_600_000 })

/** What HTTP can take in, against the least that such a route could do. */
export const enqueue: Row = {
  id: 'k',
  title: 'POST /v1/jobs ÷ a Fastify route that only validates the same request',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const service = await startService(bench, closing)
    const route = startBaseline('validating-route.ts')
    closing.defer(() => route.close())
    const { url } = await route.ask({}) as { url: string } // what the baseline answers
    const [own, bare] = [createPoster(service.url, service.key, closing), createPoster(url, service.key, closing)]
    await own()
    await bare()
    const { ratio, subject, baseline } = await compareInRounds(ROUNDS, own, bare)
    return [
      { name: 'enqueue ÷ validate', value: ratio, unit: 'ratio' },
      { name: 'enqueued', value: subject, unit: 'per second' },
      { name: 'validated', value: baseline, unit: 'per second' },
    ]
  },
}

/** Answers a function that posts many and answers how many a second were accepted. */
function createPoster (url: string, key: string, closing: AsyncDisposableStack): () => Promise<number> {
  const pool = new Pool(url, { connections: AT_ONCE })
  closing.defer(() => pool.close())
  const headers = { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' }
  return async () => {
    const started = performance.now()
    let left = POSTS
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) {
        const { statusCode, body } = await pool.request({ path: '/v1/jobs', method: 'POST', headers, body: BODY })
        await body.dump()
        if (statusCode !== 202) throw new Error(`Cannot use measurement: the answer was ${statusCode}`)
      }
    }))
    return POSTS / ((performance.now() - started) / 1000)
  }
}
