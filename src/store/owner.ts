import type { Db } from './db.ts'

/** Reads whose a job is, as its record has it; empty for a job that does not exist. What is encrypted is bound to it. */
export async function readOwner ({ redis, keys }: Db, jobId: string): Promise<string> {
  return await redis.hget(keys.job(jobId), 'tenant') ?? ''
}
