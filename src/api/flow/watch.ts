import { JobError } from '../../core/failures.ts'
import type { Db } from '../../store/db.ts'
import { lookAtCalls, withdrawCall, type CallState } from '../../store/flow/calls.ts'

/** How often calls are looked at that take long. */
const LOOK_EVERY_MS = 1000
/** What a run may take beside its own time: a runner that boots, and code that is compiled. */
const RUN_GRACE_MS = 20_000
/** Looks in a row that have to find nothing of a call before it is given up: its answer may be on the way. */
const LOST_AFTER_LOOKS = 2
/** How long Redis may be away before calls are given up. */
const AWAY_MS = 5000

/** A call that somebody waits for. */
export interface WatchedCall {
  id: string
  timeoutMs: number
  /** Reading of the steady clock. */
  postedAt: number
  reject (error: JobError): void
}

/** What looks have told of a call. */
interface Seen {
  /** Reading of the steady clock when it was first seen to run. */
  runningSince: number | undefined
  unknownLooks: number
}

export interface FlowWatch {
  /** Watches a call until it is told to leave it. */
  add (call: WatchedCall): void
  remove (call: WatchedCall): void
  close (): void
}

/**
 * Looks at the calls that take long, all of them together, once a second, so that none waits for a worker that is gone, for an answer that was lost, or for a Redis that is away or forgot it. A call that finds no worker in
 * time is taken back.
 */
export function watchFlowCalls (db: Db, { caller, startMs }: { caller: string, startMs: number }): FlowWatch {
  const calls = new Map<WatchedCall, Seen>()
  let timer: NodeJS.Timeout | undefined
  let isLooking = false
  let awaySince: number | undefined

  async function look (): Promise<void> {
    const now = performance.now()
    const slow = [...calls.keys()].filter(({ postedAt }) => now - postedAt > LOOK_EVERY_MS)
    if (slow.length === 0 || isLooking) return
    isLooking = true
    try {
      const states = await lookAtCalls(db, caller, slow.map(({ id }) => id))
      awaySince = undefined
      for (const [i, call] of slow.entries()) judge(call, states[i] ?? 'unknown')
    } catch {
      awaySince ??= now
      if (performance.now() - awaySince < AWAY_MS) return
      for (const call of slow) call.reject(new JobError('UNAVAILABLE', 'Cannot finish: Redis, which carries the answer, cannot be reached, so that the code may have run or not; call again if it may run twice'))
    } finally {
      isLooking = false
    }
  }

  function judge (call: WatchedCall, state: CallState): void {
    const seen = calls.get(call)
    if (!seen) return // it was answered meanwhile
    const now = performance.now()
    seen.unknownLooks = state === 'unknown' ? seen.unknownLooks + 1 : 0
    if (state === 'running') seen.runningSince ??= now
    if (state === 'waiting' && now - call.postedAt > startMs) void giveUp(call)
    if (state === 'lost') call.reject(new JobError('WORKER_CRASHED', 'Cannot finish: the worker that ran the code is gone, and how far it came is not known; call again if it may run twice'))
    if (seen.unknownLooks >= LOST_AFTER_LOOKS) call.reject(new JobError('UNAVAILABLE', 'Cannot finish: Redis has lost the call or its answer, so that the code may have run or not; call again if it may run twice'))
    if (now - (seen.runningSince ?? now) < call.timeoutMs + RUN_GRACE_MS) return
    withdrawCall(db, call.id).catch(() => {}) // its worker stops it by itself
    call.reject(new JobError('UNAVAILABLE', 'Cannot finish: the worker did not answer in time; call again if it may run twice'))
  }

  async function giveUp (call: WatchedCall): Promise<void> {
    const hadNotBegun = await withdrawCall(db, call.id).catch(() => true)
    call.reject(new JobError('OVERLOADED', `Cannot run the code: no worker had room for it within ${startMs} ms (BATCHBOX_FLOW_START_MS)${hadNotBegun ? '' : ', and it was stopped as it began'}; call again later`))
  }

  return {
    add (call) {
      calls.set(call, { runningSince: undefined, unknownLooks: 0 })
      timer ??= setInterval(() => { void look() }, LOOK_EVERY_MS)
    },
    remove (call) {
      calls.delete(call)
      if (calls.size === 0) this.close()
    },
    close () {
      clearInterval(timer)
      timer = undefined
    },
  }
}
