import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { readRssBytes } from '../../src/engine/proc.ts'

const MB = 1_048_576

/** Megabytes at one time. What the worker holds is what is alive after a collection; its resident memory follows the collector's mood. */
export interface MemorySample {
  workerHeap: number
  workerRss: number
  /** Resident, of a runner on average. */
  runnerRss: number
}

/** Memory of this process and of its runners over a soak. What is compared are medians. */
export class MemoryTrend {
  readonly #samples: ({ jobs: number } & MemorySample)[] = []
  readonly #collect: () => void

  constructor () {
    setFlagsFromString('--expose-gc')
    this.#collect = runInNewContext('gc') as () => void // the flag above puts it there
  }

  /** Notes what is held after so many jobs. */
  sample (jobs: number, runners: readonly number[]): MemorySample {
    this.#collect()
    const { heapUsed, external, rss } = process.memoryUsage()
    const held = runners.map(readRssBytes).filter((bytes) => bytes > 0)
    const sample = { workerHeap: (heapUsed + external) / MB, workerRss: rss / MB, runnerRss: held.reduce((sum, bytes) => sum + bytes, 0) / Math.max(1, held.length) / MB }
    this.#samples.push({ jobs, ...sample })
    return sample
  }

  /** How much larger the median of the last tenth is than that of a tenth that begins after so many jobs. */
  growth (of: keyof MemorySample, settledAfter: number): { before: number, after: number, ratio: number } {
    const count = Math.max(5, Math.ceil(this.#samples.length / 10))
    const settled = this.#samples.filter(({ jobs }) => jobs >= settledAfter)
    const before = median(settled.slice(0, count).map((sample) => sample[of]))
    const after = median(settled.slice(-count).map((sample) => sample[of]))
    return { before, after, ratio: after / before }
  }
}

function median (values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
