import type { CheckpointService } from '../core/checkpoint.ts'
import type { Db, Run } from '../store/db.ts'
import type { Durability, Find } from '../store/durability.ts'
import { readCheckpoint, saveCheckpoint } from '../store/moves/checkpoint.ts'
import type { ActiveRun } from './active-runs.ts'
import type { EventWriter } from './event-writer.ts'

export interface RunCheckpointOptions {
  run: Run
  active: Pick<ActiveRun, 'stop'>
  durability: Pick<Durability, 'confirm'>
  /** What the code did before it saved stands before the save in the job's history. */
  writer: Pick<EventWriter, 'written'>
}

/** Saves under the run's fence, one after another. A run that lost its job is told to stop, and one that was cancelled, too. */
export function createRunCheckpoint (db: Db, { run, active, durability, writer }: RunCheckpointOptions): CheckpointService {
  let saves = 0
  let last: Promise<unknown> = Promise.resolve()

  async function saveNow (json: string): Promise<'kept' | 'refused' | 'unconfirmed'> {
    await writer.written()
    const save = saves += 1
    const saved = await saveCheckpoint(db, run, { save, json })
    if (saved.type === 'fenced') active.stop('fenced')
    else if (saved.cancelled) active.stop('cancel')
    return saved.type === 'fenced' ? 'refused' : confirm(save)
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
    save (json) {
      const saving = last.then(() => saveNow(json))
      last = saving.catch(() => {}) // whoever called hears of it
      return saving
    },
    load: async () => (await readCheckpoint(db, run.jobId))?.json,
  }
}
