import { DEFAULT_LIMIT_POLICY } from '../core/limits.ts'
import type { CgroupLimits } from '../engine/cgroup.ts'
import type { ResourceLimits } from '../engine/resource-limits.ts'
import { memoryLineBytes } from '../engine/run-watch.ts'
import type { WorkerConfig } from './config.ts'

const MB = 1_048_576
/** A runner without any run, with its share of Node's own files. */
const BARE_MB = 256
/** What a process may write grows far beyond what it touches: a bare runner starts with 0.7 GB and 1.1 GB for each thread. */
const DATA_MB = { base: 4096, perThread: 4096 } as const
/** Of the system's threads. A bare runner has 10, and one more for each of its own; isolates wait in threads of their own pool. */
const PIDS = { base: 128, perThread: 16 } as const
const OPEN_FILES = 512

/** What the system holds each runner process to: what the largest job needs with the limits that jobs have unless an operator changes them. */
export function runnerBounds (config: WorkerConfig): { cgroup: CgroupLimits, resources: ResourceLimits } {
  const threads = config.BATCHBOX_RUNNER_THREADS
  const { maxima, request } = DEFAULT_LIMIT_POLICY
  const perThreadMb = Math.ceil(memoryLineBytes(maxima, request.codeChars + request.inputBytes) / MB)
  return {
    cgroup: { memoryMb: config.BATCHBOX_RUNNER_MEMORY_MB ?? BARE_MB + threads * perThreadMb, pids: PIDS.base + threads * PIDS.perThread },
    resources: { dataMb: config.BATCHBOX_RUNNER_DATA_MB ?? DATA_MB.base + threads * DATA_MB.perThread, openFiles: OPEN_FILES },
  }
}
