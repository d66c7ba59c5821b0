import type { Db } from './db.ts'
import { foldStream } from './events.ts'
import { loadMove, runMove } from './script.ts'

const SCRIPT = loadMove(new URL('archive.lua', import.meta.url))

/**
 * Replaces the stream of a job that ended by one compressed value. Answers false, and changes nothing, while the job has not
 * ended. Doing it again, or twice at once, is harmless.
 */
export async function archive (db: Db, jobId: string): Promise<boolean> {
  const fold = await foldStream(db, jobId)
  return await runMove(db, SCRIPT, jobId, [fold?.last ?? 0, fold?.value ?? '']) === 1
}
