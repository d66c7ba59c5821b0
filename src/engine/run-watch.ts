import { CpuCheck } from './cpu-check.ts'
import { MemoryCurve, type MemorySample } from './memory-curve.ts'
import { readRssBytes } from './proc.ts'
import { longestWaitMs, readWaits, type ReadWaits } from './processor-wait.ts'
import type { Limits } from '../core/limits.ts'
import type { KillRung } from '../telemetry/metrics/runners.ts'
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

/** What a run has taken so far, as its worker sees it; `nativeCalls` and a part of `cpuMs` its runner says. `memoryBytes` is null where others may hold them. */
export interface RunSample {
  wallMs: number
  cpuMs: number
  memoryBytes: { now: number, peak: number } | null
  nativeCalls: number
}

export type KillCode = StopCode | 'MEMORY_LIMIT'

interface RunWatchOptions {
  pid: number
  limits: Pick<Limits, 'timeoutMs' | 'cpuMs' | 'memoryMb' | 'resultBytes'>
  payloadBytes: number
  /** Runs that the process may have at one time. */
  threads: number
  kill (reason: string, rung: Exclude<KillRung, 'isolate'>): void
  /** Hears at each look what the run has taken, from when its code has started. */
  onSample? (sample: RunSample): void
  /** Ours unless given. */
  readWaits?: ReadWaits
}

/**
 * Stands behind the runner's own limits: it kills the runner when a run is not over a short while after its time, when it was told to
 * stop and does not, or when the process holds more memory or took more processor time than the run may.
 */
export class RunWatch {
  readonly #options: RunWatchOptions
  readonly #lineBytes: number
  readonly #baseBytes: number
  #peakBytes = 0
  readonly #curve = new MemoryCurve()
  readonly #begun = performance.now()
  readonly #cpu: CpuCheck
  readonly #readWaits: ReadWaits
  #waitsBefore: ReturnType<ReadWaits> | undefined
  #waitedMs = 0
  #timer: NodeJS.Timeout
  #poll: NodeJS.Timeout
  #startedAt: number | undefined
  #claimed = { cpuMs: 0, nativeCalls: 0 }
  #toldCpuMs = 0
  #announced: { code: StopCode, observed: number } | undefined
  /** Others run, or ran, in the process: what it uses is not to be told apart, and a memory that is over the line kills without blame. */
  accompanied = false
  /** Why the runner was killed, and this run is to blame. */
  killedFor: { code: KillCode, observed: number } | undefined

  constructor (options: RunWatchOptions) {
    const { pid, limits, payloadBytes } = options
    this.#options = options
    this.#baseBytes = readRssBytes(pid)
    this.#cpu = new CpuCheck(pid)
    this.#readWaits = options.readWaits ?? readWaits
    this.#lineBytes = memoryLineBytes(limits, payloadBytes)
    this.#timer = setTimeout(() => options.kill('The runner did not start the run', 'boot'), START_GRACE_MS)
    this.#poll = setTimeout(() => this.#look(), POLL_MS)
  }

  /** Bytes that the process grew by, as far as it was seen; 0 where others may have. */
  get peakMemoryBytes (): number { return this.accompanied ? 0 : this.#peakBytes }

  /** How the process grew, with whoever was in it. */
  get memoryCurve (): MemorySample[] { return this.#curve.samples }

  /** Milliseconds of processor time that the process took since it was handed the run, as far as it was seen; 0 where others may have. */
  get cpuMs (): number { return this.accompanied ? 0 : this.#cpu.usedMs }

  /** Milliseconds that the run waited for a processor until it was out of time, as far as it was seen. */
  get waitedMs (): number { return this.#waitedMs }

  /** User code runs from now on. */
  started (): void {
    this.#startedAt = performance.now()
    if (this.#announced) return
    const { timeoutMs } = this.#options.limits
    this.#killAfter(timeoutMs + STOP_GRACE_MS, () => ({ code: 'TIMEOUT', observed: timeoutMs + STOP_GRACE_MS }))
  }

  /** The runner says what the run took so far. It never takes anything back. */
  claim ({ cpuMs, nativeCalls }: { cpuMs: number, nativeCalls: number }): void {
    this.#claimed = { cpuMs: Math.max(cpuMs, this.#claimed.cpuMs), nativeCalls: Math.max(nativeCalls, this.#claimed.nativeCalls) }
  }

  /** The run is being stopped. The first reason stands. */
  stopping (code: StopCode, observed: number): void {
    if (this.#announced) return
    this.#announced = { code, observed }
    if (code === 'TIMEOUT') this.#readWait()
    this.#killAfter(STOP_GRACE_MS, () => ({ code, observed }))
  }

  /** The runner died by itself while the run was being stopped: V8 gives up some processes whose code it has to stop. The reason stands. */
  endedWhileStopping (): void {
    this.killedFor ??= this.#announced
  }

  /** The kernel killed the runner for its memory before we did. What we killed it for ourselves stands. */
  endedByKernel (heldMb: number): void {
    this.killedFor ??= { code: 'MEMORY_LIMIT', observed: heldMb }
  }

  /** Answers the processor time to go by, from what the runner says at the end. Throws when that cannot be true. */
  settle (claimed: { wallMs: number, cpuMs: number }): number {
    return this.#cpu.settle(claimed, !this.accompanied)
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
    this.#cpu.look() // there is nothing to look at afterwards
    if (why.code === 'TIMEOUT') this.#readWait()
    this.#options.kill(`The run did not stop: ${why.code}`, 'limit')
  }

  /** From the first look on: shorter runs do not pay for reading about every thread. */
  #readWait (): void {
    if (this.#waitsBefore) this.#waitedMs = longestWaitMs(this.#waitsBefore, this.#readWaits(this.#options.pid))
  }

  #killForMemory (grownBytes: number): void {
    if (this.accompanied) this.#options.kill('The runs of this runner together held more memory than they may', 'limit')
    else this.#kill({ code: 'MEMORY_LIMIT', observed: Math.round(grownBytes / MB) })
  }

  #look (): void {
    const { limits, pid, threads } = this.#options
    this.#waitsBefore ??= this.#readWaits(pid)
    const rss = readRssBytes(pid)
    const grown = rss - this.#baseBytes
    this.#peakBytes = Math.max(this.#peakBytes, grown)
    if (rss > 0) this.#curve.add(performance.now() - this.#begun, grown) // it is 0 once the process is dead
    this.#cpu.look()
    if (grown > this.#lineBytes * (this.accompanied ? threads : 1)) return this.#killForMemory(grown)
    if (!this.accompanied && this.#cpu.exceeds(limits.cpuMs)) return this.#kill({ code: 'CPU_LIMIT', observed: this.#cpu.usedMs })
    this.#tellSample(grown)
    this.#poll = setTimeout(() => this.#look(), grown > this.#lineBytes / 2 ? CLOSE_POLL_MS : POLL_MS)
  }

  #tellSample (grownBytes: number): void {
    if (this.#startedAt === undefined || this.#announced) return
    this.#toldCpuMs = Math.max(this.#toldCpuMs, this.#cpu.believe(this.#claimed.cpuMs, !this.accompanied)) // a claim may catch up with what was seen
    this.#options.onSample?.({
      wallMs: performance.now() - this.#startedAt,
      cpuMs: this.#toldCpuMs,
      memoryBytes: this.accompanied ? null : { now: Math.max(0, grownBytes), peak: this.#peakBytes },
      nativeCalls: this.#claimed.nativeCalls,
    })
  }
}
