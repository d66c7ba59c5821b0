import { z } from 'zod'
import { LogLevel } from './events.ts'
import { Isolation } from './outcome.ts'
import { FAILURE_CHARS, GUEST_CODES, STOP_CODES } from './runner-protocol.ts'

const count = z.number().min(0).max(Number.MAX_SAFE_INTEGER)
const token = z.string().min(16).max(64)

/** What a runner tells its worker. `logs` has its lines in the body, `done` its result. */
export const FromRunner = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), isolation: Isolation }),
  z.object({ type: z.literal('started'), token }),
  z.object({ type: z.literal('logs'), token, droppedLines: count, droppedBytes: count }),
  z.object({ type: z.literal('progress'), token, value: z.number(), message: z.string().max(1024) }),
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
    usage: z.object({ wallMs: count, cpuMs: count, memoryBytes: count }),
    bootMs: count,
  }),
])
export type FromRunner = z.infer<typeof FromRunner>

/** Log lines as a runner sends them: time in milliseconds, level, message. */
export const LogLines = z.array(z.tuple([z.number(), LogLevel, z.string()]))
export type LogLines = z.infer<typeof LogLines>
