const MICROS = 1000

/** Adds up the processor time of work that is done at once, in the thread that asks. */
export class ProcessorTime {
  #usedMicros = 0

  get cpuMs (): number { return this.#usedMicros / MICROS }

  measure<T> (work: () => T): T {
    const before = process.threadCpuUsage()
    try {
      return work()
    } finally {
      const { user, system } = process.threadCpuUsage(before)
      this.#usedMicros += user + system
    }
  }
}
