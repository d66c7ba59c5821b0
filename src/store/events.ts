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
/** What was read of the store at one time is in the page as a whole, unless it makes it longer than that. */
const PAGE_MOST_CHARS = 4 * PAGE_CHARS

/**
 * Reads a job's events after a number, oldest first, at most that many, and fewer where they are long: the history is at its end when none
 * come. It is the same before, while and after they are archived. Throws UNAVAILABLE for one that cannot be decrypted.
 */
export async function readEvents (db: Db, jobId: string, { after, limit }: EventPage): Promise<JobEvent[]> {
  const page = createPage(db, jobId, limit)
  await readStreamPage(db, jobId, after, page, limit)
  if (page.events.length > 0) return page.events
  // Asked for after the stream: whoever finds the stream gone finds the history there, since one script swaps them.
  const [short, long] = await Promise.all([db.redis.hgetBuffer(db.keys.job(jobId), 'history'), db.redis.getBuffer(db.keys.history(jobId))])
  const history = short ?? long
  if (history) await readHistory(db, jobId, { history, after }, page)
  return page.events
}

/** Events of one job, taken as they are read, until there are enough. */
interface Page {
  readonly events: JobEvent[]
  /** Nothing more is to be read for it; or not even added to it. */
  readonly isFull: boolean
  readonly isOverfull: boolean
  add (event: JobEvent): Promise<void>
}

/** Events are decrypted one by one, since what is stored of one may be much shorter than it is. */
function createPage (db: Db, jobId: string, limit: number): Page {
  const events: JobEvent[] = []
  let tenant: Promise<string> | undefined
  let chars = 0
  return {
    events,
    get isFull () { return events.length >= limit || chars >= PAGE_CHARS },
    get isOverfull () { return chars >= PAGE_MOST_CHARS },
    async add (event) {
      const { payload, type } = event
      if (!isSealed(payload)) {
        chars += lengthOf(payload)
        events.push(event)
        return
      }
      const opened = openMembers(db, payload, placeOf('event', await (tenant ??= readOwner(db, jobId)), jobId, type)) as JobEvent['payload'] // a move was given it
      chars += lengthOf(opened)
      events.push({ ...event, payload: opened })
    },
  }
}

/** About as many characters as it has as JSON: only texts are long. */
function lengthOf (payload: JobEvent['payload']): number {
  return JSON.stringify(payload).length
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

/** Answers a piece of an archived history with what becomes of what its events tell, as JSON. */
export function mapHistory (lines: string, change: (payload: string, type: string) => string): string {
  return lines.replaceAll(/.+/g, (line) => {
    const [sequence, type, time, attempt, payload] = JSON.parse(line) as HistoryLine // foldStream wrote it
    return `[${sequence},"${type}",${time},${attempt},${change(JSON.stringify(payload), type)}]`
  })
}

type Entry = [id: string, fields: string[]]

async function readStreamPage (db: Db, jobId: string, after: number, page: Page, limit: number): Promise<void> {
  for (let at = after; !page.isFull;) {
    const count = Math.min(READ_EVENTS, limit - page.events.length)
    const entries = await readStream(db, jobId, at, count)
    for (const entry of entries) {
      if (page.isOverfull) return
      await page.add(parseEntry(entry))
      at = sequenceOf(entry[0])
    }
    if (entries.length < count) return
  }
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

async function readHistory (db: Db, jobId: string, { history, after }: { history: Buffer, after: number }, page: Page): Promise<void> {
  const tenant = await readOwner(db, jobId)
  for await (const text of readSegments(db, history, (last) => placeOf('history', tenant, jobId, last), after)) {
    for (const line of text.split('\n')) {
      if (line === '' || Number.parseInt(line.slice(1), 10) <= after) continue
      if (page.isFull) return
      const [sequence, type, time, attempt, payload] = JSON.parse(line) as HistoryLine // foldStream wrote it
      await page.add({ sequence, type, time, attempt, payload })
    }
  }
}
