import { shardsId } from '../../core/ids.ts'
import type { Db } from '../db.ts'
import { persist } from '../script.ts'

/** Where a shard begins. */
export interface ShardStart {
  records: number
  bytes: number
}

/** Where the shards of a job stand. */
export interface ShardsState {
  batchId: string
  /** `none` were made, they are under `way`, or all have `ended`. */
  state: 'none' | 'way' | 'ended'
  total: number
  /** Id of the first that ended otherwise than it should. */
  failed: string | null
  /** Where they begin, if that was found out and they were not made for want of room. */
  starts: ShardStart[] | null
}

/** Reads where the shards of a job stand. */
export async function readShards (db: Db, jobId: string): Promise<ShardsState> {
  const batchId = shardsId(jobId)
  const [[total, finishedAt, failed], starts] = await persist(db, () => Promise.all([
    db.redis.hmget(db.keys.batch(batchId), 'total', 'finishedAt', 'failed'),
    db.redis.hget(db.keys.job(jobId), 'starts'),
  ]))
  return {
    batchId,
    state: total === null || total === undefined ? 'none' : finishedAt ? 'ended' : 'way',
    total: Number(total ?? 0),
    failed: failed ?? null,
    starts: starts ? JSON.parse(starts) as ShardStart[] : null, // wait.lua keeps what writeShards wrote
  }
}
