import type { CodeForm } from './job-sources.ts'
import type { Limits } from './limits.ts'

// What worker and runner agree on without a schema: a runner that loaded one would take a third longer to start.

/** Bytes of a frame's header from a runner; logs and results travel in the body. Six for every character that a failure may have. */
export const RUNNER_HEADER_BYTES = 262_144
/** Bytes of a frame that holds a batch of logs, and of every frame that is not a result. */
export const RUNNER_FRAME_BYTES = 4_194_304
/** Characters of what a failure says. */
export const FAILURE_CHARS = { name: 256, message: 8192, stack: 16_384 } as const
/** Characters of what an error has beside that, as JSON text. */
export const DETAILS_CHARS = 16_384

/** Characters of the arguments of one call of a tool, as JSON text. */
export const CALL_CHARS = 1_048_576
/** Bytes that one call may come with, beside its arguments. */
export const CALL_BYTES = 1_048_576
/** Bytes of what a tool answers to one call: JSON text, and the bytes beside it. */
export const ANSWER_BYTES = 16_777_216

/** Batches of records that a runner may have, or have asked for, beside what its code has taken whole. */
export const BATCHES_AHEAD = 3
/** Bytes of one record that code makes, as JSON. */
export const OUTPUT_RECORD_BYTES = 1_048_576
/** Bytes of a state that code goes on from, as JSON. */
export const STATE_BYTES = 1_048_576
/** Bytes that code may have made of records without their being written: it waits long before. */
export const UNWRITTEN_BYTES = 8_388_608

/** What a runner needs to know of a transform. */
export interface RecordGrant {
  /** Whether the code goes on behind a record that it fails for. */
  skip: boolean
  /** How often a state is asked for, where code does not hand one over by itself. */
  checkpointMs: number
}

/** Codes that a tool can fail with. */
export const TOOL_CODES = ['TOOL_ERROR', 'PERMISSION_DENIED', 'TOOL_LIMIT'] as const
export type ToolCode = typeof TOOL_CODES[number]

/** Why a call of a tool failed, in words that user code may read. */
export interface ToolFailure {
  code: ToolCode
  name: string
  message: string
}

/** A tool that a run was granted. `native`: its calls are answered in the runner's thread and never leave it. */
export interface ToolGrant {
  name: string
  native: boolean
  /** Names of the classes that are globals beside it. Its guest half is then evaluated when code first touches one of them; otherwise, where this is null, before code runs. */
  interfaces: readonly string[] | null
  /** JSON text of what the guest half, or the native, is given of its configuration. */
  config: string
}

/** Tools that every run has, on its context instead of as globals: their guest halves are modules of the guest. */
export const CONTEXT_TOOLS: readonly string[] = ['checkpoint']

/** A module of a job, as a runner is given it. */
export interface JobModule {
  file: string
  code: string
  /** What stands in the code for the `import` of dynamic imports; null where there are none. */
  importName: string | null
}

/** The first of the descriptors that a runner process is left with beside its pipe: archives (see archive.ts) of the scripts that isolates are made with. */
export const ARCHIVES_FD = 4
/** The script in an archive that every isolate has: the core of the guest. */
export const CORE_SCRIPT = 'core'

/** A module that code may import: the unit that has its exports, and their names. */
export interface ImportableModule {
  unit: string
  exports: readonly string[]
}

/** What an archive of scripts says beside them. */
export interface ArchiveMeta {
  /** By the names that code imports them by. */
  modules: Readonly<Record<string, ImportableModule>>
}

/** What a process that makes code caches is given, as JSON: scripts by their names, and those of them of which it is to make one. */
export interface CacheOrder {
  scripts: Readonly<Record<string, string>>
  wanted: readonly string[]
}
/** Frames to it and from it: all scripts in one, a cache in each. */
export const CACHER_FRAME = { maxFrameBytes: 268_435_456, maxHeaderBytes: 4096 } as const

/** Scripts of the guest halves of tools, by their names. The body of `boot`, as JSON. */
export type ToolScripts = Readonly<Record<string, string>>

/** What a runner that is a thread is told by its process: a message of the protocol, or null, to end. */
export type ToThread = { header: ToRunner, body: Uint8Array } | null

/** How often each thread of a runner says that it lives. */
export const BEAT_MS = 1000

/** Codes that code inside an isolate can cause by itself; a runner that claims another one lies. */
export const GUEST_CODES = [
  'USER_ERROR', 'UNHANDLED_REJECTION', 'ENTRY_ERROR', 'SYNTAX_ERROR', 'MODULE_NOT_ALLOWED', 'STACK_LIMIT', 'TIMER_LIMIT',
  'RESULT_TOO_LARGE', 'RESULT_NOT_SERIALIZABLE', 'MEMORY_LIMIT', 'INPUT_MALFORMED', 'OUTPUT_TOO_LARGE', ...TOOL_CODES,
] as const
/** Codes that the thread around the isolate can report besides. */
export const STOP_CODES = ['TIMEOUT', 'CPU_LIMIT', 'CANCELLED'] as const

export type GuestCode = typeof GUEST_CODES[number]
export type StopCode = typeof STOP_CODES[number]

/**
 * What a worker tells its runner; `boot` comes first, with the descriptors of archives, and the scripts of tools as its body. The body of `run` is the code, the sources and then the
 * input, that of `answer` the JSON text that a tool answered and then the bytes beside it. For a transform the input is the state to go on from,
 * or nothing; `records` answers a `pull` with records, one a line, or with nothing when there are no more, and `written` says that the oldest
 * `output` is written.
 */
export type ToRunner =
  | { type: 'boot', threads: number, memoryMb: number, archives: readonly number[] }
  | {
    type: 'run'
    token: string
    /** A module unless given. */
    form?: CodeForm | undefined
    file: string
    codeBytes: number
    importName: string | null
    /** The files that the code brings along. */
    sources: readonly (Omit<JobModule, 'code'> & { codeBytes: number })[]
    entry: string
    limits: Limits
    /** JSON text of the context that user code is given. */
    context: string
    tools: readonly ToolGrant[]
    hrtime: boolean
    /** Whether the input and the result are in structured form, and not any JSON. */
    structured?: boolean | undefined
    records: RecordGrant | null
  }
  | { type: 'records', token: string, count: number }
  | { type: 'written', token: string }
  | { type: 'answer', token: string, call: number, failure: ToolFailure | null, textBytes: number }
  | { type: 'stop', token: string }
