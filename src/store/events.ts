import type { EventType, JobEvent } from '../core/events.ts'
import type { Db } from './db.ts'
import { readOwner } from './owner.ts'
import { isSealed, openMembers, placeOf, revealJson } from './sealing.ts'
import { packSegment, readSegments, SEGMENTED } from './segments.ts'

export interface EventPage {
  /** Number of the last event already seen; 0 for none. */
  after: number
  limit: number
}

/** An event of the history: sequence, type, time, attempt, payload. */
type HistoryLine = [number, EventType, number, number, Record<string, unknown>]

const SEGMENT_CHARS = 1_048_576
/** Few enough that Redis can answer them at once, however long the lines of a log are. */
const READ_EVENTS = 200
/** A page that holds so much ends early, so that what code logs is never all in the memory of who reads it. */
const PAGE_CHARS = 4_194_304

/**
 * Reads a job's events after a number, oldest first, at most that many, and fewer where they are long: the history is at its end when none
 * come. It is the same before, while and after they are archived. Throws UNAVAILABLE for one that cannot be decrypted.
 */
export async function readEvents (db: Db, jobId: string, { after, limit }: EventPage): Promise<JobEvent[]> {
  const entries = await readStreamPage(db, jobId, { after, limit })
  if (entries.length > 0) return openEvents(db, jobId, entries.map(parseEntry))
  // Asked for after the stream: whoever finds the stream gone finds the history there, since one script swaps them.
  const [short, long] = await Promise.all([db.redis.hgetBuffer(db.keys.job(jobId), 'history'), db.redis.getBuffer(db.keys.history(jobId))])
  const history = short ?? long
  return history ? openEvents(db, jobId, await readHistory(db, jobId, history, { after, limit })) : []
}

async function openEvents (db: Db, jobId: string, events: JobEvent[]): Promise<JobEvent[]> {
  if (!events.some(({ payload }) => isSealed(payload))) return events
  const tenant = await readOwner(db, jobId)
  return events.map((event) => ({ ...event, payload: openMembers(db, event.payload, placeOf('event', tenant, jobId, event.type)) as JobEvent['payload'] })) // a move was given it
}

/**
 * Folds a job's stream into one value. Answers it with the number of the last event in it; undefined where there is no stream, and
 * `too long`, without having read the rest, where it takes more bytes than that. What cannot be decrypted is kept as it is.
 */
export async function foldStream (db: Db, { jobId, tenant }: { jobId: string, tenant: Promise<string> }, maxBytes: number): Promise<{ value: Buffer, last: number } | 'too long' | undefined> {
  const segments: Buffer[] = [SEGMENTED]
  let bytes = 0
  let last = 0
  let lines = ''
  for (;;) {
    const entries = await readStream(db, jobId, last, READ_EVENTS)
    const owner = await tenant
    for (const [id, fields] of entries) {
      last = sequenceOf(id)
      lines += `[${last},"${fields[1]}",${fields[3]},${fields[5]},${revealJson(db, fields[7] ?? '{}', placeOf('event', owner, jobId, fields[1] ?? ''))}]\n`
    }
    if (lines.length > SEGMENT_CHARS || (entries.length < READ_EVENTS && lines !== '')) {
      const segment = await packSegment(db, lines, placeOf('history', owner, jobId, last), last)
      segments.push(segment)
      bytes += segment.length
      if (bytes > maxBytes) return 'too long'
      lines = ''
    }
    if (entries.length < READ_EVENTS) return last === 0 ? undefined : { value: Buffer.concat(segments), last }
  }
}

type Entry = [id: string, fields: string[]]

async function readStreamPage (db: Db, jobId: string, { after, limit }: EventPage): Promise<Entry[]> {
  const page: Entry[] = []
  let chars = 0
  for (let at = after; page.length < limit && chars < PAGE_CHARS;) {
    const count = Math.min(READ_EVENTS, limit - page.length)
    const entries = await readStream(db, jobId, at, count)
    for (const entry of entries) {
      page.push(entry)
      chars += entry[1][7]?.length ?? 0
      at = sequenceOf(entry[0])
    }
    if (entries.length < count) break
  }
  return page
}

function readStream (db: Db, jobId: string, after: number, limit: number): Promise<Entry[]> {
  return db.redis.xrange(db.keys.events(jobId), `${after + 1}-0`, '+', 'COUNT', limit)
}

/** The moves write the fields in this order: t, type, m, time, a, attempt, p, payload. */
function parseEntry ([id, fields]: Entry): JobEvent {
  return {
    sequence: sequenceOf(id),
    type: fields[1] as EventType, // a move wrote it
    time: Number(fields[3]),
    attempt: Number(fields[5]),
    payload: JSON.parse(fields[7] ?? '{}') as Record<string, unknown>, // likewise
  }
}

function sequenceOf (id: string): number {
  return Number.parseInt(id, 10)
}

async function readHistory (db: Db, jobId: string, history: Buffer, { after, limit }: EventPage): Promise<JobEvent[]> {
  const events: JobEvent[] = []
  let chars = 0
  const tenant = await readOwner(db, jobId)
  for await (const text of readSegments(db, history, (last) => placeOf('history', tenant, jobId, last), after)) {
    for (const line of text.split('\n')) {
      if (line === '' || Number.parseInt(line.slice(1), 10) <= after) continue
      if (events.length === limit || chars >= PAGE_CHARS) return events
      chars += line.length
      const [sequence, type, time, attempt, payload] = JSON.parse(line) as HistoryLine // foldStream wrote it
      events.push({ sequence, type, time, attempt, payload })
    }
  }
  return events
}
