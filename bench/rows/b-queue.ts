import { startBull } from '../bull.ts'
import { createJobClient } from '../jobs.ts'
import { compareInRounds } from '../rounds.ts'
import type { Row } from '../row.ts'
import { startService } from '../service.ts'

const ROUNDS = 3
const JOBS = 600
const BULL_JOBS = 5000
/** Code that has run a few hundred times only is still being optimised. */
const WARM_UP_JOBS = 1000

/** The whole service against a queue whose jobs do nothing. */
export const queue: Row = {
  id: 'b',
  title: 'No-op jobs through the whole service ÷ jobs of a bare BullMQ worker that do nothing',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const service = await startService(bench, closing)
    const client = createJobClient(service)
    closing.defer(() => client.close())
    const bull = await startBull(service.redisUrl, closing)
    await client.runMany(WARM_UP_JOBS)
    await bull.runMany(BULL_JOBS)

    const { ratio, subject, baseline } = await compareInRounds(ROUNDS, async () => {
      const perSecond = JOBS / (await client.runMany(JOBS) / 1000)
      bench.note(`  ${perSecond.toFixed(0)} jobs per second`)
      return perSecond
    }, async () => BULL_JOBS / (await bull.runMany(BULL_JOBS) / 1000))

    return [
      { name: 'sandboxed jobs ÷ bare BullMQ jobs', value: ratio, unit: 'ratio' },
      { name: 'sandboxed jobs', value: subject, unit: 'per second' },
      { name: 'bare BullMQ jobs, concurrency 10', value: baseline, unit: 'per second' },
    ]
  },
}
