import { JobError } from '../../core/failures.ts'
import { itemId, itemIndex } from '../../core/ids.ts'
import { buildBrokenLimit, buildFailure, type JobFailure } from '../../core/outcome.ts'
import { TransformResult } from '../../core/transform.ts'
import type { JobRecord } from '../../store/job-record.ts'
import type { Db } from '../../store/db.ts'
import { readJob, readResult } from '../../store/read.ts'
import { TransformFailure } from '../transform/failure.ts'

/** Of the results of all shards: they are in the memory of a worker together. */
const RESULTS_MAX_BYTES = 16_777_216

/** A shard that has succeeded. */
export interface DoneShard {
  id: string
  result: TransformResult
}

/** Reads what all shards ended with, in their order. Throws GONE for one that was deleted, RESULT_TOO_LARGE where they are too much taken together. */
export async function collectResults (db: Db, tenant: string, { batchId, total }: { batchId: string, total: number }): Promise<DoneShard[]> {
  const done: DoneShard[] = []
  let bytes = 0
  for (let index = 0; index < total; index++) {
    const id = itemId(batchId, index)
    const job = await readJob(db, tenant, id)
    bytes += job?.result?.bytes ?? 0
    if (bytes > RESULTS_MAX_BYTES) {
      const limit = buildBrokenLimit('shardResultBytes', RESULTS_MAX_BYTES, bytes)
      throw new TransformFailure(buildFailure('RESULT_TOO_LARGE', `Cannot join the shards: their results have more than ${RESULTS_MAX_BYTES} bytes taken together; have them return less`, { limit }))
    }
    const json = job?.result?.json ?? (job?.result ? await readResult(db, tenant, id) : undefined)
    if (!json) throw new JobError('GONE', `Cannot join the shards: ${nameShard(id, total)} was deleted before`)
    done.push({ id, result: TransformResult.parse(JSON.parse(String(json))) })
  }
  return done
}

/** Says that a job ends because of that shard, and as it did: with its error, which names the record in the whole input. */
export async function describeFailed (db: Db, tenant: string, { total, failed }: { total: number, failed: string }): Promise<{ status: 'failed' | 'dead', error: JobFailure }> {
  const job = await readJob(db, tenant, failed)
  const name = nameShard(failed, total)
  if (!job) return { status: 'failed', error: buildFailure('GONE', `${name} did not succeed, and was deleted`, { name: 'ShardFailed' }) }
  const error = errorOf(job)
  return { status: job.status === 'dead' ? 'dead' : 'failed', error: { ...error, message: `${name} ended as ${job.status}: ${error.message}` } }
}

function errorOf ({ error, status }: JobRecord): JobFailure {
  return error ?? buildFailure('INTERNAL', `it is ${status}, and nothing says why`, { name: 'ShardFailed' })
}

/** As people count, and as they find it. */
function nameShard (id: string, total: number): string {
  return `Shard ${itemIndex(id) + 1} of ${total} (${id})`
}
