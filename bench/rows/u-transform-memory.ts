import { setTimeout as wait } from 'node:timers/promises'
import { readRssBytes } from '../../src/engine/proc.ts'
import { findProcesses } from '../processes.ts'
import type { Bench, Figure, Row } from '../row.ts'
import { startTransforms, type Orders, type TransformBench } from '../transforms.ts'

const SMALL = { name: 'small.ndjson', bytes: 100_000_000 }
const LARGE = { name: 'large.ndjson', times: 20 }
const SAMPLE_MS = 100
const MIB = 1_048_576
const MEASURED = ['worker', 'runner'] as const

type Peak = Record<typeof MEASURED[number], number>

/** Whether memory grows with the file. */
export const transformMemory: Row = {
  id: 'u',
  title: 'Memory of worker and runner, the most seen while a transform maps records',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const transforms = await startTransforms(bench, closing)
    const small = await transforms.addOrders(SMALL.name, SMALL)
    await measurePeak(transforms, small) // buffers and the collector find their size
    const first = await measurePeak(transforms, small)
    const figures = describe('100 MB', first)
    return bench.full ? [...figures, ...await measureLarge(bench, transforms, { small, first })] : figures
  },
}

async function measureLarge (bench: Bench, transforms: TransformBench, { small, first }: { small: Orders, first: Peak }): Promise<Figure[]> {
  const orders = await transforms.repeatOrders(LARGE.name, small, LARGE.times)
  bench.note(`  ${orders.records} records of ${orders.bytes} bytes`)
  const large = await measurePeak(transforms, orders)
  return [
    ...describe('2 GB', large),
    ...MEASURED.map((role): Figure => ({ name: `${role}: at 2 GB ÷ at 100 MB`, value: large[role] / first[role], unit: 'ratio', target: { type: 'at most', value: 1.2 } })),
  ]
}

async function measurePeak ({ service, run }: TransformBench, orders: Orders): Promise<Peak> {
  const peak: Peak = { worker: 0, runner: 0 }
  const ended = new AbortController()
  const watching = (async () => {
    while (!ended.signal.aborted) {
      const { worker, runners } = findProcesses(service.pids)
      peak.worker = Math.max(peak.worker, ...worker.map(readRssBytes))
      peak.runner = Math.max(peak.runner, ...runners.map(readRssBytes)) // of the one that is largest: the others rest
      await wait(SAMPLE_MS)
    }
  })()
  await run('map', orders)
  ended.abort()
  await watching
  return peak
}

function describe (size: string, peak: Peak): Figure[] {
  return MEASURED.map((role) => ({ name: `${role}: RSS at ${size}`, value: peak[role] / MIB, unit: 'MB' }))
}
