import type { NewEvent } from '../../core/events.ts'
import type { Db, Run } from '../db.ts'
import { loadMove, runMove } from '../script.ts'
import { readNumber, readText } from './reply.ts'

/** `cancelled` tells that somebody asked for the end of the job. A fenced run wrote nothing and is to stop. */
export type Appended = { type: 'kept', cancelled: boolean } | { type: 'fenced' }

export interface Progress {
  value: number
  message: string
}

const SCRIPT = loadMove(new URL('append.lua', import.meta.url))

// A run has one holder, which is one process, so counting in the process numbers every run's batches upwards.
let batches = 0

/** Appends events of a run, in order, and sets the job's progress. */
export async function append (db: Db, run: Run, events: readonly NewEvent[], progress?: Progress): Promise<Appended> {
  batches += 1
  const reply = await runMove(db, SCRIPT, run.jobId, [run.fence, batches, progress ? JSON.stringify(progress) : '', ...flattenEvents(events)])
  return readText(reply, 0) === 'kept' ? { type: 'kept', cancelled: readNumber(reply, 1) === 1 } : { type: 'fenced' }
}

/** Asks for many runs at once whether they still hold their jobs. */
export async function check (db: Db, runs: readonly Run[]): Promise<Map<string, 'held' | 'cancelled' | 'fenced'>> {
  const states = await Promise.all(runs.map(async ({ jobId, fence }) => {
    const [status, current, cancel] = await db.redis.hmget(db.keys.job(jobId), 'status', 'fence', 'cancel')
    if (status !== 'running' || Number(current) !== fence) return [jobId, 'fenced'] as const
    return [jobId, cancel ? 'cancelled' : 'held'] as const
  }))
  return new Map(states)
}

/** Events as the moves take them: type, time, payload, one after the other. */
export function flattenEvents (events: readonly NewEvent[]): (string | number)[] {
  return events.flatMap(({ type, time, payload }) => [type, Math.round(time), JSON.stringify(payload)])
}
