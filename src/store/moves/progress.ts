import type { EventType, NewEvent } from '../../core/events.ts'
import type { Progress } from '../../core/job.ts'
import type { Db, Run } from '../db.ts'
import { loadMove, runMove } from '../script.ts'
import { placeOf, sealJson } from '../sealing.ts'
import { readNumber, readText } from './reply.ts'

/** `cancelled` tells that somebody asked for the end of the job. A fenced run wrote nothing and is to stop. */
export type Appended = { type: 'kept', cancelled: boolean } | { type: 'fenced' }

/** What has become of a run: it has its job, which is to be cancelled or not, or it has lost it. */
export type RunState = 'held' | 'cancelled' | 'fenced'

const SCRIPT = loadMove(new URL('append.lua', import.meta.url))

// A run has one holder, which is one process, so counting in the process numbers every run's batches upwards.
let batches = 0

/** Appends events of a run, in order, and sets the job's progress. */
export async function append (db: Db, run: Run, events: readonly NewEvent[], progress?: Progress): Promise<Appended> {
  batches += 1
  const reply = await runMove(db, SCRIPT, run.jobId, [run.fence, run.holder, batches, progress ? sealJson(db, JSON.stringify(progress), placeOf('progress', run.tenant, run.jobId)) : '', progress ? writeShare(progress) : '', ...flattenEvents(db, run, events)])
  return readText(reply, 0) === 'kept' ? { type: 'kept', cancelled: readNumber(reply, 1) === 1 } : { type: 'fenced' }
}

/** How far a run is, as `shards.note` in `shards.lua` adds it up where the job is a shard. */
function writeShare ({ value, fraction, records, bytes, recordsPerSecond = 0 }: Progress): string {
  return [fraction ?? value, records?.read ?? 0, records?.written ?? 0, records?.rejected ?? 0, bytes?.read ?? 0, bytes?.written ?? 0, recordsPerSecond].join(' ')
}

/** Asks for many runs at once whether they still hold their jobs. */
export async function check (db: Db, runs: readonly Run[]): Promise<Map<Run, RunState>> {
  const states = await Promise.all(runs.map(async (run): Promise<[Run, RunState]> => {
    const { jobId, fence, holder } = run
    const [status, currentFence, currentHolder, cancel] = await db.redis.hmget(db.keys.job(jobId), 'status', 'fence', 'holder', 'cancel')
    if (status !== 'running' || Number(currentFence) !== fence || currentHolder !== holder) return [run, 'fenced']
    return [run, cancel ? 'cancelled' : 'held']
  }))
  return new Map(states)
}

/** Events of a run as the moves take them: type, time, payload, one after the other. */
export function flattenEvents (db: Db, run: Run, events: readonly NewEvent[]): (string | number)[] {
  return events.flatMap(({ type, time, payload }) => [type, Math.round(time), sealPayloadOf(db, run, type, payload)])
}

/** Writes what an event tells, encrypted where there is a key. */
export function sealPayloadOf (db: Db, { tenant, jobId }: Run, type: EventType, payload: NewEvent['payload']): string {
  return sealJson(db, JSON.stringify(payload), placeOf('event', tenant, jobId, type))
}
