import { sha256 } from '../../core/digest.ts'
import { newId } from '../../core/ids.ts'
import { auditArguments, type Actor, type AuditBounds } from '../audit.ts'
import type { Db } from '../db.ts'
import { loadMove, NO_JOB, runMove } from '../script.ts'

/** What is being done: keys are revoked, jobs stopped and removed, everything else is looked for, late requests are waited for. */
export const STAGES = ['keys', 'jobs', 'names', 'quiet'] as const
export type Stage = typeof STAGES[number]

/**
 * The erasure of a tenant, which workers carry out in steps. It moves from `running` to `done`, once nothing is left of the tenant and nobody can be posting for it
 * any more.
 */
export interface Erasure {
  id: string
  status: 'running' | 'done'
  stage: Stage
  /** Jobs that are still waited for: they run, or are of a newer version and left to its workers. */
  running: number
  /** What was removed so far; `others` are keys of Redis that belong to neither. */
  removed: { keys: number, jobs: number, batches: number, others: number }
  startedAt: number
  finishedAt: number | null
  /** Where the next step goes on. */
  at: string
}

const START = loadMove(new URL('start.lua', import.meta.url))

/**
 * Orders that a tenant be erased, and has every move refuse to make anything for it from now on. Where that was ordered before and goes on, nothing changes. It is noted in the
 * log of the operator's own tenant by the SHA-256 of the name: the name itself is to be gone.
 */
export async function startErasure (db: Db, tenant: string, { by, actor, audit }: { by: string, actor: Actor, audit: AuditBounds }): Promise<void> {
  const digest = sha256(tenant)
  const act = { tenant: by, act: 'tenant.erased', actor, target: `sha256:${digest}`, details: {} } as const
  await runMove(db, START, NO_JOB, [tenant, digest, newId('erasure'), ...auditArguments(act, audit)])
}

/** Reads the erasure of a tenant; undefined where there was none in the last days. Throws an Error for one of a newer version. */
export async function readErasure (db: Db, tenant: string): Promise<Erasure | undefined> {
  const fields = await db.redis.hgetall(db.keys.erasure(tenant))
  if (fields['id'] === undefined) return undefined
  if (fields['v'] !== '1') throw new Error(`Cannot read the erasure of a tenant: its version is ${fields['v']}, this version knows 1`)
  const count = (name: string) => Number(fields[name] ?? 0)
  const at = fields['at'] ?? ''
  // The scripts wrote these.
  return {
    id: fields['id'],
    status: fields['status'] as Erasure['status'],
    stage: at.split(' ')[0] as Stage,
    running: count('running'),
    removed: { keys: count('keys'), jobs: count('jobs'), batches: count('batches'), others: count('others') },
    startedAt: count('startedAt'),
    finishedAt: fields['finishedAt'] === undefined ? null : count('finishedAt'),
    at,
  }
}
