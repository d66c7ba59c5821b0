import assert from 'node:assert/strict'
import type { NewEvent } from '../../src/core/events.ts'
import { EMPTY_USAGE } from '../../src/core/outcome.ts'
import type { Db } from '../../src/store/db.ts'
import { begin } from '../../src/store/moves/begin.ts'
import { settle, type Settlement } from '../../src/store/moves/settle.ts'

const RETENTION_MS = 60_000

/** Begins a job as a worker would; answers its run. */
export async function beginRun (db: Db, jobId: string) {
  const begun = await begin(db, { jobId, turn: 1 }, { worker: 'w1', retentionMs: RETENTION_MS })
  assert.equal(begun.type, 'run')
  return begun.run
}

/** Runs a job as a worker would, to that end. */
export async function playWorker (db: Db, jobId: string, members: Partial<Settlement> = {}): Promise<void> {
  const run = await beginRun(db, jobId)
  const settlement: Settlement = { status: 'succeeded', usage: EMPTY_USAGE, isolation: null, error: null, result: '42', events: [], retentionMs: RETENTION_MS, ...members }
  assert.equal((await settle(db, run, settlement)).type, 'settled')
}

/** Waits until the API has accepted a job of the tenant, and answers its id. */
export async function nextJob (db: Db, tenant: string): Promise<string> {
  const key = db.keys.jobs(tenant)
  for (let tries = 0; tries < 1000; tries++) {
    const [id] = await db.redis.zrevrange(key, 0, 0)
    if (id !== undefined) return id
  }
  throw new Error('Cannot find a job: none was accepted')
}

export function logEvent (level: string, message: string, time = Date.now()): NewEvent {
  return { type: 'job.log', time, payload: { level, message } }
}
