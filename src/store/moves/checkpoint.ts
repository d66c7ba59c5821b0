import type { Db, Run } from '../db.ts'
import { readOwner } from '../owner.ts'
import { loadMove, persist, runMove } from '../script.ts'
import { packSealed, placeOf, unpackSealed } from '../sealing.ts'
import { readNumber, readText } from './reply.ts'

/** State that a job's code saved. `savedAt` in milliseconds of Redis's clock; `json` is JSON text of so many bytes. */
export interface Checkpoint {
  /** Counts the saves of the job, from 1, over all its runs. */
  number: number
  /** Number of the run that saved it. */
  run: number
  attempt: number
  savedAt: number
  bytes: number
  json: string
}

/** `cancelled` tells that somebody asked for the end of the job. A fenced run wrote nothing and is to stop. */
export type Saved = { type: 'kept', number: number, cancelled: boolean } | { type: 'fenced' }

const SCRIPT = loadMove(new URL('checkpoint.lua', import.meta.url))

/**
 * Keeps the state that a run saved, in place of the one before, and tells so in the job's history. The saves of a run are made one after
 * another, each under another number, `save`: the one that was written last may be sent again.
 */
export async function saveCheckpoint (db: Db, run: Run, { save, json }: { save: number, json: string }): Promise<Saved> {
  const state = await packSealed(db, json, placeOf('checkpoint', run.tenant, run.jobId))
  const reply = await runMove(db, SCRIPT, run.jobId, [run.fence, run.holder, save, Buffer.byteLength(json), state])
  return readText(reply, 0) === 'kept' ? { type: 'kept', number: readNumber(reply, 1), cancelled: readNumber(reply, 2) === 1 } : { type: 'fenced' }
}

/** Reads what a job's code saved last; undefined where it saved nothing. */
export async function readCheckpoint (db: Db, jobId: string): Promise<Checkpoint | undefined> {
  const [state, ...figures] = await persist(db, () => db.redis.hmgetBuffer(db.keys.checkpoint(jobId), 'state', 'number', 'run', 'attempt', 'savedAt', 'bytes'))
  if (!state) return undefined
  const [number, run, attempt, savedAt, bytes] = figures.map(Number) as [number, number, number, number, number] // checkpoint.lua wrote them all
  const place = placeOf('checkpoint', await persist(db, () => readOwner(db, jobId)), jobId)
  return { number, run, attempt, savedAt, bytes, json: (await unpackSealed(db, state, place)).toString() }
}
