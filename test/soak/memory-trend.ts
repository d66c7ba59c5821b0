import { readRssBytes } from '../../src/engine/proc.ts'

const MB = 1_048_576

/** Resident memory of this process and of its runners over a soak. What is compared are medians: a single figure depends on the collector. */
export class MemoryTrend {
  readonly #samples: { jobs: number, worker: number, runner: number }[] = []

  /** Notes what the worker and, on average, a runner hold after so many jobs. */
  sample (jobs: number, pids: readonly number[]): { worker: number, runner: number } {
    const held = pids.map(readRssBytes).filter((bytes) => bytes > 0)
    const now = { jobs, worker: process.memoryUsage.rss() / MB, runner: held.reduce((sum, bytes) => sum + bytes, 0) / Math.max(1, held.length) / MB }
    this.#samples.push(now)
    return now
  }

  /** How much larger the median of the last tenth is than that of a tenth that begins after so many jobs. */
  growth (who: 'worker' | 'runner', settledAfter: number): { before: number, after: number, ratio: number } {
    const count = Math.max(5, Math.ceil(this.#samples.length / 10))
    const settled = this.#samples.filter(({ jobs }) => jobs >= settledAfter)
    const before = median(settled.slice(0, count).map((sample) => sample[who]))
    const after = median(settled.slice(-count).map((sample) => sample[who]))
    return { before, after, ratio: after / before }
  }
}

function median (values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
