import { setTimeout as wait } from 'node:timers/promises'

/** Something that runs until it is stopped or ends by itself. */
export interface Running {
  /** Resolves when it has ended, with a text that says how. */
  ended: Promise<string>
  stop(): Promise<void>
}

export interface RestartPolicy {
  /** Wait before the first restart; doubled for each further one. */
  firstMs: number
  maxMs: number
  /** What ran this long starts again from the first wait when it dies. */
  steadyMs: number
}

export const RESTARTS: RestartPolicy = { firstMs: 250, maxMs: 30_000, steadyMs: 20_000 }

export interface KeepRunningOptions<T extends Running> {
  start(signal: AbortSignal): Promise<T>
  /** Aborting ends a start that is under way and every further restart; `stop` ends what runs. */
  signal: AbortSignal
  restarts?: RestartPolicy
  /** Told each time it died or could not be started again, with the wait that follows. */
  onDown(how: string, waitMs: number): void
  onUp(running: T): void
}

/**
 * Starts something and starts it again, with exponential backoff, whenever it ends by itself. Rejects when the first start fails:
 * what never ran is a mistake to mend, not to repeat. `stop` resolves when it is gone for good.
 *
 * States: starting → running → (waiting → starting → running)… → stopped.
 */
export async function keepRunning<T extends Running> (options: KeepRunningOptions<T>): Promise<{ stop(): Promise<void> }> {
  const stopping = new AbortController()
  const signal = AbortSignal.any([options.signal, stopping.signal])
  let current: T | undefined = await options.start(signal)
  options.onUp(current)
  const watched = watch()

  async function watch (): Promise<void> {
    const restarts = options.restarts ?? RESTARTS
    let failures = 0
    let { how, ranMs } = await waitForEnd()
    while (!signal.aborted) {
      failures = ranMs >= restarts.steadyMs ? 1 : failures + 1
      const waitMs = Math.min(restarts.firstMs * 2 ** (failures - 1), restarts.maxMs)
      options.onDown(how, waitMs)
      try {
        await wait(waitMs, undefined, { signal })
        current = await options.start(signal)
      } catch (error) {
        how = error instanceof Error ? error.message : String(error)
        ranMs = 0
        continue
      }
      if (signal.aborted) await current.stop()
      else options.onUp(current);
      ({ how, ranMs } = await waitForEnd())
    }
  }

  async function waitForEnd (): Promise<{ how: string, ranMs: number }> {
    const started = performance.now()
    const how = await current?.ended ?? ''
    current = undefined
    return { how, ranMs: performance.now() - started }
  }

  return {
    stop: async () => {
      stopping.abort()
      await current?.stop()
      await watched
    },
  }
}
