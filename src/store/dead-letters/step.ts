import { JobError } from '../../core/failures.ts'
import { newId } from '../../core/ids.ts'
import { buildReplaySpec } from '../../core/replay-request.ts'
import { unreachable } from '../../core/unreachable.ts'
import type { Db } from '../db.ts'
import type { DispatchRef } from '../deals.ts'
import { replay } from '../moves/replay.ts'
import { readNumber, readText } from '../moves/reply.ts'
import { TOMBSTONE_MS } from '../reap.ts'
import { loadMove, NO_JOB, runMove, type Reply } from '../script.ts'
import { formatPosition, parsePosition, readIndex } from '../walk.ts'
import { readLetter, type Letter } from './letter.ts'
import { indexOf, LEASE_MS, parseSweep, SWEEP_KEPT_MS, writeRefusal, type Sweep } from './sweeps.ts'

/** How fast an order is carried out. */
export interface Pace {
  /** Jobs that a replay makes in a second, on average. */
  perSecond: number
  /** Jobs that a replay made and that have not ended, at the most. */
  inFlight: number
}

/** Letters looked at in one step. */
const LOOK = 200
/** Jobs made in one step, at the most; a slow pace makes fewer, more evenly. */
const MADE_MAX = 50
const STEPS_PER_SECOND = 4
/** Until it is looked again whether jobs in flight have ended. */
const FULL_REST_MS = 250

const TAKE = loadMove(new URL('sweep-take.lua', import.meta.url))
const STEP = loadMove(new URL('sweep-step.lua', import.meta.url))
const PURGE = loadMove(new URL('purge.lua', import.meta.url))

/** What was made of the letters that a step looked at. */
interface Tally {
  seen: number
  made: number
  skipped: number
  refused: number
  refusal: string
  at: string
  isLast: boolean
  deals: DispatchRef[]
}

/**
 * Makes the next step that is due, or one of that order, due or not. Answers the messages that the caller is to send; undefined where nothing is due. Steps of
 * one order are taken by one caller at a time; one that is made twice all the same, after a crash or beside a caller that stood still, makes nothing twice.
 */
export async function stepSweep (db: Db, pace: Pace, onlyId = ''): Promise<DispatchRef[] | undefined> {
  const reply = await runMove(db, TAKE, NO_JOB, [onlyId, LEASE_MS])
  if (reply === null) return undefined
  const sweep = parseSweep(db, readText(reply, 0), readFields(reply, 2), readNumber(reply, 1))
  const room = sweep.action === 'purge' ? LOOK : Math.min(MADE_MAX, Math.ceil(pace.perSecond / STEPS_PER_SECOND), pace.inFlight - sweep.inFlight)
  const tally = room > 0 && !sweep.isThrough ? await workThrough(db, sweep, room) : emptyTally(sweep)
  const restMs = sweep.action === 'purge' ? 0 : Math.max(Math.ceil(tally.made * 1000 / pace.perSecond), tally.at === sweep.at ? FULL_REST_MS : 0)
  const { seen, skipped, refused } = tally
  await runMove(db, STEP, NO_JOB, [
    sweep.id, sweep.at, tally.at, tally.isLast ? 1 : 0, restMs, SWEEP_KEPT_MS, writeRefusal(db, sweep, tally.refusal),
    ...Object.entries({ seen, skipped, refused }).flat(),
  ])
  return tally.deals
}

function readFields (reply: Reply, from: number): Record<string, string> {
  const items = Array.isArray(reply) ? reply.slice(from).map(String) : []
  return Object.fromEntries(Array.from({ length: items.length / 2 }, (_, i) => [items[2 * i], items[2 * i + 1]]))
}

function emptyTally ({ at }: Sweep): Tally {
  return { seen: 0, made: 0, skipped: 0, refused: 0, refusal: '', at, isLast: false, deals: [] }
}

/** Looks at the next letters, in the order that they were made in, until so many were dealt with. */
async function workThrough (db: Db, sweep: Sweep, room: number): Promise<Tally> {
  const tally = emptyTally(sweep)
  const { places, isLast } = await readPlaces(db, sweep)
  const letters = await Promise.all(places.map(({ id }) => readLetter(db, id).catch(keepRefusal)))
  for (const [index, { id, at }] of places.entries()) {
    if (tally.made === room) return tally
    const letter = letters[index]
    const dealt = await dealWith(db, sweep, { id, letter, deals: tally.deals })
    if (dealt === 'full') return tally
    count(tally, dealt)
    tally.seen += 1
    tally.at = at
  }
  return { ...tally, isLast }
}

async function readPlaces (db: Db, sweep: Sweep): Promise<{ places: { id: string, at: string }[], isLast: boolean }> {
  const { tenant, choice, at } = sweep
  if ('ids' in choice) {
    const from = Number(at)
    const places = choice.ids.slice(from, from + LOOK).map((id, index) => ({ id, at: String(from + index + 1) }))
    return { places, isLast: from + LOOK >= choice.ids.length }
  }
  const until = Math.min(choice.until ?? Infinity, sweep.createdAt)
  const { positions, isLast } = await readIndex(db, indexOf(db, tenant, choice), { since: choice.since, until, at: parsePosition(at), count: LOOK, oldestFirst: true })
  return { places: positions.map((position) => ({ id: position.id, at: formatPosition(position) })), isLast }
}

/** What died after the order was given is not meant, nor what the order itself has made. */
function isMeant ({ tenant, choice, createdAt }: Sweep, letter: Letter): boolean {
  if (letter.tenant !== tenant || letter.status !== 'dead' || letter.finishedAt > createdAt) return false
  if ('ids' in choice) return true
  if (choice.batchId !== undefined && letter.batchId !== choice.batchId) return false
  if (!choice.tag) return true
  const { tags } = letter.spec
  return Object.hasOwn(tags, choice.tag.name) && tags[choice.tag.name] === choice.tag.value
}

interface Found {
  id: string
  letter: Letter | JobError | undefined
  deals: DispatchRef[]
}

async function dealWith (db: Db, sweep: Sweep, { id, letter, deals }: Found): Promise<Dealt> {
  if (letter instanceof JobError) return letter
  if (!letter || !isMeant(sweep, letter)) return 'ids' in sweep.choice ? 'skipped' : 'none'
  return sweep.change ? replayLetter(db, sweep, letter, deals) : purgeLetter(db, sweep, id)
}

/** `none`: it is not meant, or the order had made a job of it before. `full`: too many jobs of the tenant wait. */
type Dealt = 'made' | 'skipped' | 'none' | 'full' | JobError

function count (tally: Tally, dealt: Exclude<Dealt, 'full'>): void {
  if (dealt === 'none') return
  if (!(dealt instanceof JobError)) {
    tally[dealt] += 1
    return
  }
  tally.refused += 1
  tally.refusal = dealt.message
}

async function replayLetter (db: Db, { id: sweepId, tenant, change }: Sweep, letter: Letter, deals: DispatchRef[]): Promise<Dealt> {
  if (!change) return 'none'
  const spec = tryBuildSpec(letter, change)
  if (spec instanceof JobError) return spec
  const replayed = await replay(db, { id: newId('job'), tenant, source: letter.id, spec, again: change.again, sweepId, bounds: change.room, traceparent: null })
  switch (replayed.type) {
    case 'made':
      deals.push(...replayed.deals)
      return 'made'
    case 'replayed': return replayed.sweepId === sweepId ? 'none' : 'skipped'
    case 'incomplete': return new JobError('GONE', `Cannot replay job "${letter.id}": its code or its input is gone`)
    case 'fileless': return new JobError('FILE_GONE', `Cannot replay job "${letter.id}": file "${replayed.fileId}", its input, is gone`)
    case 'unreadable': return replayed.error
    case 'full': return 'full'
    case 'stopped':
    case 'missing':
    case 'unfinished': return 'skipped'
    case 'repeated':
    case 'mismatch': throw new Error(`Cannot replay job "${letter.id}": it was answered "${replayed.type}", though it has no idempotency key`)
    default: return unreachable(replayed)
  }
}

function tryBuildSpec ({ spec }: Letter, change: NonNullable<Sweep['change']>) {
  try {
    return buildReplaySpec(spec, change, change.bounds)
  } catch (error) {
    return keepRefusal(error)
  }
}

async function purgeLetter (db: Db, { id: sweepId, tenant }: Sweep, jobId: string): Promise<Dealt> {
  return await runMove(db, PURGE, jobId, [tenant, sweepId, TOMBSTONE_MS]) === 1 ? 'made' : 'skipped'
}

/** A letter that cannot be dealt with keeps nothing from the others. */
function keepRefusal (error: unknown): JobError {
  if (error instanceof JobError) return error
  throw error
}
