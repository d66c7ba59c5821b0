import { startBaseline } from '../baseline.ts'
import { createJobClient, NO_OP, type JobClient } from '../jobs.ts'
import { readCpuMs } from '../processes.ts'
import { compareInRounds } from '../rounds.ts'
import type { Figure, Row } from '../row.ts'
import { LANES, startService, type BenchService } from '../service.ts'
import { sumByName } from '../statistics.ts'

const ROUNDS = 5
const JOBS = 600
/** Code that has run a few hundred times only is still being optimised. */
const WARM_UP_JOBS = 1000
const BASELINE_MS = 2000

export const throughput: Row = {
  id: 'a',
  title: 'No-op jobs through the whole service ÷ fresh isolates in bare isolated-vm',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const service = await startService(bench, closing)
    const client = createJobClient(service)
    closing.defer(() => client.close())
    const isolates = startBaseline('isolates.ts', { execArgv: ['--no-node-snapshot'] })
    closing.defer(() => isolates.close())
    const measureIsolates = async () => {
      const { perSecond } = await isolates.ask({ threads: LANES, forMs: BASELINE_MS, code: NO_OP }) as { perSecond: number } // what the baseline answers
      return perSecond
    }
    await client.runMany(WARM_UP_JOBS)
    await measureIsolates()

    const costs: Record<string, number>[] = []
    const { ratio, subject, baseline } = await compareInRounds(ROUNDS, async () => {
      const { perSecond, cpuMs } = await measureService(service, client)
      costs.push(cpuMs)
      bench.note(`  ${perSecond.toFixed(0)} jobs per second`)
      return perSecond
    }, measureIsolates)

    return [
      { name: 'jobs ÷ isolates', value: ratio, unit: 'ratio', target: { type: 'at least', value: 0.5 } },
      { name: `jobs, ${LANES} lanes`, value: subject, unit: 'per second' },
      { name: `bare isolates, ${LANES} threads`, value: baseline, unit: 'per second' },
      ...costFigures(costs),
    ]
  },
}

async function measureService ({ pids }: BenchService, client: JobClient) {
  const before: Record<string, number> = { ...readCpuMs(pids), client: ownCpuMs() }
  const ms = await client.runMany(JOBS)
  const after = { ...readCpuMs(pids), client: ownCpuMs() }
  const cpuMs = Object.fromEntries(Object.entries(after).map(([role, spent]) => [role, spent - (before[role] ?? 0)]))
  return { perSecond: JOBS / (ms / 1000), cpuMs }
}

/** Milliseconds per job, which is seconds per thousand jobs. Where they add up to the processors there are, nothing but less work helps. */
function costFigures (costs: readonly Record<string, number>[]): Figure[] {
  const jobs = JOBS * costs.length
  return Object.entries(sumByName(costs)).map(([role, ms]) => ({ name: `CPU per job: ${role}`, value: ms / jobs, unit: 'ms' }))
}

function ownCpuMs (): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
