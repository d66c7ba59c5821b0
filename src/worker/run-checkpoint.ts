import type { CheckpointService } from '../core/checkpoint.ts'
import type { Db, Run } from '../store/db.ts'
import { readCheckpoint, saveCheckpoint } from '../store/moves/checkpoint.ts'
import type { ActiveRun } from './active-runs.ts'

/** Saves under the run's fence, one after another. A run that lost its job is told to stop, and one that was cancelled, too. */
export function createRunCheckpoint (db: Db, run: Run, active: Pick<ActiveRun, 'stop'>): CheckpointService {
  let saves = 0
  let last: Promise<unknown> = Promise.resolve()

  async function saveNow (json: string): Promise<'kept' | 'refused'> {
    saves += 1
    const saved = await saveCheckpoint(db, run, { save: saves, json })
    if (saved.type === 'fenced') active.stop('fenced')
    else if (saved.cancelled) active.stop('cancel')
    return saved.type === 'fenced' ? 'refused' : 'kept'
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
