import { isTerminal, type JobStatus } from '../core/status.ts'
import type { Db } from './db.ts'
import { foldStream } from './events.ts'
import { SEALED_VERSION } from './job-record.ts'
import { foldRecord } from './record-fold.ts'
import { loadMove, runMove } from './script.ts'

const SCRIPT = loadMove(new URL('archive.lua', import.meta.url))

/** A history up to this size stands inside the job's hash: a key of its own would cost a hundred bytes more. */
export const INLINE_HISTORY_BYTES = 1024

/**
 * A longer history stays a stream, which reads the same. A job of many attempts may log more than Redis takes in one value (512 MB) or a
 * worker in its memory.
 */
const MAX_HISTORY_BYTES = 64 * 1_048_576

/**
 * Replaces the stream of a job that ended by one compressed value, and folds its record. Answers false, and changes nothing, while the job has not
 * ended; false, too, where the history is too long, and then it is no longer owed. Doing it again, or twice at once, is harmless.
 */
export async function archive (db: Db, jobId: string, { maxBytes = MAX_HISTORY_BYTES } = {}): Promise<boolean> {
  const reading = db.redis.hgetallBuffer(db.keys.job(jobId))
  const tenant = reading.then((fields) => String(fields['tenant'] ?? ''))
  const [history, fields] = await Promise.all([foldStream(db, { jobId, tenant }, maxBytes), reading])
  if (history === 'too long') {
    await db.redis.zrem(db.keys.owedArchive, jobId)
    return false
  }
  const { value = Buffer.of(), last = 0 } = history ?? {}
  // The record may have been read before the job's last change, which the stream then tells.
  const status = fields['status']?.toString() as JobStatus | undefined // a move wrote it
  const isLast = status !== undefined && isTerminal(status) && Number(fields['seq']) === last
  // Whoever does not know what is encrypted is to leave it alone.
  const version = db.cipher.keyIds.length === 0 ? [] : ['v', Math.max(SEALED_VERSION, Number(fields['v'] ?? 1))]
  const record = isLast ? [...await foldRecord(db, jobId, fields), ...version] : []
  return await runMove(db, SCRIPT, jobId, [last, value, INLINE_HISTORY_BYTES, ...record]) === 1
}
