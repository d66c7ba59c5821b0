import { LockManager } from 'bullmq'

/** What a worker knows of its hold on a message. */
interface Hold {
  readonly token: string
  /** Readings of the clocks from which the lock runs: before it was asked for, never after. */
  since: Reading
  /** False until Redis has confirmed the lock here: how long the message took to get here is not known. */
  proven: boolean
}

interface Reading {
  steady: number
  wall: number
}

/** Part of a lock's time in which it counts as gone already: what is done then may take effect a little later. */
const MARGIN = 0.2
/** Renewals in the time of a lock. */
const RENEWALS = 4

/**
 * Keeps the locks of the messages that a worker handles, instead of BullMQ's own manager, which counts by the wall clock: set back by an hour,
 * it renews nothing for an hour. Time is counted by the steady clock here. That one may stand still while a machine is suspended,
 * so the wall clock is asked, too: it can only make a lock look older.
 */
export class MessageLocks extends LockManager {
  readonly #holds = new Map<string, Hold>()

  override start (): void {
    if (this.closed) return
    this.lockRenewalTimer = setTimeout(() => {
      this.#renew([...this.#holds.keys()]).catch((error: unknown) => { this.worker.emit('error', toError(error)) }).finally(() => this.start())
    }, this.opts.lockDuration / RENEWALS)
  }

  override trackJob (id: string, token: string, ts: number, createController?: boolean): ReturnType<LockManager['trackJob']> {
    this.#holds.set(id, { token, since: readClocks(), proven: false })
    return super.trackJob(id, token, ts, createController)
  }

  override untrackJob (id: string): void {
    this.#holds.delete(id)
    super.untrackJob(id)
  }

  /** Tells whether the lock surely is this worker's still, as far as its clocks know. */
  isFresh (id: string): boolean {
    const hold = this.#holds.get(id)
    return hold !== undefined && ageOf(hold.since) < this.opts.lockDuration * (1 - MARGIN)
  }

  /** The same, where Redis has confirmed the lock; asks it otherwise. Rejects when Redis cannot be asked. */
  async confirm (id: string): Promise<boolean> {
    if (!this.#holds.get(id)?.proven || !this.isFresh(id)) await this.#renew([id])
    return this.#holds.get(id)?.proven === true && this.isFresh(id)
  }

  /** Has every lock be confirmed again before it is believed in. */
  doubt (): void {
    for (const hold of this.#holds.values()) hold.proven = false
  }

  async #renew (ids: readonly string[]): Promise<void> {
    const asked = ids.map((id) => [id, this.#holds.get(id)] as const).filter((pair): pair is [string, Hold] => pair[1] !== undefined)
    if (asked.length === 0) return
    const since = readClocks()
    const failed = new Set(await this.worker.extendJobLocks(asked.map(([id]) => id), asked.map(([, { token }]) => token), this.opts.lockDuration))
    for (const [id, hold] of asked) {
      hold.proven = !failed.has(id)
      if (hold.proven) hold.since = since
    }
    // A message that is over by now needs no lock.
    const lost = asked.filter(([id, hold]) => failed.has(id) && this.#holds.get(id) === hold).map(([id]) => id)
    if (lost.length > 0) this.worker.emit('lockRenewalFailed', lost)
  }
}

function readClocks (): Reading {
  return { steady: performance.now(), wall: Date.now() }
}

function ageOf ({ steady, wall }: Reading): number {
  return Math.max(performance.now() - steady, Date.now() - wall)
}

function toError (error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
