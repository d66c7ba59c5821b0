import { LogLevel, LOG_LEVELS, type JobEvent, type LogLine } from '../core/events.ts'
import type { Db } from '../store/db.ts'
import { readEvents } from '../store/read.ts'
import { formatTime } from './job-view.ts'

/** Events looked at by one call, however few of them are lines of that level; the cursor goes on from there. */
const SCAN_EVENTS = 10_000
const PAGE_EVENTS = 1000

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
export async function readLogs (db: Db, jobId: string, { after, limit, level }: LogQuery): Promise<LogPage> {
  const lines: LogLine[] = []
  const lowest = LOG_LEVELS.indexOf(level)
  let at = after
  for (let scanned = 0; scanned < SCAN_EVENTS; scanned += PAGE_EVENTS) {
    const events = await readEvents(db, jobId, { after: at, limit: PAGE_EVENTS })
    for (const event of events) {
      if (lines.length === limit) return { lines, next: at }
      at = event.sequence
      const line = event.type === 'job.log' ? toLogLine(event) : undefined
      if (line && LOG_LEVELS.indexOf(line.level) >= lowest) lines.push(line)
    }
    if (events.length < PAGE_EVENTS) return { lines, next: null }
  }
  return { lines, next: at }
}

/** Reads the line out of a `job.log` event. A level that this version does not know counts as `log`. */
function toLogLine ({ sequence, time, attempt, payload }: JobEvent): LogLine {
  const level = LogLevel.safeParse(payload['level'])
  return { sequence, time: formatTime(time), level: level.success ? level.data : 'log', message: String(payload['message'] ?? ''), attempt }
}
