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
  /** The worker leaves: a run that can go on elsewhere from where it is may stop itself as soon as that is kept. */
  isLeaving: boolean
  run: Run | undefined
  stop (reason: StopReason): void
}

/**
 * The runs of one worker, each from before it begins until it is settled. A job may have two for a while: one that lost it, and one of its
 * next turn.
 */
export class ActiveRuns {
  readonly #runs = new Map<ActiveRun, string>()
  #isLeaving = false

  add (jobId: string): ActiveRun {
    const active = createActiveRun()
    active.isLeaving = this.#isLeaving
    this.#runs.set(active, jobId)
    return active
  }

  remove (active: ActiveRun): void {
    this.#runs.delete(active)
  }

  stop (jobId: string, reason: StopReason): void {
    for (const [active, id] of this.#runs) if (id === jobId) active.stop(reason)
  }

  stopAll (reason: StopReason): void {
    for (const active of this.#runs.keys()) active.stop(reason)
  }

  /** The worker leaves once they are over, also those that are being taken just now. */
  leaveAll (): void {
    this.#isLeaving = true
    for (const active of this.#runs.keys()) active.isLeaving = true
  }

  get size (): number { return this.#runs.size }

  /** Those that have begun, with their runs. */
  get begun (): (ActiveRun & { run: Run })[] {
    return [...this.#runs.keys()].filter((active) => active.run !== undefined) as (ActiveRun & { run: Run })[] // the filter looked
  }
}

function createActiveRun (): ActiveRun {
  const controller = new AbortController()
  let reason: StopReason | undefined
  let stoppedAt: number | undefined
  return {
    signal: controller.signal,
    run: undefined,
    isLeaving: false,
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
