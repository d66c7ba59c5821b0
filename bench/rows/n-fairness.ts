import { fillBacklog } from '../backlog.ts'
import { compareInRounds } from '../rounds.ts'
import type { Row } from '../row.ts'
import { startStopped } from '../stopped-worker.ts'

const ROUNDS = 3
const JOBS = 100
const WARM_UP_JOBS = 300
const BACKLOG = 10_000

/** Whether a tenant with many jobs keeps one with few from its own. */
export const fairness: Row = {
  id: 'n',
  title: `Time of ${JOBS} no-op jobs behind ${BACKLOG} that another tenant posted before ÷ the same alone`,
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const start = () => startStopped(bench, closing, { warmUpJobs: WARM_UP_JOBS })
    const [alone, behind] = [await start(), await start()]
    await fillBacklog(behind.service, bench, { count: BACKLOG, tenant: 'large', priority: 'normal' })
    const { ratio, subject, baseline } = await compareInRounds(ROUNDS, () => behind.run(JOBS), () => alone.run(JOBS))
    return [
      { name: 'behind the other tenant ÷ alone', value: ratio, unit: 'ratio', target: { type: 'at most', value: 4 } },
      { name: 'behind the other tenant', value: subject, unit: 'ms' },
      { name: 'alone', value: baseline, unit: 'ms' },
    ]
  },
}
