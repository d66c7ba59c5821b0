import { setTimeout as wait } from 'node:timers/promises'
import { readProcessCpuMs } from '../../src/engine/proc.ts'
import { postEndless } from '../followed-job.ts'
import { findBusiest, findProcesses } from '../processes.ts'
import type { Figure, Row } from '../row.ts'
import { startService, type BenchService } from '../service.ts'
import { median } from '../statistics.ts'

const ROUNDS = 10
const SETTLE_MS = 1500

/** How long a job stands still whose runner or worker died. */
export const recovery: Row = {
  id: 'h',
  title: 'From a SIGKILL to the job running again',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const service = await startService(bench, closing)
    const runner = await measureDeaths(service, {
      prepare: () => new Map(findProcesses(service.pids).runners.map((pid) => [pid, readProcessCpuMs(pid)])),
      kill: (_, before) => { process.kill(findBusiest(before), 'SIGKILL') },
    })
    bench.note(`  runner: ${median(runner).toFixed(0)} ms`)
    await service.startWorker()
    const worker = await measureDeaths(service, {
      prepare: () => undefined,
      kill: (holder) => { process.kill(holder, 'SIGKILL') },
      replace: () => service.startWorker(),
    })
    return [...describe('runner', runner, 1000), ...describe('worker', worker, 10_000)]
  },
}

interface Deaths<T> {
  /** Looks at the processes before the job is there. */
  prepare (): T
  /** `holder` is the worker's process. */
  kill (holder: number, prepared: T): void
  replace? (): Promise<unknown>
}

/** Kills what holds a job, again and again; answers the milliseconds until each job ran again. */
async function measureDeaths<T> (service: BenchService, { prepare, kill, replace }: Deaths<T>): Promise<number[]> {
  const times: number[] = []
  while (times.length < ROUNDS) {
    await wait(SETTLE_MS) // whoever was killed before has been replaced
    const prepared = prepare()
    const job = await postEndless(service)
    await job.waitFor('job.log')
    const holder = Number((await job.read()).attempts[0]?.worker.split('-').at(-1)) // a worker is named for its host and process id
    const killed = performance.now()
    kill(holder, prepared)
    await job.waitFor('job.log')
    times.push(performance.now() - killed)
    await job.cancel()
    await job.waitFor('job.cancelled')
    await replace?.()
  }
  return times
}

function describe (name: string, times: readonly number[], target: number): Figure[] {
  return [
    { name: `${name} killed, p50`, value: median(times), unit: 'ms' },
    { name: `${name} killed, worst of ${ROUNDS}`, value: Math.max(...times), unit: 'ms', target: { type: 'at most', value: target } },
  ]
}
