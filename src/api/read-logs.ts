import { LogLevel, LOG_LEVELS, type JobEvent, type LogLine } from '../core/events.ts'
import type { Db } from '../store/db.ts'
import { readEvents, type JobRecord } from '../store/read.ts'
import { formatTime } from './job-view.ts'

/** Events looked at by one call, however few of them are lines of that level; the cursor goes on from there. */
const SCAN_EVENTS = 10_000
const PAGE_EVENTS = 1000
/** Characters of lines after which a page ends early. */
const PAGE_CHARS = 4_194_304

export interface LogQuery {
  /** Number of the last event already seen. */
  after: number
  limit: number
  /** Lowest level to answer. */
  level: LogLevel
}

export interface LogPage {
  lines: LogLine[]
  /** What to pass as `after` for more; null where the history stored so far is at its end. */
  next: number | null
}

/** Reads log lines of a job out of its history, oldest first. */
export async function readLogs (db: Db, job: Pick<JobRecord, 'id' | 'sequence'>, { after, limit, level }: LogQuery): Promise<LogPage> {
  const lines: LogLine[] = []
  const lowest = LOG_LEVELS.indexOf(level)
  let at = after
  let chars = 0
  for (let scanned = 0; scanned < SCAN_EVENTS && chars < PAGE_CHARS && at < job.sequence;) {
    const events = await readEvents(db, job.id, { after: at, limit: PAGE_EVENTS })
    if (events.length === 0) return { lines, next: null } // removed meanwhile
    scanned += events.length
    for (const event of events) {
      if (lines.length === limit) return { lines, next: at }
      at = event.sequence
      const line = event.type === 'job.log' ? toLogLine(event) : undefined
      if (!line || LOG_LEVELS.indexOf(line.level) < lowest) continue
      lines.push(line)
      chars += line.message.length
    }
  }
  return { lines, next: at < job.sequence ? at : null }
}

/** Reads a whole log, page by page, up to that many lines. */
export async function readWholeLog (db: Db, job: Pick<JobRecord, 'id' | 'sequence'>, limit: number): Promise<LogLine[]> {
  const all: LogLine[] = []
  for (let after: number | null = 0; after !== null && all.length < limit;) {
    const { lines, next }: LogPage = await readLogs(db, job, { after, limit: limit - all.length, level: 'trace' })
    for (const line of lines) all.push(line)
    after = next
  }
  return all
}

/** Reads the line out of a `job.log` event. A level that this version does not know counts as `log`. */
function toLogLine ({ sequence, time, attempt, payload }: JobEvent): LogLine {
  const level = LogLevel.safeParse(payload['level'])
  return { sequence, time: formatTime(time), level: level.success ? level.data : 'log', message: String(payload['message'] ?? ''), attempt }
}
