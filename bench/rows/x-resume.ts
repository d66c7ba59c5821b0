import { setTimeout as wait } from 'node:timers/promises'
import { readProcessCpuMs } from '../../src/engine/proc.ts'
import type { FollowedJob } from '../followed-job.ts'
import { findBusiest, findProcesses } from '../processes.ts'
import type { Figure, Row } from '../row.ts'
import { median } from '../statistics.ts'
import { startTransforms, type TransformBench } from '../transforms.ts'

const ROUNDS = 5
const BYTES = 64_000_000
const SETTLE_MS = 1500
/** Checkpoints come so often that the next one tells when the work goes on. */
const CHECKPOINT_MS = 100
const POLL_MS = 10

/** How long a transform stands still whose runner or worker died. */
export const resume: Row = {
  id: 'x',
  title: 'From a SIGKILL during a transform to its next checkpoint',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const transforms = await startTransforms(bench, closing)
    await transforms.addOrders('orders.ndjson', { bytes: BYTES })
    const { service } = transforms
    const runner = await measureDeaths(transforms, (_, before) => { process.kill(findBusiest(before), 'SIGKILL') })
    bench.note(`  runner: ${median(runner).toFixed(0)} ms`)
    await service.startWorker()
    const worker = await measureDeaths(transforms, async (holder) => {
      process.kill(holder, 'SIGKILL')
      await service.startWorker()
    })
    return [...describe('runner', runner, 1500), ...describe('worker', worker, 10_000)]
  },
}

/** Kills what holds a transform, again and again; answers the milliseconds until each committed something more. */
async function measureDeaths ({ service, post }: TransformBench, kill: (holder: number, cpuBefore: ReadonlyMap<number, number>) => void | Promise<void>): Promise<number[]> {
  const times: number[] = []
  while (times.length < ROUNDS) {
    await wait(SETTLE_MS) // whoever was killed before has been replaced
    const cpuBefore = new Map(findProcesses(service.pids).runners.map((pid) => [pid, readProcessCpuMs(pid)]))
    const job = await post('map', 'orders.ndjson', { checkpointMs: CHECKPOINT_MS })
    await waitForRun(job, 1)
    const holder = Number((await job.read()).attempts[0]?.worker.split('-').at(-1)) // a worker is named for its host and process id
    const killed = performance.now()
    const killing = kill(holder, cpuBefore)
    await waitForRun(job, 2)
    times.push(performance.now() - killed)
    await killing
    await job.cancel()
    await job.waitFor('job.cancelled')
  }
  return times
}

/** Polls until that run of a job has committed something: events of checkpoints may be left out. */
async function waitForRun (job: FollowedJob, run: number): Promise<void> {
  while (((await job.checkpoint())?.run ?? 0) < run) await wait(POLL_MS)
}

function describe (name: string, times: readonly number[], target: number): Figure[] {
  return [
    { name: `${name} killed, p50`, value: median(times), unit: 'ms' },
    { name: `${name} killed, worst of ${ROUNDS}`, value: Math.max(...times), unit: 'ms', target: { type: 'at most', value: target } },
  ]
}
