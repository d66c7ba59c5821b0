import { JobError } from '../core/failures.ts'
import { timeOfId } from '../core/ids.ts'
import type { JobSpec } from '../core/job-request.ts'
import { buildFailure } from '../core/outcome.ts'
import { checkVersion, parseJobRecord, type JobRecord } from './job-record.ts'
import type { Fields } from './record-fold.ts'
import type { Sealing } from './sealing.ts'

/** What a record tells without a key, folded or not. */
const SHOWN = ['v', 'tenant', 'status', 'code', 'batchId', 'shards', 'replayOf', 'replayedAs', 'attempt', 'turn', 'seq', 'createdAt', 'startedAt', 'finishedAt', 'expiresAt', 'traceparent', 'usage']
const UNKNOWN_SPEC = { priority: 'normal', tags: {}, delayMs: 0 } satisfies Partial<JobSpec>

/** A record as lists show it; `unreadable` says why it could not be decrypted. */
export interface ListedRecord extends JobRecord {
  unreadable?: JobError
}

/**
 * Reads a record for a list, where one that cannot be decrypted, or is damaged, is to keep nothing from the others: it is shown with what can be read without a key, and why as its error. Throws as `parseJobRecord`
 * does for one of a newer version.
 */
export async function parseListedRecord (sealing: Sealing, id: string, fields: Fields): Promise<ListedRecord> {
  checkVersion(id, fields)
  try {
    return await parseJobRecord(sealing, id, fields)
  } catch (error) {
    const unreadable = error instanceof JobError ? error : new JobError('INTERNAL', 'its record is damaged', { cause: error })
    return { ...await parseJobRecord(sealing, id, withoutSealed(id, fields, unreadable)), unreadable }
  }
}

/** The job as it is shown where its result cannot be decrypted. */
export function withUnreadable (job: JobRecord, { code, message }: JobError): JobRecord {
  return { ...job, result: null, error: describe(job.id, code, message) }
}

function withoutSealed (id: string, fields: Fields, { code, message }: JobError): Fields {
  const written = { createdAt: timeOfId(id), seq: 0, attempt: 1, spec: JSON.stringify(UNKNOWN_SPEC), error: JSON.stringify(describe(id, code, message)) }
  const shown: Record<string, Buffer | undefined> = Object.fromEntries(Object.entries(written).map(([name, value]) => [name, Buffer.from(String(value))]))
  for (const name of SHOWN) shown[name] = fields[name] ?? shown[name]
  return shown
}

function describe (id: string, code: JobError['code'], message: string) {
  return buildFailure(code, `Cannot read job "${id}": ${message}`, { name: 'Unreadable' })
}
