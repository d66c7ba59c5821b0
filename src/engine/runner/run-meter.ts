import { readCpuMs, readHeapBytes, type WarmIsolate } from './isolate.ts'

/** What a run used. Times in milliseconds. */
export interface RunUsage {
  wallMs: number
  cpuMs: number
  memoryBytes: number
  nativeCalls: number
}

const MICROS_PER_MS = 1000

/** Measures one run, from when it is made, as far as its thread sees: the isolate, what answers it, and the process that both are in. */
export class RunMeter {
  readonly #warm: WarmIsolate
  readonly #natives: { readonly cpuMs: number, readonly nativeCalls: number }
  readonly #imports: { readonly cpuMs: number }
  readonly #startedAt = performance.now()
  readonly #processAtStart = process.cpuUsage()
  #isolateCpuMs = 0
  #heapBytes: Promise<number> | undefined

  constructor (warm: WarmIsolate, { natives, imports }: { natives: { readonly cpuMs: number, readonly nativeCalls: number }, imports: { readonly cpuMs: number } }) {
    this.#warm = warm
    this.#natives = natives
    this.#imports = imports
  }

  /** Milliseconds since the run began. */
  get wallMs (): number {
    return performance.now() - this.#startedAt
  }

  /** Reads the milliseconds of processor time that the run took so far. The isolate's own clock runs on while it waits for a processor: the process's does not. */
  readCpuMs (): number {
    try {
      this.#isolateCpuMs = Math.max(0, readCpuMs(this.#warm.isolate) - this.#warm.bootCpuMs)
    } catch {
      // the memory limit disposed of the isolate: the figure read last stands
    }
    const { user, system } = process.cpuUsage(this.#processAtStart)
    return Math.min(this.#isolateCpuMs + this.#natives.cpuMs + this.#imports.cpuMs, (user + system) / MICROS_PER_MS)
  }

  /** Asks the isolate for its heap, which it tells when the call under way has returned. */
  askHeap (): void {
    this.#heapBytes ??= readHeapBytes(this.#warm.isolate)
  }

  /** A stopped isolate may still be busy, and its heap is then not to be asked. */
  async readUsage (wasStopped: boolean): Promise<RunUsage> {
    const { wallMs } = this
    const cpuMs = this.readCpuMs()
    if (!wasStopped) this.askHeap()
    const memoryBytes = wasStopped ? 0 : await this.#heapBytes ?? 0
    return { wallMs, cpuMs, memoryBytes, nativeCalls: this.#natives.nativeCalls }
  }
}
