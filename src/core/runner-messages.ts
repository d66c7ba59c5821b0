import { z } from 'zod'
import { LogLevel } from './events.ts'
import { Isolation } from './outcome.ts'

/** Bytes of a frame's header from a runner; logs and results travel in the body. */
export const RUNNER_HEADER_BYTES = 65_536
/** Bytes of a frame that holds a batch of logs, and of every frame that is not a result. */
export const RUNNER_FRAME_BYTES = 4_194_304

/** Codes that code inside an isolate can cause by itself; a runner that claims another one lies. */
export const GUEST_CODES = [
  'USER_ERROR', 'UNHANDLED_REJECTION', 'ENTRY_ERROR', 'SYNTAX_ERROR', 'MODULE_NOT_ALLOWED', 'STACK_LIMIT', 'TIMER_LIMIT',
  'RESULT_TOO_LARGE', 'RESULT_NOT_SERIALIZABLE', 'MEMORY_LIMIT',
] as const
/** Codes that the thread around the isolate can report besides. */
export const STOP_CODES = ['TIMEOUT', 'CPU_LIMIT', 'CANCELLED'] as const

export const GuestCode = z.enum(GUEST_CODES)
export const StopCode = z.enum(STOP_CODES)
export type GuestCode = z.infer<typeof GuestCode>
export type StopCode = z.infer<typeof StopCode>

const count = z.number().min(0).max(Number.MAX_SAFE_INTEGER)
const token = z.string().min(16).max(64)

/** What a worker tells its runner; `boot` comes first, with the guest's script as its body. The body of `run` is the code and then the input. */
export type ToRunner =
  | { type: 'boot', threads: number, memoryMb: number }
  | {
    type: 'run'
    token: string
    file: string
    codeBytes: number
    entry: string
    limits: { timeoutMs: number, cpuMs: number, memoryMb: number, resultBytes: number, timers: number, logLines: number, logBytes: number }
    /** JSON text of the context that user code is given. */
    context: string
  }
  | { type: 'stop', token: string }

/** What a runner tells its worker. `logs` has its lines in the body, `done` its result. */
export const FromRunner = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), isolation: Isolation }),
  z.object({ type: z.literal('started'), token }),
  z.object({ type: z.literal('logs'), token, droppedLines: count, droppedBytes: count }),
  z.object({ type: z.literal('progress'), token, value: z.number(), message: z.string().max(1024) }),
  /** The run is being stopped: if nothing follows, this is why. */
  z.object({ type: z.literal('stopping'), token, code: StopCode, observed: count }),
  z.object({
    type: z.literal('done'),
    token,
    failure: z.object({
      code: z.enum([...GUEST_CODES, ...STOP_CODES]),
      name: z.string().max(256),
      message: z.string().max(8192),
      stack: z.string().max(16_384),
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
