import { availableParallelism } from 'node:os'
import { readProcessCpuMs } from './proc.ts'

/** What helpers of V8 (garbage collection, compiling) take on other processors while the code of a run has one, and the process around it. */
const HELPERS = 3
const AROUND_MS = 1000
/** Time counted in hundredths of a second, at both ends and for user and system. */
const TICKS_MS = 50
/** Both clocks are the system's steady one. */
const WALL_SLACK_MS = 20
/** Shorter runs are not worth a look at the process: it takes 20 µs. */
const LOOK_FROM_MS = 100

/**
 * Compares the times that a runner claims for a run with what its process took. It looks at the process when the run is handed over, when
 * it is told to, and at the end of a run that was not short.
 */
export class CpuCheck {
  readonly #pid: number
  readonly #begun = performance.now()
  readonly #baseMs: number
  #usedMs = 0

  constructor (pid: number) {
    this.#pid = pid
    this.#baseMs = readProcessCpuMs(pid)
  }

  /** Milliseconds of processor time that the process took since then, when it was looked at last. */
  get usedMs (): number { return this.#usedMs }

  look (): void {
    this.#usedMs = Math.max(this.#usedMs, readProcessCpuMs(this.#pid) - this.#baseMs) // a process that is gone counts nothing
  }

  /** Tells whether the process took so much that code which took no more than that cannot explain it. Nothing is looked at. */
  exceeds (claimedMs: number): boolean {
    return this.#usedMs > claimedMs * HELPERS + AROUND_MS
  }

  /** Answers the processor time to go by while the run goes on: what is claimed, as far as the process took it. Nothing is looked at. */
  believe (claimedMs: number, isAlone: boolean): number {
    if (this.#baseMs === 0) return claimedMs // there is no /proc
    return isAlone && this.exceeds(claimedMs) ? this.#usedMs : Math.min(claimedMs, this.#usedMs + TICKS_MS)
  }

  /** Answers the processor time to go by at the end of a run. Throws when the claim is more than there was. */
  settle ({ wallMs, cpuMs }: { wallMs: number, cpuMs: number }, isAlone: boolean): number {
    const passedMs = performance.now() - this.#begun
    if (wallMs > passedMs + WALL_SLACK_MS) throw new Error(`Cannot take "done": it claims ${Math.round(wallMs)} ms, ${Math.round(passedMs)} ms have passed`)
    const possibleMs = passedMs + WALL_SLACK_MS
    if (cpuMs > possibleMs && cpuMs > possibleMs * availableParallelism()) throw new Error(`Cannot take "done": it claims ${Math.round(cpuMs)} ms of processor time, ${Math.round(passedMs)} ms have passed`)
    if (passedMs < LOOK_FROM_MS || this.#baseMs === 0) return cpuMs // the second: there is no /proc
    this.look()
    if (cpuMs > this.#usedMs + TICKS_MS) throw new Error(`Cannot take "done": it claims ${Math.round(cpuMs)} ms of processor time, its process took ${this.#usedMs} ms`)
    return isAlone && this.exceeds(cpuMs) ? this.#usedMs : cpuMs
  }
}
