import { JobError, type FailureCode } from '../../core/failures.ts'
import type { ReplayBounds, ReplayChange } from '../../core/replay-request.ts'
import { isTerminal, JobStatus } from '../../core/status.ts'
import { auditArguments, type Actor, type AuditBounds, type NewAct } from '../audit.ts'
import type { Db } from '../db.ts'
import type { Idempotency } from '../moves/accept.ts'
import { readText } from '../moves/reply.ts'
import { loadMove, NO_JOB, runMove } from '../script.ts'
import { openJson, placeOf, sealJson } from '../sealing.ts'
import { readReachedBound, writeRoomBounds, type ReachedBound, type RoomBounds } from '../tenant-room.ts'

/** Dead letters by what they are. All members must fit. */
export interface DeadFilter {
  diedOf?: FailureCode | undefined
  tag?: { name: string, value: string } | undefined
  batchId?: string | undefined
  /** Milliseconds of the Unix epoch that they were made in, both included. */
  since?: number | undefined
  until?: number | undefined
}

/** Which dead letters: those of the ids, or those that fit. */
export type Choice = { ids: string[] } | DeadFilter

/** What a replay of many changes, and the bounds of whoever ordered it. */
export interface SweepChange extends ReplayChange {
  bounds: ReplayBounds
  /** What the tenant may have: no more jobs are made while it has that. */
  room: RoomBounds
}

export type SweepAction = 'replay' | 'purge'
export type SweepStatus = 'running' | 'done' | 'cancelled'

/**
 * An order to replay or to purge many dead letters, which workers carry out in steps. It moves from `running` to `done`, once every letter was looked at and
 * every job that was made has ended, or to `cancelled`.
 */
export interface Sweep {
  id: string
  tenant: string
  action: SweepAction
  status: SweepStatus
  choice: Choice
  /** Null for a purge. */
  change: SweepChange | null
  /** Letters to look at, and those that were. */
  total: number
  seen: number
  /** Letters that were replayed or purged. */
  done: number
  /** Letters that fit but were replayed before, or are gone. */
  skipped: number
  /** Letters that cannot be replayed, and why the last of them could not. */
  refused: number
  refusal: string | null
  /** Jobs that were made, by how they ended; `removed` where nobody knows any more. */
  ended: Partial<Record<JobStatus | 'removed', number>>
  inFlight: number
  /** All letters were looked at: what is left is to follow the jobs that were made. */
  isThrough: boolean
  /** Where the next step goes on; empty at the start. */
  at: string
  createdAt: number
  finishedAt: number | null
}

export interface NewSweep {
  id: string
  tenant: string
  choice: Choice
  /** Of a replay; null purges. */
  change: SweepChange | null
  /** Leaves the first steps to the caller: workers come to it later. */
  headStart?: boolean
  idempotency?: Idempotency
  /** Who orders it, which is noted with it, and how much is kept of such notes. */
  actor: Actor
  audit: AuditBounds
}

/** `repeated` names the one that the idempotency key was first used for. `busy`: the tenant has as many under way as it may. `full`: it has as many idempotency keys. */
export type StartedSweep = { type: 'started' | 'repeated', id: string } | { type: 'mismatch' } | { type: 'busy' } | { type: 'full' } & ReachedBound

/** How long an order can be read after it ended. */
export const SWEEP_KEPT_MS = 7 * 86_400_000
/** A step takes a fraction of that; whoever holds one for longer is taken for dead. */
export const LEASE_MS = 10_000
/** Orders of one tenant under way at one time. */
export const SWEEPS_PER_TENANT = 10

const START = loadMove(new URL('sweep-start.lua', import.meta.url))
const CANCEL = loadMove(new URL('sweep-cancel.lua', import.meta.url))
const ENDED: readonly (JobStatus | 'removed')[] = [...JobStatus.options.filter(isTerminal), 'removed']

/** Orders that dead letters are replayed or purged: those that are dead by now. */
export async function startSweep (db: Db, sweep: NewSweep): Promise<StartedSweep> {
  const { id, tenant, choice, change, headStart = false, idempotency } = sweep
  const [index, filter, count] = 'ids' in choice ? ['', {}, choice.ids.length] as const : [indexOf(db, tenant, choice), choice, 0] as const
  const reply = await runMove(db, START, NO_JOB, [
    id, tenant, change ? 'replay' : 'purge', sealJson(db, JSON.stringify(choice), placeOf('sweep', tenant, id)), JSON.stringify(change), SWEEPS_PER_TENANT,
    index, filter.since ?? '-inf', filter.until ?? '', count,
    idempotency ? db.keys.idempotency(tenant, idempotency.key) : '', idempotency?.bodyHash ?? '', idempotency?.ttlMs ?? 0, headStart ? LEASE_MS : 0,
    writeRoomBounds({ idempotencyKeys: change?.room.idempotencyKeys }),
    ...auditArguments(describeSweep(sweep), sweep.audit),
  ])
  const type = readText(reply, 0) as StartedSweep['type'] // sweep-start.lua has these five
  if (type === 'full') return { type, ...readReachedBound(reply) }
  return type === 'started' || type === 'repeated' ? { type, id: readText(reply, 1) } : { type }
}

/** The order as the log of what administrators do has it. */
export function describeSweep ({ id, tenant, choice, change, actor }: NewSweep): NewAct {
  const chosen = 'ids' in choice ? { ids: choice.ids.length } : { filter: choice }
  return { tenant, act: change ? 'dead-letters.replayed' : 'dead-letters.purged', actor, target: id, details: chosen }
}

/** The index that holds all letters that a filter may fit. */
export function indexOf (db: Db, tenant: string, { diedOf }: DeadFilter): string {
  return diedOf ? db.keys.dead(tenant, diedOf) : db.keys.jobs(tenant, 'dead')
}

/** Reads a tenant's order; undefined for another tenant's, one of the other action, and one that ended long ago. */
export async function readSweep (db: Db, { tenant, action, id }: Pick<Sweep, 'tenant' | 'action' | 'id'>): Promise<Sweep | undefined> {
  const [fields, inFlight] = await Promise.all([db.redis.hgetall(db.keys.sweep(id)), db.redis.scard(db.keys.sweepFlight(id))])
  const sweep = fields['tenant'] === undefined ? undefined : parseSweep(db, id, fields, inFlight)
  return sweep?.tenant === tenant && sweep.action === action ? sweep : undefined
}

/** Ends an order: no further letter is looked at. Jobs that it made go on. Answers false where the tenant has no such order. */
export async function cancelSweep (db: Db, { tenant, action, id }: Pick<Sweep, 'tenant' | 'action' | 'id'>): Promise<boolean> {
  return await runMove(db, CANCEL, NO_JOB, [id, tenant, action, SWEEP_KEPT_MS]) === 1
}

/** Writes why letters were refused, which may name what is encrypted of their jobs. */
export function writeRefusal (db: Db, { tenant, id }: Pick<Sweep, 'tenant' | 'id'>, message: string): string {
  return message === '' || db.cipher.keyIds.length === 0 ? message : sealJson(db, JSON.stringify({ message }), placeOf('sweep', tenant, id, 'refusal'))
}

/** Without a key it stands as it is. One that cannot be decrypted keeps no step from being made. */
function readRefusal (db: Db, id: string, { refusal, tenant = '' }: Readonly<Record<string, string>>): string | null {
  if (!refusal?.startsWith('{')) return refusal ?? null
  try {
    return (openJson(db, refusal, placeOf('sweep', tenant, id, 'refusal')) as { message: string }).message // writeRefusal wrote it
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    return error.message
  }
}

/** Reads the fields of an order. Throws UNAVAILABLE for one of a newer version, and one that cannot be decrypted. */
export function parseSweep (db: Db, id: string, fields: Readonly<Record<string, string>>, inFlight: number): Sweep {
  const count = (name: string) => Number(fields[name] ?? 0)
  if (fields['v'] !== '1') throw new JobError('UNAVAILABLE', `Cannot read order "${id}": a newer version of the service wrote it (version ${fields['v']}, and this process knows 1); ask again, another process may know it`)
  // The scripts wrote these, from values that were validated before.
  return {
    id,
    tenant: fields['tenant'] ?? '',
    action: fields['action'] as SweepAction,
    status: fields['status'] as SweepStatus,
    choice: openJson(db, fields['choice'] ?? '{}', placeOf('sweep', fields['tenant'] ?? '', id)) as Choice,
    change: JSON.parse(fields['change'] ?? 'null') as SweepChange | null,
    total: Math.max(count('total'), count('seen')), // what dies meanwhile is looked at, too
    seen: count('seen'),
    done: count('done'),
    skipped: count('skipped'),
    refused: count('refused'),
    refusal: readRefusal(db, id, fields),
    ended: Object.fromEntries(ENDED.filter((status) => count(`ended:${status}`) > 0).map((status) => [status, count(`ended:${status}`)])),
    inFlight,
    isThrough: fields['all'] === '1',
    at: fields['at'] ?? '',
    createdAt: count('createdAt'),
    finishedAt: fields['finishedAt'] === undefined ? null : count('finishedAt'),
  }
}
