import type { Run } from '../store/db.ts'

/** Why a run is stopped: a client asked, another worker or nobody owns it, or this worker leaves. */
export type StopReason = 'cancel' | 'fenced' | 'shutdown'

/** A run that this worker has. */
export interface ActiveRun {
  readonly signal: AbortSignal
  /** Set by the first `stop`. */
  readonly reason: StopReason | undefined
  /** Milliseconds of the steady clock at which it was told to stop. */
  readonly stoppedAt: number | undefined
  run: Run | undefined
  stop (reason: StopReason): void
}

/** The runs of one worker, by job. A job has one entry, from before it begins until it is settled. */
export class ActiveRuns {
  readonly #runs = new Map<string, ActiveRun>()

  add (jobId: string): ActiveRun {
    const active = createActiveRun()
    this.#runs.set(jobId, active)
    return active
  }

  /** Forgets the entry, unless another has taken its place. */
  remove (jobId: string, active: ActiveRun): void {
    if (this.#runs.get(jobId) === active) this.#runs.delete(jobId)
  }

  stop (jobId: string, reason: StopReason): void {
    this.#runs.get(jobId)?.stop(reason)
  }

  stopAll (reason: StopReason): void {
    for (const active of this.#runs.values()) active.stop(reason)
  }

  /** Those that have begun, with their runs. */
  get begun (): (ActiveRun & { run: Run })[] {
    return [...this.#runs.values()].filter((active) => active.run !== undefined) as (ActiveRun & { run: Run })[] // the filter looked
  }
}

function createActiveRun (): ActiveRun {
  const controller = new AbortController()
  let reason: StopReason | undefined
  let stoppedAt: number | undefined
  return {
    signal: controller.signal,
    run: undefined,
    get reason () { return reason },
    get stoppedAt () { return stoppedAt },
    stop (why) {
      if (reason) return
      reason = why
      stoppedAt = performance.now()
      controller.abort()
    },
  }
}
