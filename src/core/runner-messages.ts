import { z } from 'zod'
import { LOG_LEVELS, type LogLevel } from './events.ts'
import { Isolation } from './outcome.ts'
import { DETAILS_CHARS, FAILURE_CHARS, type GuestCode, GUEST_CODES, STOP_CODES } from './runner-protocol.ts'

const count = z.number().min(0).max(Number.MAX_SAFE_INTEGER)
const whole = z.int().min(0)
const token = z.string().min(16).max(64)
const name = z.string().min(1).max(256)

/**
 * What a runner tells its worker. `logs` has its lines in the body, `done` its result, `call` the
 * arguments as JSON text and then the bytes beside them; `output` records, one a line, then `parseRejects`'s JSON, then a state.
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
  /** The run has room for one more batch of records. */
  z.object({ type: z.literal('pull'), token }),
  /** What it made of records: how many it has taken since it began, and how many it made of those since the last word. */
  z.object({ type: z.literal('output'), token, taken: whole, count: whole, textBytes: whole, rejectsBytes: whole }),
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
      /** JSON text for `parseErrorDetails`; absent where there is nothing more to tell. */
      details: z.string().max(DETAILS_CHARS).optional(),
      observed: count,
      /** The record that it failed for, by its number since the run began; 0 where there is none. */
      record: whole,
    }).nullable(),
    usage: z.object({ wallMs: count, cpuMs: count, memoryBytes: count, nativeCalls: count }),
    bootMs: count,
  }),
])
export type FromRunner = z.infer<typeof FromRunner>

/** What a runner that is a thread tells its process: a message of the protocol, or that V8 lost control of what runs in it. */
export type FromThread = { header: FromRunner, body: Uint8Array } | { lost: string }

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

/** A record that code failed for, as a runner tells of it: its number since the run began, and why. */
export type Reject = [record: number, code: GuestCode, name: string, message: string, stack: string]

const CODES: ReadonlySet<unknown> = new Set(GUEST_CODES)

/** Reads rejected records from what is between the brackets of a JSON array; throws when it is anything else. By hand, likewise. */
export function parseRejects (text: string): Reject[] {
  const rejects = JSON.parse(`[${text}]`) as unknown
  if (!Array.isArray(rejects) || !rejects.every(isReject)) throw new TypeError('Cannot read rejects: not a list of records')
  return rejects
}

function isReject (reject: unknown): reject is Reject {
  if (!Array.isArray(reject) || reject.length !== 5) return false
  const [record, code, ...texts] = reject as unknown[]
  return Number.isSafeInteger(record) && CODES.has(code) && texts.every((text) => typeof text === 'string' && text.length <= FAILURE_CHARS.stack)
}
