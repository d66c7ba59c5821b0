import { fillBacklog } from '../backlog.ts'
import { createJobClient, type JobClient } from '../jobs.ts'
import { compareInRounds } from '../rounds.ts'
import type { Bench, Figure, Row } from '../row.ts'
import { startService, type BenchService } from '../service.ts'

const ROUNDS = 3
const JOBS = 500
const WARM_UP_JOBS = 300
const DEPTH = 10_000
const FULL_DEPTH = 1_000_000
/** The client's own: a turn of eight goes to those that wait, and counts. */
const TENANT = 'default'

/** Whether a long queue slows the service. */
export const depth: Row = {
  id: 'j',
  title: 'No-op jobs past others that wait with a lower priority ÷ the same without the others',
  async measure (bench) {
    const figures: Figure[] = []
    for (const waiting of bench.full ? [DEPTH, FULL_DEPTH] : [DEPTH]) figures.push(...await measureDepth(bench, waiting))
    return figures
  },
}

async function measureDepth (bench: Bench, waiting: number): Promise<Figure[]> {
  await using closing = new AsyncDisposableStack()
  const [shallow, deep] = [await prepare(bench, closing), await prepare(bench, closing)]
  await fillBacklog(deep.service, bench, { count: waiting, tenant: TENANT, priority: 'low' })
  const { ratio, subject, baseline } = await compareInRounds(ROUNDS, deep.run, shallow.run)
  return [
    { name: `with ${waiting} waiting ÷ with none`, value: ratio, unit: 'ratio', target: { type: 'at least', value: 0.8 } },
    { name: `with ${waiting} waiting`, value: subject, unit: 'per second' },
    { name: 'with none', value: baseline, unit: 'per second' },
  ]
}

interface Side {
  service: BenchService
  /** Answers jobs per second. The worker stands still before and afterwards, so that neither side works while the other is measured. */
  run (): Promise<number>
}

async function prepare (bench: Bench, closing: AsyncDisposableStack): Promise<Side> {
  const service = await startService(bench, closing)
  const client: JobClient = createJobClient(service, { priority: 'high' })
  closing.defer(() => client.close())
  const { worker } = service.pids
  process.kill(worker, 'SIGSTOP')
  closing.defer(() => { process.kill(worker, 'SIGCONT') }) // or it could not be asked to end
  return {
    service,
    async run () {
      process.kill(worker, 'SIGCONT')
      await client.runMany(WARM_UP_JOBS)
      const ms = await client.runMany(JOBS)
      process.kill(worker, 'SIGSTOP')
      return JOBS / (ms / 1000)
    },
  }
}
