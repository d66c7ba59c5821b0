import type { AskedProcess } from '../asked-process.ts'
import { startBaseline } from '../baseline.ts'
import { createJobClient, NO_OP, type JobClient } from '../jobs.ts'
import { readProcessCpuMs } from '../../src/engine/proc.ts'
import { readCpuMs, readMachineCpuMs } from '../processes.ts'
import { compareInRounds } from '../rounds.ts'
import type { Figure, Row } from '../row.ts'
import { CORES, LANES, startService, type BenchService } from '../service.ts'
import { sumByName } from '../statistics.ts'

const ROUNDS = 5
const JOBS = 600
/** Code that has run a few hundred times only is still being optimised. */
const WARM_UP_JOBS = 1000
const BASELINE_MS = 2000

/** One measurement: how many in how long, and the CPU time that went into it, by who spent it. */
interface Spell {
  count: number
  ms: number
  cpuMs: Record<string, number>
}

/** The whole service against the least that one isolate per job costs. */
export const throughput: Row = {
  id: 'a',
  title: 'No-op jobs through the whole service ÷ fresh isolates in bare isolated-vm',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const service = await startService(bench, closing)
    const client = createJobClient(service)
    closing.defer(() => client.close())
    const isolates = startBaseline('isolates.ts', { execArgv: ['--no-node-snapshot', '--no-wasm-code-gc'] }) // as a runner
    closing.defer(() => isolates.close())
    await client.runMany(WARM_UP_JOBS)
    await measureIsolates(isolates)

    const jobs: Spell[] = []
    const bare: Spell[] = []
    const { ratio, subject, baseline } = await compareInRounds(ROUNDS, async () => {
      jobs.push(await measureJobs(service, client))
      bench.note(`  ${rateOf(jobs.at(-1)).toFixed(0)} jobs per second`)
      return rateOf(jobs.at(-1))
    }, async () => {
      bare.push(await measureIsolates(isolates))
      return rateOf(bare.at(-1))
    })

    return [
      { name: 'jobs ÷ isolates', value: ratio, unit: 'ratio', target: { type: 'at least', value: 0.5 } },
      // Other processes take more from two threads than from a service of many; this they do not touch.
      { name: 'CPU time of a bare isolate ÷ CPU time of a job', value: cpuOf(bare) / cpuOf(jobs), unit: 'ratio' },
      { name: `jobs, ${LANES} lanes`, value: subject, unit: 'per second' },
      { name: `bare isolates, ${LANES} threads`, value: baseline, unit: 'per second' },
      { name: 'processors that others used meanwhile ÷ all', value: othersShare([...jobs, ...bare]), unit: 'ratio' },
      ...costFigures(jobs),
      { name: 'CPU per bare isolate', value: cpuOf(bare), unit: 'ms' },
    ]
  },
}

async function measureJobs ({ pids }: BenchService, client: JobClient): Promise<Spell> {
  return measureSpell(() => ({ ...readCpuMs(pids), client: ownCpuMs() }), async () => {
    await client.runMany(JOBS)
    return JOBS
  })
}

async function measureIsolates (isolates: AskedProcess): Promise<Spell> {
  return measureSpell(() => ({ isolates: readProcessCpuMs(isolates.pid) }), async () => {
    const { count } = await isolates.ask({ threads: LANES, forMs: BASELINE_MS, code: NO_OP }) as { count: number } // what the baseline answers
    return count
  })
}

async function measureSpell (readCpu: () => Record<string, number>, act: () => Promise<number>): Promise<Spell> {
  const read = (): Record<string, number> => ({ ...readCpu(), machine: readMachineCpuMs() })
  const before = read()
  const started = performance.now()
  const count = await act()
  const ms = performance.now() - started
  return { count, ms, cpuMs: Object.fromEntries(Object.entries(read()).map(([name, spent]) => [name, spent - (before[name] ?? 0)])) }
}

function rateOf (spell: Spell | undefined): number {
  return spell ? spell.count / (spell.ms / 1000) : 0
}

/** CPU milliseconds that one of them took, by all that took part. */
function cpuOf (spells: readonly Spell[]): number {
  const { machine: _, ...own } = sumByName(spells.map(({ cpuMs }) => cpuMs))
  return Object.values(own).reduce((sum, ms) => sum + ms, 0) / countOf(spells)
}

function othersShare (spells: readonly Spell[]): number {
  const { machine = 0, ...own } = sumByName(spells.map(({ cpuMs }) => cpuMs))
  const wallMs = spells.reduce((sum, { ms }) => sum + ms, 0)
  return Math.max(0, machine - Object.values(own).reduce((sum, ms) => sum + ms, 0)) / (wallMs * CORES)
}

/** Milliseconds per job, which is seconds per thousand jobs. Where they add up to the processors there are, nothing but less work helps. */
function costFigures (spells: readonly Spell[]): Figure[] {
  const { machine: _, ...own } = sumByName(spells.map(({ cpuMs }) => cpuMs))
  return Object.entries(own).map(([role, ms]) => ({ name: `CPU per job: ${role}`, value: ms / countOf(spells), unit: 'ms' }))
}

function countOf (spells: readonly Spell[]): number {
  return spells.reduce((sum, { count }) => sum + count, 0)
}

function ownCpuMs (): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
