import assert from 'node:assert/strict'
import { itemId, shardsId } from '../../src/core/ids.ts'
import { buildFailure } from '../../src/core/outcome.ts'
import type { Db, Run } from '../../src/store/db.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { readJob } from '../../src/store/read.ts'
import { reconcile } from '../../src/store/reconcile/reconcile.ts'
import { waitForShards, type NewShards } from '../../src/store/shards/wait.ts'
import { acceptJob, beginJob, request, RETENTION_MS, settlement, TENANT } from './store.ts'

export const FAILED = { status: 'failed', error: buildFailure('USER_ERROR', 'boom') } as const

/** So many shards as they are made. */
export function newShards (total: number, members: Partial<NewShards> = {}): NewShards {
  const { code: _, input: __, ...spec } = request({ tags: { a: 'b' }, priority: 'high' })
  return { spec, inputs: Array.from({ length: total }, (_, index) => JSON.stringify({ index })), starts: [], retentionMs: RETENTION_MS, ...members }
}

/** A job that waits for that many shards. */
export async function startWaiting (db: Db, total: number, members: Record<string, unknown> = {}): Promise<{ id: string, batch: string, run: Run, shards: string[] }> {
  const id = await acceptJob(db, members)
  const { run } = await beginJob(db, id)
  assert.equal((await waitForShards(db, run, newShards(total))).type, 'shards')
  const batch = shardsId(id)
  return { id, batch, run, shards: Array.from({ length: total }, (_, index) => itemId(batch, index)) }
}

/** Runs a job to that end. */
export async function endJob (db: Db, id: string, members = {}): Promise<void> {
  const { run } = await beginJob(db, id)
  await settle(db, run, settlement(members))
}

/** The state of a job. */
export async function statusOf (db: Db, id: string) {
  return (await readJob(db, TENANT, id))?.status
}

/** Turns of a job that are owed, wait or are scheduled. */
export async function turnsOf (db: Db, id: string): Promise<string[]> {
  const lists = [db.keys.owedDispatch, db.keys.scheduled, ...(['critical', 'high', 'normal', 'low'] as const).map((priority) => db.keys.waiting(TENANT, priority))]
  return (await Promise.all(lists.map((list) => db.redis.zrange(list, 0, '-1')))).flat().filter((member) => member.startsWith(id))
}

/** Compares everything with the records; answers how much was amiss. */
export async function passOver (db: Db): Promise<number> {
  const repairs = await Array.fromAsync(reconcile(db, { onError: (error) => { throw error } }))
  return repairs.reduce((sum, count) => sum + count, 0)
}
