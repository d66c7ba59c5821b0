import { fillBacklog } from '../backlog.ts'
import { createJobClient } from '../jobs.ts'
import { compareInRounds } from '../rounds.ts'
import type { Bench, Row } from '../row.ts'
import { startService } from '../service.ts'

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
    const [alone, behind] = [await prepare(bench, closing), await prepare(bench, closing)]
    await fillBacklog(behind.service, bench, { count: BACKLOG, tenant: 'large', priority: 'normal' })
    const { ratio, subject, baseline } = await compareInRounds(ROUNDS, behind.run, alone.run)
    return [
      { name: 'behind the other tenant ÷ alone', value: ratio, unit: 'ratio', target: { type: 'at most', value: 4 } },
      { name: 'behind the other tenant', value: subject, unit: 'ms' },
      { name: 'alone', value: baseline, unit: 'ms' },
    ]
  },
}

/** A service whose worker stands still but while it is measured, so that neither takes processors from the other. */
async function prepare (bench: Bench, closing: AsyncDisposableStack) {
  const service = await startService(bench, closing)
  const client = createJobClient(service)
  closing.defer(() => client.close())
  await client.runMany(WARM_UP_JOBS)
  const { worker } = service.pids
  process.kill(worker, 'SIGSTOP')
  closing.defer(() => { process.kill(worker, 'SIGCONT') }) // or it could not be asked to end
  return {
    service,
    async run () {
      process.kill(worker, 'SIGCONT')
      const ms = await client.runMany(JOBS)
      process.kill(worker, 'SIGSTOP')
      return ms
    },
  }
}
