import { randomBytes } from 'node:crypto'
import type { Db } from './db.ts'
import { readNumber, readText } from './moves/reply.ts'
import { loadMove, NO_JOB, runMove } from './script.ts'

/** What Redis says of itself: its epoch, and how to tell whether it lost writes since somebody asked before. */
export interface Pulse {
  /** Drawn when the service first starts on this Redis, and again whenever somebody finds that writes were lost. */
  epoch: string
  /** Grows with every pulse that this process takes. */
  count: number
  /** Of the data set that the server has, by its own word: another after a failover, and after most restarts. */
  replicationId: string
}

/** A process that took no pulse for so long is forgotten; it takes its next one for a loss, and does no harm. */
const TTL_MS = 3_600_000
const SCRIPT = loadMove(new URL('pulse.lua', import.meta.url))
/** Not the name of the worker: two on machines of one name may have the same. */
const SELF = randomBytes(9).toString('base64url')

/** Takes the pulse of Redis, given the one that was taken before. */
export async function takePulse (db: Db, before: Pulse | undefined): Promise<Pulse> {
  const fresh = randomBytes(9).toString('base64url')
  const reply = await runMove(db, SCRIPT, NO_JOB, [SELF, before?.count ?? 0, TTL_MS, before?.epoch ?? '', fresh])
  const info = await db.redis.info('replication')
  return { count: readNumber(reply, 0), epoch: readText(reply, 1), replicationId: /^master_replid:(\w+)/m.exec(info)?.[1] ?? '' }
}

/** Tells what lies between two pulses: nothing, another server that may have lost the last writes, or a loss that is certain. */
export function comparePulses (before: Pulse, after: Pulse): 'same' | 'moved' | 'lost' {
  if (after.epoch !== before.epoch || after.count <= before.count) return 'lost'
  return after.replicationId === before.replicationId ? 'same' : 'moved'
}
