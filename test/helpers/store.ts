import type { TestContext } from 'node:test'
import type { EncryptionKey } from '../../src/core/encryption-keys.ts'
import { newId } from '../../src/core/ids.ts'
import { buildJobRequest, type JobRequest } from '../../src/core/job-request.ts'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import { EMPTY_USAGE } from '../../src/core/outcome.ts'
import { openDb, type Db, type Run } from '../../src/store/db.ts'
import { accept } from '../../src/store/moves/accept.ts'
import { begin, type BegunJob } from '../../src/store/moves/begin.ts'
import type { Settlement } from '../../src/store/moves/settle.ts'
import { redisForTest } from './redis.ts'

export const TENANT = 'acme'
export const RETENTION_MS = 60_000

const Request = buildJobRequest(DEFAULT_LIMIT_POLICY, [])

/** Opens a store under a prefix of its own; its connection ends with the test. */
export async function openStore (t: TestContext, encryptionKeys: readonly EncryptionKey[] = []): Promise<Db & { url: string }> {
  const { url, prefix } = await redisForTest(t)
  return openSameStore(t, { url, keys: { prefix } }, encryptionKeys)
}

/** Opens a store once more, as another process does. */
export function openSameStore (t: TestContext, { url, keys: { prefix } }: { url: string, keys: { prefix: string } }, encryptionKeys: readonly EncryptionKey[]): Db & { url: string } {
  const db = openDb({ url, prefix, encryptionKeys, failFast: false, onError: (error) => t.diagnostic(error.message) })
  t.after(() => db.close())
  return { ...db, url }
}

/** A valid request, with what the test cares about. */
export function request (members: Record<string, unknown> = {}): JobRequest {
  return Request.parse({ code: 'export default (x) => x', input: { a: 1 }, ...members })
}

/** Accepts a job and answers its id. */
export async function acceptJob (db: Db, members: Record<string, unknown> = {}): Promise<string> {
  const id = newId('job')
  await accept(db, { id, tenant: TENANT, request: request(members), traceparent: null })
  return id
}

/** Begins a run of a job, in its current turn unless told another; throws unless it may run. */
export async function beginJob (db: Db, jobId: string, turn?: number): Promise<{ run: Run, job: BegunJob }> {
  const current = Number(await db.redis.hget(db.keys.job(jobId), 'turn') ?? 1)
  const begun = await begin(db, { jobId, turn: turn ?? current }, { worker: 'w1', retentionMs: RETENTION_MS })
  if (begun.type !== 'run') throw new Error(`Cannot begin ${jobId}: ${JSON.stringify(begun)}`)
  return begun
}

/** A settlement that succeeds, with what the test cares about. */
export function settlement (members: Partial<Settlement> = {}): Settlement {
  return { status: 'succeeded', usage: EMPTY_USAGE, isolation: null, error: null, result: '42', events: [], retentionMs: RETENTION_MS, ...members }
}

/** Every key under the store's prefix but the counts of what happened, which outlive every job. */
export async function allKeys (db: Db): Promise<string[]> {
  const keys = await db.redis.keys('*')
  return keys.filter((key) => key.startsWith(db.keys.prefix) && key !== db.keys.totals && !key.startsWith(`${db.keys.prefix}:stats:`)).map((key) => key.slice(db.keys.prefix.length + 1)).sort()
}
