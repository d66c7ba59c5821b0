import { readCpuMs, readRssBytes } from './process-memory.ts'
import type { Limits } from '../core/limits.ts'
import type { StopCode } from '../core/runner-protocol.ts'

/** How long a run that was told to stop may take before its runner is killed. */
export const STOP_GRACE_MS = 500
/** How long a runner may take from being handed a run to starting user code. */
const START_GRACE_MS = 5000
/** How often the resident memory of a runner is read, and how often once it is above half its line. */
const POLL_MS = 100
const CLOSE_POLL_MS = 25
const MB = 1_048_576
/** An isolate's collector lets it grow over its limit before it gives up: up to three times was seen with honest code. */
const HEAP_OVERSHOOT = 2
const SLACK_BYTES = 128 * MB
/** Code, input and result stand in the pipe, the main thread, the thread and the isolate, some as two-byte strings. */
const PAYLOAD_COPIES = 8

/** Bytes that a process may grow by for a run with these limits, code and input together of that many bytes. */
export function memoryLineBytes ({ memoryMb, resultBytes }: Pick<Limits, 'memoryMb' | 'resultBytes'>, payloadBytes: number): number {
  return memoryMb * MB * HEAP_OVERSHOOT + SLACK_BYTES + (payloadBytes + resultBytes) * PAYLOAD_COPIES
}

export type KillCode = StopCode | 'MEMORY_LIMIT'

interface RunWatchOptions {
  pid: number
  limits: { timeoutMs: number, memoryMb: number, resultBytes: number }
  payloadBytes: number
  /** Runs that the process may have at one time. */
  threads: number
  kill (reason: string): void
}

/**
 * Stands behind the runner's own limits: it kills the runner when a run is not over a short while after its time, when it was told to
 * stop and does not, or when the process holds more memory than the run may.
 */
export class RunWatch {
  readonly #options: RunWatchOptions
  readonly #lineBytes: number
  readonly #baseBytes: number
  #peakBytes = 0
  /** Processor time of the process when user code started, once that was told. */
  #baseCpuMs: number | undefined
  #cpuMs = 0
  #timer: NodeJS.Timeout
  #poll: NodeJS.Timeout
  #announced: { code: StopCode, observed: number } | undefined
  /** Others run, or ran, in the process: what it uses is not to be told apart, and a memory that is over the line kills without blame. */
  accompanied = false
  /** Why the runner was killed, and this run is to blame. */
  killedFor: { code: KillCode, observed: number } | undefined

  constructor (options: RunWatchOptions) {
    const { pid, limits, payloadBytes } = options
    this.#options = options
    this.#baseBytes = readRssBytes(pid)
    this.#lineBytes = memoryLineBytes(limits, payloadBytes)
    this.#timer = setTimeout(() => options.kill('The runner did not start the run'), START_GRACE_MS)
    this.#poll = setTimeout(() => this.#checkMemory(), POLL_MS)
  }

  /** Bytes that the process grew by, as far as it was seen; 0 where others may have. */
  get peakMemoryBytes (): number { return this.accompanied ? 0 : this.#peakBytes }

  /** Milliseconds of processor time that the process used since user code started, as far as it was seen; 0 where others may have. */
  get cpuMs (): number { return this.accompanied ? 0 : this.#cpuMs }

  /** User code runs from now on. */
  started (): void {
    this.#baseCpuMs = readCpuMs(this.#options.pid)
    if (this.#announced) return
    const { timeoutMs } = this.#options.limits
    this.#killAfter(timeoutMs + STOP_GRACE_MS, () => ({ code: 'TIMEOUT', observed: timeoutMs + STOP_GRACE_MS }))
  }

  /** The run is being stopped. The first reason stands. */
  stopping (code: StopCode, observed: number): void {
    if (this.#announced) return
    this.#announced = { code, observed }
    this.#killAfter(STOP_GRACE_MS, () => ({ code, observed }))
  }

  /** The kernel killed the runner for its memory before we did. What we killed it for ourselves stands. */
  endedByKernel (heldMb: number): void {
    this.killedFor ??= { code: 'MEMORY_LIMIT', observed: heldMb }
  }

  close (): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#poll)
  }

  #killAfter (delayMs: number, why: () => { code: KillCode, observed: number }): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#kill(why()), delayMs)
  }

  #kill (why: { code: KillCode, observed: number }): void {
    this.killedFor = why
    this.#readCpu() // there is nothing to read afterwards
    this.#options.kill(`The run did not stop: ${why.code}`)
  }

  #readCpu (): void {
    if (this.#baseCpuMs !== undefined) this.#cpuMs = Math.max(this.#cpuMs, readCpuMs(this.#options.pid) - this.#baseCpuMs)
  }

  #killForMemory (grownBytes: number): void {
    if (this.accompanied) this.#options.kill('The runs of this runner together held more memory than they may')
    else this.#kill({ code: 'MEMORY_LIMIT', observed: Math.round(grownBytes / MB) })
  }

  #checkMemory (): void {
    const grown = readRssBytes(this.#options.pid) - this.#baseBytes
    this.#peakBytes = Math.max(this.#peakBytes, grown)
    this.#readCpu()
    if (grown > this.#lineBytes * (this.accompanied ? this.#options.threads : 1)) return this.#killForMemory(grown)
    this.#poll = setTimeout(() => this.#checkMemory(), grown > this.#lineBytes / 2 ? CLOSE_POLL_MS : POLL_MS)
  }
}
