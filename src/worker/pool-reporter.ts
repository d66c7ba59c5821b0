import type { PoolFigures } from '../core/pool-figures.ts'
import type { Db } from '../store/db.ts'
import { reportPool } from '../store/pools.ts'

const EVERY_MS = 2000
/** A worker that says nothing for so long is taken for gone. */
const ALIVE_MS = 10_000

export interface PoolReporterOptions {
  db: Db
  /** Name of this worker. */
  worker: string
  read (): PoolFigures
  onError (error: unknown): void
}

/** Says again and again what runners the worker has, and when it is closed that it has gone, as far as Redis can be told. */
export function createPoolReporter ({ db, worker, read, onError }: PoolReporterOptions): { close (): void } {
  let timer: NodeJS.Timeout
  let closed = false

  async function report (): Promise<void> {
    await reportPool(db, worker, read(), ALIVE_MS).catch(onError)
    if (!closed) timer = setTimeout(report, EVERY_MS)
  }

  void report()
  return {
    close () {
      closed = true
      clearTimeout(timer)
      reportPool(db, worker, read(), 0).catch(onError) // nobody waits for a Redis that is away
    },
  }
}
