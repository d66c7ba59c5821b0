import { JobError } from '../../core/failures.ts'
import type { JobSpec } from '../../core/job-request.ts'
import type { Db } from '../db.ts'
import { newerRecord, RECORD_VERSION } from '../job-record.ts'
import { FOLD, unfoldRecord } from '../record-fold.ts'
import { openJson, placeOf } from '../sealing.ts'

/** What is needed of a job to make it again. */
export interface Letter {
  id: string
  tenant: string
  status: string
  batchId: string | null
  spec: JobSpec
  finishedAt: number
}

/** Reads a job of any tenant, folded or not; undefined where there is none. Throws UNAVAILABLE for one of a newer version and one that cannot be decrypted, and INTERNAL for one that is damaged. */
export async function readLetter (db: Db, id: string): Promise<Letter | undefined> {
  const [tenant, status, batchId, spec, finishedAt, fold, v] = await db.redis.hmgetBuffer(db.keys.job(id), 'tenant', 'status', 'batchId', 'spec', 'finishedAt', FOLD, 'v')
  if (!tenant || !status) return undefined
  if (Number(v ?? 1) > RECORD_VERSION) throw newerRecord(id, `record version ${String(v)}, and this process knows ${RECORD_VERSION}`)
  try {
    const fields = fold ? await unfoldRecord(db, id, { [FOLD]: fold, tenant }) : { spec: spec ?? undefined, finishedAt: finishedAt ?? undefined }
    return {
      id,
      tenant: tenant.toString(),
      status: status.toString(),
      batchId: batchId?.toString() ?? null,
      spec: openJson(db, String(fields['spec']), placeOf('spec', tenant.toString(), id)) as JobSpec, // accept wrote it, from a validated request
      finishedAt: Number(fields['finishedAt'] ?? Infinity),
    }
  } catch (error) {
    if (error instanceof JobError) throw error
    throw new JobError('INTERNAL', `Cannot read job "${id}": its record is damaged`, { cause: error })
  }
}
