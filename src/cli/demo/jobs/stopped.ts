import type { FailureCode } from '../../../core/failures.ts'
import type { JobView } from '../../../core/job.ts'
import type { Terminal } from '../../terminal.ts'
import { expectEqual, expectTrue, failureOf } from '../check.ts'
import type { DemoJob } from '../demo-job.ts'

const CPU_MS = 500
const MEMORY_MB = 64

/** A loop without an end. */
export const endlessLoopJob: DemoJob = {
  file: 'endless-loop.ts',
  shows: 'a loop without an end, stopped',
  request: { limits: { cpuMs: CPU_MS, timeoutMs: 10 * CPU_MS } },
  check: (job, _api, terminal) => [describeLimit(job, { codes: ['CPU_LIMIT', 'TIMEOUT'], configured: { CPU_LIMIT: CPU_MS, TIMEOUT: 10 * CPU_MS }, unit: 'ms' }, terminal)],
}

/** Memory without an end. */
export const memoryHogJob: DemoJob = {
  file: 'memory-hog.ts',
  shows: 'memory without an end, stopped',
  request: { limits: { memoryMb: MEMORY_MB } },
  check: (job, _api, terminal) => [describeLimit(job, { codes: ['MEMORY_LIMIT'], configured: { MEMORY_LIMIT: MEMORY_MB }, unit: 'MB' }, terminal)],
}

interface Expected {
  codes: readonly FailureCode[]
  configured: Partial<Record<FailureCode, number>>
  unit: string
}

function describeLimit (job: JobView, { codes, configured, unit }: Expected, terminal: Terminal): string {
  const { code, limit } = failureOf(job, codes)
  expectEqual(`the limit that ${code} names`, limit?.configured, configured[code])
  expectTrue('what was seen must be at least the limit', (limit?.observed ?? 0) >= (limit?.configured ?? Infinity), limit)
  return `${terminal.style('yellow', code)}: ${limit?.name} allows ${limit?.configured} ${unit}, seen ${limit?.observed} ${unit}, suggested ${limit?.suggested} ${unit}`
}
