import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'undici'
import { readProcessCpuMs } from '../../src/engine/proc.ts'
import { createJobClient } from '../jobs.ts'
import type { Row } from '../row.ts'
import { startService } from '../service.ts'
import { median } from '../statistics.ts'

const ROUNDS = 20
/** Longer than a collection is shared: each scrape has one of its own. */
const REST_MS = 1100
/** A thousandth of a processor, where Prometheus asks every 15 s as in ops/prometheus. */
const CPU_MS = 15
/** So that most series are there. */
const JOBS = 200

/** What Prometheus costs the API that it scrapes. */
export const metrics: Row = {
  id: 'm',
  title: 'Cost of a /metrics scrape',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const service = await startService(bench, closing)
    const client = createJobClient(service)
    closing.defer(() => client.close())
    await client.runMany(JOBS)
    const pool = new Pool(service.url, { connections: 1 })
    closing.defer(() => pool.close())
    const get = async (path: string) => {
      const startedAt = performance.now()
      const { statusCode, body } = await pool.request({ path, method: 'GET', headers: { authorization: `Bearer ${service.key}` } })
      const { length } = Buffer.from(await body.arrayBuffer())
      if (statusCode !== 200) throw new Error(`Cannot use measurement: the answer was ${statusCode}`)
      return { tookMs: performance.now() - startedAt, bytes: length }
    }
    const cpu = () => readProcessCpuMs(service.pids.api)

    await get('/metrics') // loads what writes them
    const before = cpu()
    for (let round = 0; round < ROUNDS; round += 1) await wait(REST_MS)
    const idle = cpu() - before
    const [scrapes, health]: [number[], number[]] = [[], []]
    const scraping = cpu()
    for (let round = 0; round < ROUNDS; round += 1) {
      await wait(REST_MS)
      scrapes.push((await get('/metrics')).tookMs)
      health.push((await get('/healthz')).tookMs)
    }
    const spent = cpu() - scraping - idle
    return [
      { name: 'scrape ÷ the GET /healthz right after it', value: median(scrapes) / median(health), unit: 'ratio' },
      { name: 'a scrape, p50', value: median(scrapes), unit: 'ms' },
      { name: 'CPU of the API for a scrape and a GET /healthz', value: Math.max(0, spent) / ROUNDS, unit: 'ms', target: { type: 'at most', value: CPU_MS } },
      { name: 'a scrape', value: (await get('/metrics')).bytes, unit: 'bytes' },
    ]
  },
}
