import type { Db, Run } from '../store/db.ts'
import { giveBack } from '../store/moves/give-back.ts'
import { hastenDispatch } from '../store/reap.ts'

/** How long after a run was settled its message may still be on its way out of the queue, while Redis is there. */
const KEEP_MS = 10_000

/** A run that was settled, and the message that it came with. */
interface End {
  run: Run
  turn: number
  /** Reading of the steady clock. */
  at: number
}

/**
 * The runs of this worker that were settled lately. A primary that is lost may take a settlement along that it had answered, and its successor then
 * hears that the message is over, which is true no more: nobody would run the job before its deadline. So the worker looks again.
 */
export class RecentEnds {
  #ends: End[] = []
  /** When Redis was there last, as far as this was told. */
  #thereAt = performance.now()

  /** Is to be called as soon as the settlement was answered, before its message is said to be over. */
  add (end: Omit<End, 'at'>): void {
    const at = this.#thereAt = performance.now()
    this.#prune()
    this.#ends.push({ ...end, at })
  }

  /** Puts jobs back whose runs ended here and, by what Redis knows, did not. Answers how many. Nothing is charged for it. */
  async reclaim (db: Db, retentionMs: number): Promise<number> {
    this.#prune()
    const given = await Promise.all(this.#ends.map(async ({ run, turn }) => {
      const answer = await giveBack(db, run, { retentionMs, reason: 'forgotten' })
      // The begin of the run may be forgotten, too: the job waits for a message, and may have none.
      if (answer.type === 'fenced') await hastenDispatch(db, { jobId: run.jobId, turn })
      return answer.type === 'given'
    }))
    this.#thereAt = performance.now()
    return given.filter(Boolean).length
  }

  /** An outage may be as long as it likes. */
  #prune (): void {
    this.#ends = this.#ends.filter(({ at }) => this.#thereAt - at < KEEP_MS)
  }
}
