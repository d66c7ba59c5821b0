import { z } from 'zod'
import { LOG_LEVELS, type LogLevel } from './events.ts'
import { Isolation } from './outcome.ts'
import { FAILURE_CHARS, GUEST_CODES, STOP_CODES } from './runner-protocol.ts'

const count = z.number().min(0).max(Number.MAX_SAFE_INTEGER)
const token = z.string().min(16).max(64)
const name = z.string().min(1).max(256)

/**
 * What a runner tells its worker. `logs` has its lines in the body, `done` its result, `call` the
 * arguments as JSON text and then the bytes beside them.
 */
export const FromRunner = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), isolation: Isolation.pick({ permission: true, uid: true }) }),
  z.object({ type: z.literal('beat'), thread: count }),
  z.object({ type: z.literal('started'), token }),
  z.object({ type: z.literal('logs'), token, droppedLines: count, droppedBytes: count }),
  z.object({ type: z.literal('progress'), token, value: z.number(), message: z.string().max(1024) }),
  /** What the run took so far: processor time in milliseconds, and calls that natives answered. */
  z.object({ type: z.literal('usage'), token, cpuMs: count, nativeCalls: count }),
  z.object({ type: z.literal('call'), token, call: z.int().min(1), tool: name, method: name, textBytes: count }),
  /** The run is being stopped: if nothing follows, this is why. */
  z.object({ type: z.literal('stopping'), token, code: z.enum(STOP_CODES), observed: count }),
  z.object({
    type: z.literal('done'),
    token,
    failure: z.object({
      code: z.enum([...GUEST_CODES, ...STOP_CODES]),
      name: z.string().max(FAILURE_CHARS.name),
      message: z.string().max(FAILURE_CHARS.message),
      stack: z.string().max(FAILURE_CHARS.stack),
      observed: count,
    }).nullable(),
    usage: z.object({ wallMs: count, cpuMs: count, memoryBytes: count, nativeCalls: count }),
    bootMs: count,
  }),
])
export type FromRunner = z.infer<typeof FromRunner>

/** Log lines as a runner sends them: time in milliseconds, level, message. */
export type LogLines = [time: number, level: LogLevel, message: string][]

/** Half of what a date can hold, so that it still can when the worker puts it right. Source: ECMA-262, time values and time range. */
const TIME_MAX_MS = 4.32e15
const LEVELS: ReadonlySet<unknown> = new Set(LOG_LEVELS)

/** Reads log lines from JSON text; throws when it is anything else. By hand: they are the one thing that comes by the megabyte. */
export function parseLogLines (text: string): LogLines {
  const lines = JSON.parse(text) as unknown
  if (!Array.isArray(lines) || !lines.every(isLogLine)) throw new TypeError('Cannot read logs: not a list of lines')
  return lines
}

function isLogLine (line: unknown): line is LogLines[number] {
  return Array.isArray(line) && line.length === 3 && isTime(line[0]) && LEVELS.has(line[1]) && typeof line[2] === 'string'
}

/** JSON can say 1e999, which no reader could write as a date again. */
function isTime (value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= TIME_MAX_MS
}
