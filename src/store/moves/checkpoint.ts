import type { RunOutput } from '../../core/file.ts'
import type { RecordPosition } from '../../core/records.ts'
import type { TransformFigures } from '../../core/transform.ts'
import type { Db, Run } from '../db.ts'
import { outputArguments } from '../files/outputs.ts'
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
  /** How far a transform was with that state; null for a state that the code of another job saved. */
  work: CommittedWork | null
}

/** How far a transform is: what the next run goes on from, beside the state of its code. */
export interface CommittedWork {
  position: RecordPosition
  figures: TransformFigures
  /** What the writer of its output needs to know. JSON. */
  writer: unknown
}

/** A state that is to be kept. */
export interface NewCheckpoint {
  /** Counts the saves of the run. */
  save: number
  /** JSON text. */
  json: string
  work?: CommittedWork
  /** Files of the job, as they are with that state. */
  outputs?: readonly RunOutput[]
  /** It is further than any before: deaths from now on are counted anew. */
  isFurther?: boolean
  /** Whether the history tells of it; without it, it does. */
  isTold?: boolean
}

/** `cancelled` tells that somebody asked for the end of the job. A fenced run wrote nothing and is to stop. */
export type Saved = { type: 'kept', number: number, cancelled: boolean } | { type: 'fenced' }

const SCRIPT = loadMove(new URL('checkpoint.lua', import.meta.url))

/** Ends what is known of the work, in one line, where there is any; the state follows. */
const NEWLINE = '\n'
const WORK_FORM = 'work'

/**
 * Keeps the state that a run saved, in place of the one before, with the outputs that belong to it. The saves of a run are made one after
 * another, each under another number, `save`: the one that was written last may be sent again.
 */
export async function saveCheckpoint (db: Db, run: Run, { save, json, work, outputs = [], isFurther = false, isTold = true }: NewCheckpoint): Promise<Saved> {
  // The state may nest deeper than this process can write, so it is not put into other JSON.
  const state = await packSealed(db, work ? JSON.stringify(work) + NEWLINE + json : json, placeOf('checkpoint', run.tenant, run.jobId))
  const figures = work ? `,"transform":${JSON.stringify(work.figures)}` : ''
  const reply = await runMove(db, SCRIPT, run.jobId, [
    run.fence, run.holder, save, Buffer.byteLength(json), state, work ? WORK_FORM : '', isFurther ? 1 : 0, isTold ? 1 : 0, figures, outputs.length, ...outputArguments(outputs),
  ])
  return readText(reply, 0) === 'kept' ? { type: 'kept', number: readNumber(reply, 1), cancelled: readNumber(reply, 2) === 1 } : { type: 'fenced' }
}

/** Reads what a job's code saved last; undefined where it saved nothing. */
export async function readCheckpoint (db: Db, jobId: string): Promise<Checkpoint | undefined> {
  const [state, form, ...figures] = await persist(db, () => db.redis.hmgetBuffer(db.keys.checkpoint(jobId), 'state', 'form', 'number', 'run', 'attempt', 'savedAt', 'bytes'))
  if (!state) return undefined
  const [number, run, attempt, savedAt, bytes] = figures.map(Number) as [number, number, number, number, number] // checkpoint.lua wrote them all
  const place = placeOf('checkpoint', await persist(db, () => readOwner(db, jobId)), jobId)
  const text = (await unpackSealed(db, state, place)).toString()
  const end = form?.toString() === WORK_FORM ? text.indexOf(NEWLINE) : -1
  const work = end < 0 ? null : JSON.parse(text.slice(0, end)) as CommittedWork // saveCheckpoint wrote it
  return { number, run, attempt, savedAt, bytes, json: text.slice(end + 1), work }
}
