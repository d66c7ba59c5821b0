import { fillBacklog } from '../backlog.ts'
import { compareInRounds } from '../rounds.ts'
import type { Bench, Figure, Row } from '../row.ts'
import { startStopped, type StoppedService } from '../stopped-worker.ts'

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
  const start = () => startStopped(bench, closing, { warmUpJobs: WARM_UP_JOBS, priority: 'high' })
  const [shallow, deep] = [await start(), await start()]
  await fillBacklog(deep.service, bench, { count: waiting, tenant: TENANT, priority: 'low' })
  const { ratio, subject, baseline } = await compareInRounds(ROUNDS, () => measure(deep), () => measure(shallow))
  return [
    { name: `with ${waiting} waiting ÷ with none`, value: ratio, unit: 'ratio', target: { type: 'at least', value: 0.8 } },
    { name: `with ${waiting} waiting`, value: subject, unit: 'per second' },
    { name: 'with none', value: baseline, unit: 'per second' },
  ]
}

/** Answers jobs per second. */
async function measure ({ run }: StoppedService): Promise<number> {
  await run(WARM_UP_JOBS)
  return JOBS / (await run(JOBS) / 1000)
}
