import { setTimeout as delay } from 'node:timers/promises'
import type { CheckpointService } from '../core/checkpoint.ts'
import type { Db, Run } from '../store/db.ts'
import type { Durability, Find } from '../store/durability.ts'
import { readCheckpoint, saveCheckpoint, type NewCheckpoint } from '../store/moves/checkpoint.ts'
import type { ActiveRun } from './active-runs.ts'
import type { EventWriter } from './event-writer.ts'

export interface RunCheckpointOptions {
  run: Run
  active: Pick<ActiveRun, 'stop'>
  durability: Pick<Durability, 'confirm'>
  /** What the code did before it saved stands before the save in the job's history. */
  writer: Pick<EventWriter, 'written'>
}

/** Keeps states for one run; of a transform also how far it is. */
export interface RunCheckpoint extends CheckpointService {
  save (json: string, more?: Omit<NewCheckpoint, 'save' | 'json'>): ReturnType<CheckpointService['save']>
}

/** A run that saves more waits, so that no code has Redis write its state as fast as it can: so much at once, and from then on. */
const BURST_BYTES = 8_388_608
const BYTES_PER_MS = 1024

/** Saves under the run's fence, one after another. A run that lost its job is told to stop, and one that was cancelled, too. */
export function createRunCheckpoint (db: Db, { run, active, durability, writer }: RunCheckpointOptions): RunCheckpoint {
  let saves = 0
  let paidAt = 0
  let isLost = false
  let last: Promise<unknown> = Promise.resolve()

  async function saveNow (json: string, more: Omit<NewCheckpoint, 'save' | 'json'>): Promise<'kept' | 'refused' | 'unconfirmed'> {
    await takeTurn(Buffer.byteLength(json))
    if (isLost) return 'refused'
    await writer.written()
    const save = saves += 1
    const saved = await saveCheckpoint(db, run, { ...more, save, json })
    isLost = saved.type === 'fenced'
    if (saved.type === 'fenced') active.stop('fenced')
    else if (saved.cancelled) active.stop('cancel')
    return saved.type === 'fenced' ? 'refused' : confirm(save)
  }

  /** Waits until the bytes before these have had their time, but for the burst. */
  async function takeTurn (bytes: number): Promise<void> {
    const now = performance.now()
    const waitMs = paidAt - now - BURST_BYTES / BYTES_PER_MS
    if (waitMs > 0 && !isLost) await delay(waitMs)
    paidAt = Math.max(paidAt, now) + bytes / BYTES_PER_MS
  }

  /** What another run saved since is no proof: that one may have begun without it. */
  async function confirm (save: number): Promise<'kept' | 'unconfirmed'> {
    const isThere: Find = async (redis) => {
      const [holder, last] = await redis.hmget(db.keys.checkpoint(run.jobId), 'holder', 'save')
      return holder === run.holder && Number(last) >= save
    }
    return durability.confirm(isThere).then(() => 'kept', () => 'unconfirmed')
  }

  return {
    save (json, more = {}) {
      const saving = last.then(() => saveNow(json, more))
      last = saving.catch(() => {}) // whoever called hears of it
      return saving
    },
    load: async () => (await readCheckpoint(db, run.jobId))?.json,
  }
}
