// What worker and runner agree on without a schema: a runner that loaded one would take a third longer to start.

/** Bytes of a frame's header from a runner; logs and results travel in the body. Six for every character that a failure may have. */
export const RUNNER_HEADER_BYTES = 262_144
/** Bytes of a frame that holds a batch of logs, and of every frame that is not a result. */
export const RUNNER_FRAME_BYTES = 4_194_304
/** Characters of what a failure says. */
export const FAILURE_CHARS = { name: 256, message: 8192, stack: 16_384 } as const

/** Codes that code inside an isolate can cause by itself; a runner that claims another one lies. */
export const GUEST_CODES = [
  'USER_ERROR', 'UNHANDLED_REJECTION', 'ENTRY_ERROR', 'SYNTAX_ERROR', 'MODULE_NOT_ALLOWED', 'STACK_LIMIT', 'TIMER_LIMIT',
  'RESULT_TOO_LARGE', 'RESULT_NOT_SERIALIZABLE', 'MEMORY_LIMIT',
] as const
/** Codes that the thread around the isolate can report besides. */
export const STOP_CODES = ['TIMEOUT', 'CPU_LIMIT', 'CANCELLED'] as const

export type GuestCode = typeof GUEST_CODES[number]
export type StopCode = typeof STOP_CODES[number]

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
