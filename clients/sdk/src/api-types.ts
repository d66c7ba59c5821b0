// Written by `npm run client:types` from /openapi.json: change the schemas of the service, not this file.

/** Codes of which the operator of the service has to take care: neither the code nor who sent it is to blame. */
export const SERVICE_FAULTS: readonly FailureCode[] = ['WORKER_CRASHED', 'INTERNAL', 'STORAGE_FULL', 'OVERLOADED', 'UNAVAILABLE']

export type FailureCode = 'SYNTAX_ERROR' | 'ENTRY_ERROR' | 'USER_ERROR' | 'UNHANDLED_REJECTION' | 'TIMEOUT' | 'CPU_LIMIT' | 'MEMORY_LIMIT' | 'STACK_LIMIT' | 'TIMER_LIMIT' | 'RESULT_TOO_LARGE' | 'RESULT_NOT_SERIALIZABLE' | 'PERMISSION_DENIED' | 'TOOL_ERROR' | 'TOOL_LIMIT' | 'INPUT_MALFORMED' | 'RECORD_ERRORS' | 'OUTPUT_TOO_LARGE' | 'MODULE_NOT_ALLOWED' | 'CANCELLED' | 'EXPIRED' | 'WORKER_CRASHED' | 'INTERNAL' | 'BAD_REQUEST' | 'INVALID' | 'CODE_TOO_LARGE' | 'INPUT_TOO_LARGE' | 'FILE_TOO_LARGE' | 'FILE_GONE' | 'CHECKSUM_MISMATCH' | 'UPLOAD_CONFLICT' | 'RANGE_NOT_SATISFIABLE' | 'STORAGE_FULL' | 'UNAUTHENTICATED' | 'FORBIDDEN' | 'NOT_FOUND' | 'METHOD_NOT_ALLOWED' | 'UNSUPPORTED_MEDIA_TYPE' | 'UPGRADE_REQUIRED' | 'GONE' | 'IDEMPOTENCY_MISMATCH' | 'NOT_FINISHED' | 'TENANT_ERASING' | 'RATE_LIMITED' | 'OVERLOADED' | 'UNAVAILABLE'

export interface BrokenLimit {
  name: string
  configured: number
  observed: number
  suggested: number
}

export interface ThrownError {
  name: string
  message: string
  /** Frames of the code alone */
  stack?: string
  /** Members that code has put on it: as JSON where that is short, as text of the console otherwise */
  properties?: Record<string, unknown>
  /** Those of an AggregateError */
  errors?: ThrownError[]
  /** What it was caused by */
  cause?: ThrownError
}

export interface JobFailure {
  code: FailureCode
  name: string
  message: string
  stack?: string
  /** Members that code has put on it: as JSON where that is short, as text of the console otherwise */
  properties?: Record<string, unknown>
  /** Those of an AggregateError */
  errors?: ThrownError[]
  cause?: ThrownError
  retryable: boolean
  limit?: BrokenLimit
  /** Of a transform: the record that it happened at, from 1, and the byte of the input, without its compression, that it begins at */
  record?: {
    number: number
    byte: number | null
  }
}

export interface Problem {
  /** Names the kind of problem; there is one for each code */
  type: string
  title: string
  status: number
  detail: string
  code: FailureCode
  errors?: {
    pointer: string
    message: string
  }[]
  /** Only from POST /execute: the same in its own words */
  error?: {
    name: string
    message: string
  }
}

export type JobStatus = 'scheduled' | 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired' | 'dead'

export type Priority = 'low' | 'normal' | 'high' | 'critical'

export type Serialization = 'json' | 'structured'

export interface JobWebhook {
  /** Posted to over https, or http; without credentials and without a fragment */
  url: string
  /** Events that it is sent */
  events?: ('job.started' | 'job.retrying' | 'job.lost' | 'job.succeeded' | 'job.failed' | 'job.dead' | 'job.cancelled' | 'job.expired')[]
  /** Sent with every delivery: `authorization` and `x-…`; their values are not answered again */
  headers?: Record<string, string>
}

export type Permissions = 'none' | {
  /** Hosts that the code may reach by the `fetch` tool: `host` (ports 80 and 443), `host:port`, `host:*`, `*.suffix`; true for any */
  net?: boolean | string[]
  /** Values that the operator gives to jobs, by name; the code finds them in `context.env` */
  env?: boolean | string[]
  /** Files that the code may read by the `files` tool, by name or id */
  read?: boolean | string[]
  /** Files of the job that the code may write by the `files` tool, by name */
  write?: boolean | string[]
  /** Never granted: code has no processes to start */
  run?: boolean | string[]
  /** Never granted: code has no native libraries */
  ffi?: boolean | string[]
  /** Whether `performance.now()` is finer than a millisecond */
  hrtime?: boolean
}

export interface Limits {
  /** Wall time from the first instruction of user code: 30000 unless given, at most 3600000; of a transform 3600000 and 86400000 */
  timeoutMs?: number
  /** CPU time of user code; waiting is free: 10000 unless given, at most 600000; of a transform 3600000 and 86400000 */
  cpuMs?: number
  /** Memory of the isolate */
  memoryMb?: number
  /** Log text kept; the rest is cut and counted */
  logBytes?: number
  /** Log lines kept; the rest is cut and counted */
  logLines?: number
  /** Result as UTF-8 JSON */
  resultBytes?: number
  /** Timers pending at one time */
  timers?: number
  /** Calls of tools in one run */
  toolCalls?: number
  /** Calls of tools that wait for their answer at one time */
  concurrentToolCalls?: number
  /** Files that the job makes, as they are stored, taken together */
  outputBytes?: number
}

export interface RetryPolicy {
  attempts?: number
  backoff?: {
    type?: 'fixed' | 'exponential'
    delayMs?: number
    maxDelayMs?: number
    jitter?: number
  }
  on?: string[]
  maxCrashes?: number
  maxLost?: number
}

export interface NewJob {
  /** JavaScript or TypeScript, an ES module */
  code?: string
  /** The same as UTF-8 in base64, instead of `code` */
  codeBase64?: string
  /** Files that the code can import, by their names: relative paths that end in .ts, .mts, .js, .mjs or .json. The code imports `lib/a.ts` as `./lib/a.ts`. All characters count towards the limit of the code */
  files?: Record<string, string>
  /** Any JSON value; the first argument of the entry. `{"$file": "…"}` stands for the content of that file, by its name or its id; that of a transform is such a file, or an array of records */
  input?: unknown
  /** How the input and the result are written: `json`, unless given, or `structured`, the form of docs/values.md, which has Date, Map, Set, BigInt, bytes, undefined, cycles and more. Transforms, checkpoints and tools have JSON */
  serialization?: Serialization
  /** Makes the job a transform: its code gets the records of the input, one by one, and what it makes of them becomes a file of the job */
  transform?: {
    input?: {
      /** `ndjson`: a JSON value a line; `json`: the elements of one JSON array; `csv`: RFC 4180, a record is an object by the names of the header, or an array of fields without one; `lines`: a record is a text. By the content type or the name of the file unless given */
      format?: 'ndjson' | 'json' | 'csv' | 'lines'
      /** By the content encoding or the name of the file unless given */
      compression?: 'none' | 'gzip' | 'zstd'
      delimiter?: string
      /** Whether the first line names the fields */
      header?: boolean
      /** Whether fields of CSV that are written like a number, true, false or nothing are read as such */
      types?: boolean
    }
    output?: {
      /** Name of the file among those of the job; `output` with the endings of its format unless given */
      name?: string
      format?: 'ndjson' | 'json' | 'csv' | 'lines'
      compression?: 'none' | 'gzip' | 'zstd'
      delimiter?: string
      /** Whether the first line names the fields */
      header?: boolean
      /** Fields of CSV, in their order; those of the first record unless given */
      columns?: string[]
    }
    errors?: {
      /** What a record does that is malformed or that the code throws for: end the attempt, or go to the file of rejects */
      policy?: 'fail' | 'skip'
      /** Skipped records after which the attempt ends all the same */
      max?: number
      /** Name of the file of rejects among those of the job */
      name?: string
    }
    /** How often what was done is committed, where the code does not do that itself */
    checkpointMs?: number
    /** Parts that the input, a file, is split into, each transformed by a job of its own; fewer where there are fewer records */
    shards?: number
    /** Export to call with an array of the values of all shards, in their order; what it returns is the value of the job */
    combine?: string
  }
  /** Export to call */
  entry?: string
  /** Tools that the code is given, each as a global of its name */
  tools?: string[]
  /** Narrower configuration of tools, by their names: lower numbers, parts of lists, false instead of true */
  toolConfig?: Record<string, Record<string, unknown>>
  /** What the code may touch; tools may bring permissions of their own along */
  permissions?: Permissions
  /** Secrets that the code may get, with the tool `secrets` */
  secrets?: string[]
  limits?: Limits
  /** Levels of isolation without which the code is not to run; a worker that cannot reach one ends the attempt with UNAVAILABLE */
  requireIsolation?: ('process' | 'permission' | 'uid' | 'cgroup')[]
  retry?: RetryPolicy
  priority?: Priority
  /** Wait before the first run */
  delayMs?: number
  /** Instead of `delayMs`: not to run before that time, at most a year ahead; one that has passed means at once */
  runAt?: string
  /** The job expires if it has not started by then */
  ttlMs?: number
  tags?: Record<string, string>
  /** Is told of the job's events, beside the tenant's endpoints; signed with the tenant's secret (GET /v1/webhooks/secret) */
  webhook?: JobWebhook
}

export interface Isolation {
  /** In a process apart from the one that holds credentials */
  process: boolean
  /** Without any of the rights that Node can take away, the network among them */
  permission: boolean
  /** User that the process was */
  uid: number | null
  /** In a control group of its own, which the kernel holds to its memory */
  cgroup: boolean
  /** Runs that the process may have had at one time */
  threads: number
}

export interface Usage {
  wallMs: number
  cpuMs: number
  peakMemoryBytes: number
  logBytes: number
  resultBytes: number
  toolCalls: number
}

export interface ReceiptLine {
  grant: 'tool' | 'net' | 'env' | 'read' | 'write' | 'kv' | 'secret' | 'channel' | 'checkpoint'
  /** A host and its port, a method of a tool, the name of a value or of a file */
  target: string
  /** How it was used, where there is more than one way */
  method: string | null
  /** Why it was denied the first time; null for what was granted */
  denied: string | null
  count: number
  sentBytes: number
  receivedBytes: number
  durationMs: number
}

export interface Run {
  /** Counts from 1 over all attempts of the job */
  number: number
  startedAt: string
  finishedAt: string | null
  worker: string
  /** Why it ended without an outcome */
  lost: 'crash' | 'lock' | 'redelivered' | 'overdue' | 'shutdown' | 'forgotten' | null
  isolation: Isolation | null
  usage: Usage | null
  /** What it touched, and what it was denied */
  receipt: ReceiptLine[]
  /** Uses and denials beyond 200 lines of receipt */
  receiptOmitted: number
  error: JobFailure | null
}

export interface Attempt {
  number: number
  startedAt: string
  finishedAt: string | null
  worker: string
  isolation: Isolation | null
  usage: Usage | null
  /** That of its last run */
  receipt: ReceiptLine[]
  receiptOmitted: number
  error: JobFailure | null
  /** More than one where runners crashed or workers vanished */
  runs: Run[]
}

export interface JobView {
  id: string
  status: JobStatus
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
  /** When the current run will be stopped */
  deadlineAt: string | null
  /** When the job and all it stored will be removed */
  expiresAt: string | null
  /** Left out above 65536 bytes; links.result has it */
  result?: unknown
  /** How the result is written */
  serialization: Serialization
  error: JobFailure | null
  attempts: Attempt[]
  /** Of the last run; while that goes on, what the last `job.usage` told */
  usage: {
    wallMs: number
    cpuMs: number
    peakMemoryBytes: number
    logBytes: number
    resultBytes: number
    toolCalls: number
    queueMs: number
  } | null
  progress: {
    value: number
    message: string
    records?: {
      read: number
      written: number
      rejected: number
    }
    bytes?: {
      /** Of the input without its compression */
      read: number
      /** Of the files of the job, as they are stored */
      written: number
    }
    /** Share of the input that was read */
    fraction?: number | null
    recordsPerSecond?: number
    /** Until its end, as far as can be told */
    etaMs?: number | null
  } | null
  priority: Priority
  tags: Record<string, string>
  /** The batch that it is an item of */
  batchId: string | null
  /** The batch of its shards, while it waits for them and after */
  shards: string | null
  /** The job that it runs again */
  replayOf: string | null
  /** What is told of its events, beside the endpoints of the tenant */
  webhook: {
    url: string
    events: WebhookEvent[]
    /** Names of its headers */
    headers: string[]
  } | null
  traceId: string | null
  links: {
    self: string
    result: string
    logs: string
    events: string
    trace: string
    checkpoint: string
    files: string
  }
}

export interface CancelledJob {
  id: string
  /** The state reached; `running` while the code is still being stopped */
  status: JobStatus
  /** How long running code took to stop, once its worker was told */
  stoppedAfterMs?: number
}

export type ReplayChange = {
  /** Limits to have instead; those that are not named stay */
  limits?: {
    /** Wall time from the first instruction of user code: 30000 unless given, at most 3600000; of a transform 3600000 and 86400000 */
    timeoutMs?: number
    /** CPU time of user code; waiting is free: 10000 unless given, at most 600000; of a transform 3600000 and 86400000 */
    cpuMs?: number
    memoryMb?: number
    logBytes?: number
    logLines?: number
    resultBytes?: number
    timers?: number
    toolCalls?: number
    concurrentToolCalls?: number
    outputBytes?: number
  }
  /** Retry policy to have instead, as a whole */
  retry?: RetryPolicy
  priority?: Priority
  /** Also where the job was replayed before */
  again?: boolean
} | null

export interface Checkpoint {
  /** Counts the saves of the job, from 1, over all its runs */
  number: number
  /** Number of the run that saved it */
  run: number
  attempt: number
  savedAt: string
  /** Size of the state as JSON */
  bytes: number
  /** Of a transform: how far it was, and what the files of the job hold */
  transform?: {
    records: {
      read: number
      written: number
      rejected: number
    }
    bytes: {
      /** Of the input without its compression */
      read: number
      /** Of the files of the job, as they are stored */
      written: number
    }
  }
  /** What the code gave to `context.checkpoint.save`; of a transform also its accumulator, and null where it needs nothing */
  state: unknown
}

export interface Trace {
  resourceSpans: unknown[]
}

export type EventType = 'job.queued' | 'job.scheduled' | 'job.started' | 'job.log' | 'job.progress' | 'job.checkpoint' | 'job.usage' | 'job.warning' | 'job.lost' | 'job.retrying' | 'job.logs_dropped' | 'job.succeeded' | 'job.failed' | 'job.dead' | 'job.cancelled' | 'job.expired' | 'batch.progress' | 'batch.completed' | 'file.uploaded' | 'file.deleted' | 'system.heartbeat' | 'system.dropped' | 'system.shutdown'

export interface EventView {
  /** Where a reader that has seen this event goes on: `after`, or `Last-Event-ID` */
  cursor: number
  /** Number of the event in the history of its subject, from 1 */
  sequence: number
  id: string
  type: EventType
  version: 1
  /** Id of the job or batch that it tells of */
  subject: string
  time: string
  attempt: number
  payload: Record<string, unknown>
}

export type LogLevel = 'trace' | 'debug' | 'log' | 'info' | 'warn' | 'error' | 'exception'

export interface LogLine {
  sequence: number
  time: string
  level: LogLevel
  message: string
  attempt: number
}

export interface BatchWebhook {
  /** Posted to over https, or http; without credentials and without a fragment */
  url: string
  /** Sent with every delivery: `authorization` and `x-…`; their values are not answered again */
  headers?: Record<string, string>
}

export interface BatchCounts {
  refused: number
  repeated: number
  scheduled: number
  queued: number
  running: number
  succeeded: number
  failed: number
  cancelled: number
  expired: number
  dead: number
}

export interface Batch {
  id: string
  status: 'open' | 'running' | 'cancelling' | 'completed' | 'cancelled'
  /** Items that came; it grows while the batch is open */
  total: number
  /** Adds up to the total */
  counts: BatchCounts
  /** Its client stopped in the middle of posting items, and did not come back in time */
  incomplete: boolean
  createdAt: string
  finishedAt: string | null
  /** When the batch, its items and their results will be removed */
  expiresAt: string | null
  /** The batch whose items it runs again */
  replayOf: string | null
  /** The job that its items are shards of; such a batch is kept as long as the job */
  shardsOf: string | null
  /** What is told of its end, beside the endpoints of the tenant */
  webhook: {
    url: string
    events: WebhookEvent[]
    /** Names of its headers */
    headers: string[]
  } | null
  links: {
    self: string
    results: string
    events: string
    jobs: string
  }
}

export interface ItemOutcome {
  /** From 0, in the order they were posted */
  index: number
  outcome: 'accepted' | 'repeated' | 'refused'
  /** Null where it was refused; of a repeat, the job that was posted first */
  jobId: string | null
  error?: {
    code: string
    message: string
  }
}

export interface PostedBatch {
  id: string
  status: 'open' | 'running' | 'cancelling' | 'completed' | 'cancelled'
  /** Items that came; it grows while the batch is open */
  total: number
  /** Adds up to the total */
  counts: BatchCounts
  /** Its client stopped in the middle of posting items, and did not come back in time */
  incomplete: boolean
  createdAt: string
  finishedAt: string | null
  /** When the batch, its items and their results will be removed */
  expiresAt: string | null
  /** The batch whose items it runs again */
  replayOf: string | null
  /** The job that its items are shards of; such a batch is kept as long as the job */
  shardsOf: string | null
  /** What is told of its end, beside the endpoints of the tenant */
  webhook: {
    url: string
    events: WebhookEvent[]
    /** Names of its headers */
    headers: string[]
  } | null
  links: {
    self: string
    results: string
    events: string
    jobs: string
  }
  /** What became of each item, where there are at most 1000; of more, the first 1000 that were not accepted. The results have all */
  items: ItemOutcome[]
}

export interface BatchResultView {
  index: number
  jobId: string | null
  status: 'scheduled' | 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired' | 'dead' | 'refused' | 'removed'
  /** Once it succeeded */
  result?: unknown
  /** How the result is written; left out where it is JSON */
  serialization?: Serialization
  error?: JobFailure | {
    code: string
    message: string
  }
}

export type BatchReplay = {
  /** Items that ended so are made again */
  statuses?: ('failed' | 'dead' | 'cancelled' | 'expired')[]
  /** Limits to have instead; those that are not named stay */
  limits?: {
    /** Wall time from the first instruction of user code: 30000 unless given, at most 3600000; of a transform 3600000 and 86400000 */
    timeoutMs?: number
    /** CPU time of user code; waiting is free: 10000 unless given, at most 600000; of a transform 3600000 and 86400000 */
    cpuMs?: number
    memoryMb?: number
    logBytes?: number
    logLines?: number
    resultBytes?: number
    timers?: number
    toolCalls?: number
    concurrentToolCalls?: number
    outputBytes?: number
  }
  /** Retry policy to have instead, as a whole */
  retry?: RetryPolicy
  priority?: Priority
} | null

export interface Loss {
  /** Number of the run */
  run: number
  attempt: number
  at: string
  worker: string
  reason: 'crash' | 'lock' | 'redelivered' | 'overdue' | 'shutdown' | 'forgotten'
  /** Of a runner that died: how, its last words, how its memory grew, and what is suspected */
  evidence: {
    signal: string | null
    exitCode: number | null
    reason: string
    stderr: string
    memoryCurve: [number, number][]
    lastLogs: string[]
    suspect: {
      limit: string | null
      builtIns: string[]
      why: string
    } | null
  } | null
}

export interface DeadLetter {
  id: string
  status: JobStatus
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
  /** When the current run will be stopped */
  deadlineAt: string | null
  /** When the job and all it stored will be removed */
  expiresAt: string | null
  /** How the result is written */
  serialization: Serialization
  error: JobFailure | null
  attempts: Attempt[]
  /** Of the last run; while that goes on, what the last `job.usage` told */
  usage: {
    wallMs: number
    cpuMs: number
    peakMemoryBytes: number
    logBytes: number
    resultBytes: number
    toolCalls: number
    queueMs: number
  } | null
  progress: {
    value: number
    message: string
    records?: {
      read: number
      written: number
      rejected: number
    }
    bytes?: {
      /** Of the input without its compression */
      read: number
      /** Of the files of the job, as they are stored */
      written: number
    }
    /** Share of the input that was read */
    fraction?: number | null
    recordsPerSecond?: number
    /** Until its end, as far as can be told */
    etaMs?: number | null
  } | null
  priority: Priority
  tags: Record<string, string>
  /** The batch that it is an item of */
  batchId: string | null
  /** The batch of its shards, while it waits for them and after */
  shards: string | null
  /** The job that it runs again */
  replayOf: string | null
  /** What is told of its events, beside the endpoints of the tenant */
  webhook: {
    url: string
    events: WebhookEvent[]
    /** Names of its headers */
    headers: string[]
  } | null
  traceId: string | null
  links: {
    self: string
    result: string
    logs: string
    events: string
    trace: string
    checkpoint: string
    files: string
  }
  /** The last job that was made again from this one */
  replayedAs: string | null
  losses: Loss[]
}

export interface DeadLetterCounts {
  total: number
  /** By the code of the failure that the jobs are dead of */
  byCode: Record<string, number>
}

export interface NewSweep {
  ids?: string[]
  /** Letters that fit all its members */
  filter?: {
    /** Code of the failure that the job is dead of */
    code?: FailureCode
    /** `key:value`, matched exactly; the key ends at the first colon */
    tag?: string
    /** Id of the batch that the job is an item of */
    batch?: string
    /** Made at this time or later */
    since?: string
    /** Made at this time or before */
    until?: string
  }
  all?: true
  /** Limits to have instead; those that are not named stay */
  limits?: {
    /** Wall time from the first instruction of user code: 30000 unless given, at most 3600000; of a transform 3600000 and 86400000 */
    timeoutMs?: number
    /** CPU time of user code; waiting is free: 10000 unless given, at most 600000; of a transform 3600000 and 86400000 */
    cpuMs?: number
    memoryMb?: number
    logBytes?: number
    logLines?: number
    resultBytes?: number
    timers?: number
    toolCalls?: number
    concurrentToolCalls?: number
    outputBytes?: number
  }
  /** Retry policy to have instead, as a whole */
  retry?: RetryPolicy
  priority?: Priority
  /** Also where the job was replayed before */
  again?: boolean
}

export interface Sweep {
  id: string
  action: 'replay' | 'purge'
  /** `done` once every letter was looked at and every job that was made has ended */
  status: 'running' | 'done' | 'cancelled'
  /** Letters to look at */
  total: number
  /** Letters that were looked at */
  seen: number
  /** Letters that were replayed, or purged */
  done: number
  /** Letters that had been replayed before, or are no dead letters */
  skipped: number
  /** Letters of which no job could be made */
  refused: number
  /** Why the last of those was refused */
  refusal: string | null
  /** Jobs that were made: those that have not ended, and the others by how they did */
  jobs: {
    inFlight: number
    ended: Partial<Record<'succeeded' | 'failed' | 'cancelled' | 'expired' | 'dead' | 'removed', number>>
  }
  createdAt: string
  finishedAt: string | null
  links: {
    self: string
  }
}

export type Scope = 'jobs:read' | 'jobs:write' | 'dead-letters:write' | 'secrets:write' | 'functions:write' | 'webhooks:write' | 'files:read' | 'files:write' | 'admin' | 'metrics:read' | 'operator'

export interface NewKey {
  /** Another tenant than the key's own; needs the scope `operator` */
  tenant?: string
  name: string
  scopes: Scope[]
  /** When it stops being valid; null for never */
  expiresAt?: string | null
  /** The most that its jobs may ask for */
  ceilings?: {
    limits?: {
      /** Wall time from the first instruction of user code (ms) */
      timeoutMs?: number
      /** CPU time of user code; waiting is free (ms) */
      cpuMs?: number
      /** Memory of the isolate (MB) */
      memoryMb?: number
      /** Log text kept; the rest is cut and counted (bytes) */
      logBytes?: number
      /** Log lines kept; the rest is cut and counted (lines) */
      logLines?: number
      /** Result as UTF-8 JSON (bytes) */
      resultBytes?: number
      /** Timers pending at one time (timers) */
      timers?: number
      /** Calls of tools in one run (calls) */
      toolCalls?: number
      /** Calls of tools that wait for their answer at one time (calls) */
      concurrentToolCalls?: number
      /** Files that the job makes, as they are stored, taken together (bytes) */
      outputBytes?: number
    }
    /** Tools that a job may name; null for any */
    tools?: string[] | null
    /** The most that a job may ask to touch; null for anything */
    permissions?: Permissions | null
    /** Secrets that a job may name: none unless they are given; null for any */
    secrets?: string[] | null
    /** Hosts that webhooks may lead to: `host` (ports 80 and 443), `host:port`, `host:*`, `*.suffix`; null for any */
    webhooks?: string[] | null
  }
  /** How much it may use at one time */
  bounds?: {
    /** Requests in one second, by this key and those that were made with it together */
    requestsPerSecond?: number | null
    /** No job is taken while so many of the tenant are queued or scheduled */
    jobsWaiting?: number | null
  }
}

export interface ApiKey {
  id: string
  tenant: string
  name: string
  scopes: string[]
  createdAt: string
  /** Id of the key that made it; `operator` for the configured one */
  createdBy: string
  rotatedAt: string | null
  expiresAt: string | null
  ceilings: {
    limits: {
      /** Wall time from the first instruction of user code (ms) */
      timeoutMs?: number
      /** CPU time of user code; waiting is free (ms) */
      cpuMs?: number
      /** Memory of the isolate (MB) */
      memoryMb?: number
      /** Log text kept; the rest is cut and counted (bytes) */
      logBytes?: number
      /** Log lines kept; the rest is cut and counted (lines) */
      logLines?: number
      /** Result as UTF-8 JSON (bytes) */
      resultBytes?: number
      /** Timers pending at one time (timers) */
      timers?: number
      /** Calls of tools in one run (calls) */
      toolCalls?: number
      /** Calls of tools that wait for their answer at one time (calls) */
      concurrentToolCalls?: number
      /** Files that the job makes, as they are stored, taken together (bytes) */
      outputBytes?: number
    }
    /** Tools that a job may name; null for any */
    tools: string[] | null
    /** The most that a job may ask to touch; null for anything */
    permissions: Permissions | null
    /** Secrets that a job may name; null for any */
    secrets: string[] | null
    /** Hosts that webhooks may lead to: `host` (ports 80 and 443), `host:port`, `host:*`, `*.suffix`; null for any */
    webhooks: string[] | null
  }
  bounds: {
    /** Requests in one second, by this key and those that were made with it together */
    requestsPerSecond: number | null
    /** No job is taken while so many of the tenant are queued or scheduled */
    jobsWaiting: number | null
  }
}

export interface ApiKeyWithToken {
  id: string
  tenant: string
  name: string
  scopes: string[]
  createdAt: string
  /** Id of the key that made it; `operator` for the configured one */
  createdBy: string
  rotatedAt: string | null
  expiresAt: string | null
  ceilings: {
    limits: {
      /** Wall time from the first instruction of user code (ms) */
      timeoutMs?: number
      /** CPU time of user code; waiting is free (ms) */
      cpuMs?: number
      /** Memory of the isolate (MB) */
      memoryMb?: number
      /** Log text kept; the rest is cut and counted (bytes) */
      logBytes?: number
      /** Log lines kept; the rest is cut and counted (lines) */
      logLines?: number
      /** Result as UTF-8 JSON (bytes) */
      resultBytes?: number
      /** Timers pending at one time (timers) */
      timers?: number
      /** Calls of tools in one run (calls) */
      toolCalls?: number
      /** Calls of tools that wait for their answer at one time (calls) */
      concurrentToolCalls?: number
      /** Files that the job makes, as they are stored, taken together (bytes) */
      outputBytes?: number
    }
    /** Tools that a job may name; null for any */
    tools: string[] | null
    /** The most that a job may ask to touch; null for anything */
    permissions: Permissions | null
    /** Secrets that a job may name; null for any */
    secrets: string[] | null
    /** Hosts that webhooks may lead to: `host` (ports 80 and 443), `host:port`, `host:*`, `*.suffix`; null for any */
    webhooks: string[] | null
  }
  bounds: {
    /** Requests in one second, by this key and those that were made with it together */
    requestsPerSecond: number | null
    /** No job is taken while so many of the tenant are queued or scheduled */
    jobsWaiting: number | null
  }
  /** What a request is to carry as `Authorization: Bearer …`; answered this once */
  token: string
}

export type WebhookEvent = 'job.started' | 'job.retrying' | 'job.lost' | 'job.succeeded' | 'job.failed' | 'job.dead' | 'job.cancelled' | 'job.expired' | 'batch.completed'

export interface NewWebhookEndpoint {
  /** Posted to over https, or http; without credentials and without a fragment */
  url: string
  /** Events that it is sent */
  events?: WebhookEvent[]
  /** Sent with every delivery: `authorization` and `x-…`; their values are not answered again */
  headers?: Record<string, string>
  description?: string
  enabled?: boolean
}

export interface WebhookEndpointChange {
  /** Posted to over https, or http; without credentials and without a fragment */
  url?: string
  /** Events that it is sent */
  events?: WebhookEvent[]
  /** Instead of all headers that it has */
  headers?: Record<string, string>
  description?: string
  /** true has it tried again at once, whatever it was disabled for */
  enabled?: boolean
}

export interface WebhookEndpoint {
  /** Null where it cannot be decrypted, since a key of the operator is missing: give it another, with all headers */
  url: string | null
  events: WebhookEvent[]
  /** Names of its headers */
  headers: string[]
  id: string
  description: string
  enabled: boolean
  /** `gone`: it answered 410. Enable it with PATCH */
  disabledReason: 'asked' | 'gone' | null
  createdAt: string
  updatedAt: string
  links: {
    self: string
    deliveries: string
  }
}

export interface WatchedWebhookEndpoint {
  /** Null where it cannot be decrypted, since a key of the operator is missing: give it another, with all headers */
  url: string | null
  events: WebhookEvent[]
  /** Names of its headers */
  headers: string[]
  id: string
  description: string
  enabled: boolean
  /** `gone`: it answered 410. Enable it with PATCH */
  disabledReason: 'asked' | 'gone' | null
  createdAt: string
  updatedAt: string
  links: {
    self: string
    deliveries: string
  }
  circuit: {
    /** `open`: it failed so often in a row that nothing is sent until `openUntil`; `half-open`: one delivery tries whether it is back */
    state: 'closed' | 'open' | 'half-open'
    /** Tries that failed in a row */
    failures: number
    openUntil: string | null
    /** Deliveries that are to be sent */
    waiting: number
    /** Deliveries that are being sent */
    sending: number
  }
}

export interface WebhookEndpointWithSecret {
  /** Null where it cannot be decrypted, since a key of the operator is missing: give it another, with all headers */
  url: string | null
  events: WebhookEvent[]
  /** Names of its headers */
  headers: string[]
  id: string
  description: string
  enabled: boolean
  /** `gone`: it answered 410. Enable it with PATCH */
  disabledReason: 'asked' | 'gone' | null
  createdAt: string
  updatedAt: string
  links: {
    self: string
    deliveries: string
  }
  /** What its deliveries are signed with */
  secret: string
}

export interface SigningSecret {
  /** `whsec_` and base64, as Standard Webhooks has it */
  secret: string
  createdAt: string
  /** When it stops signing; null for the current one */
  expiresAt: string | null
}

export interface ListedWebhookDelivery {
  id: string
  /** The header `webhook-id`: the same in every try, and at every endpoint */
  eventId: string
  /** Of the event: job.started, job.retrying, job.lost, job.succeeded, job.failed, job.dead, job.cancelled, job.expired, batch.completed, webhook.test */
  type: string
  /** Id of the job, the batch or the endpoint that the event is about */
  subject: string
  /** Null for the webhook of the job or batch itself */
  endpointId: string | null
  /** Where the last try went; null before the first */
  url: string | null
  status: 'pending' | 'succeeded' | 'dead'
  /** Why it was given up: exhausted (its last try failed), expired (the schedule is over), gone (410), full (the tenant had too much undelivered), removed (the job or batch was), deleted (the endpoint was) */
  reason: string | null
  createdAt: string
  nextTryAt: string | null
  finishedAt: string | null
  /** When it will be removed from this log */
  expiresAt: string | null
  /** How often it was tried */
  tried: number
  /** How often a worker was lost that was making a try: the receiver may have been told then, and the try was made anew */
  lost: number
  links: {
    self: string
  }
}

export interface WebhookDelivery {
  id: string
  /** The header `webhook-id`: the same in every try, and at every endpoint */
  eventId: string
  /** Of the event: job.started, job.retrying, job.lost, job.succeeded, job.failed, job.dead, job.cancelled, job.expired, batch.completed, webhook.test */
  type: string
  /** Id of the job, the batch or the endpoint that the event is about */
  subject: string
  /** Null for the webhook of the job or batch itself */
  endpointId: string | null
  /** Where the last try went; null before the first */
  url: string | null
  status: 'pending' | 'succeeded' | 'dead'
  /** Why it was given up: exhausted (its last try failed), expired (the schedule is over), gone (410), full (the tenant had too much undelivered), removed (the job or batch was), deleted (the endpoint was) */
  reason: string | null
  createdAt: string
  nextTryAt: string | null
  finishedAt: string | null
  /** When it will be removed from this log */
  expiresAt: string | null
  /** How often it was tried */
  tried: number
  /** How often a worker was lost that was making a try: the receiver may have been told then, and the try was made anew */
  lost: number
  links: {
    self: string
  }
  tries: {
    number: number
    startedAt: string
    latencyMs: number
    /** HTTP status of the answer; null where none came */
    status: number | null
    /** Why it failed; null for one that succeeded */
    error: string | null
    /** The first 1,024 bytes of what was answered */
    answer: string | null
  }[]
}

export interface WebhookRedelivery {
  status?: 'succeeded' | 'dead'
  /** Id of an endpoint; `own` for webhooks of jobs and batches */
  endpoint?: string
  /** Id of a job that the event is about */
  job?: string
  /** Id of a batch that the event is about */
  batch?: string
  type?: 'job.started' | 'job.retrying' | 'job.lost' | 'job.succeeded' | 'job.failed' | 'job.dead' | 'job.cancelled' | 'job.expired' | 'batch.completed' | 'webhook.test'
  /** Of an event at this time or later */
  since?: string
  /** Of an event at this time or before */
  until?: string
  /** Most deliveries that are made again */
  limit?: number
  /** `nextCursor` of the page before */
  cursor?: string
}

export interface WebhookRedelivered {
  redelivered: number
  /** Of an endpoint that is disabled or deleted, or a job or batch that was removed */
  skipped: number
  /** It stopped since the tenant has as many undelivered bytes as it may (BATCHBOX_WEBHOOK_OWED_BYTES): go on when some were delivered */
  isFull: boolean
  nextCursor: string | null
}

export interface NewFlowCall {
  /** JavaScript or TypeScript as UTF-8 in base64 */
  codebase64: string
  /** Any JSON value; null unless given */
  input?: unknown
  /** Wall time of the code in milliseconds */
  timeout?: number
}

export interface FlowAnswer {
  success: boolean
  /** What the code returned; left out where it failed */
  result?: unknown
  error?: {
    type: 'ValidationError' | 'SecurityError' | 'SyntaxError' | 'ReferenceError' | 'TypeError' | 'RuntimeError' | 'TimeoutError' | 'ConcurrencyError'
    message: string
    /** The same, in the words of the errors of jobs */
    code: string
    /** Lines of the code itself */
    stack?: string
  }
  /** What the code printed; left out when empty */
  logs?: {
    level: LogLevel
    message: string
    /** Milliseconds of the Unix epoch */
    timestamp: number
  }[]
  executionId: string
  timing: {
    /** Wall time of the code in milliseconds */
    executionTime: number
    /** From when the request came until it was answered */
    totalTime: number
  }
  /** When it was answered, RFC 3339 */
  timestamp: string
}

export interface StoredFunction {
  name: string
  version: number
  createdAt: string
  updatedAt: string
}

export interface WholeFunction {
  name: string
  version: number
  createdAt: string
  updatedAt: string
  /** The job, as it was stored */
  request: Record<string, unknown>
}

export interface Secret {
  name: string
  createdAt: string
  updatedAt: string
}

export interface StoredFile {
  id: string
  name: string
  /** As it is stored; of an output of a job that runs, what is committed so far */
  bytes: number
  /** Of the bytes as they are stored, hexadecimal; null of outputs of jobs */
  sha256: string | null
  /** As it was given */
  contentType: string | null
  /** As it was given: nothing is decoded */
  contentEncoding: 'gzip' | 'zstd' | null
  /** False of an output that its job has not ended well */
  isComplete: boolean
  /** Of the job whose output it is; null of files that were uploaded */
  jobId: string | null
  createdAt: string
  updatedAt: string
  /** When it is removed; null of outputs, which stay as long as their job */
  expiresAt: string | null
  links: {
    content: string
  }
}

export interface TenantBounds {
  /** No job is taken while so many are queued or scheduled */
  jobsWaiting: number | null
  /** Jobs that may run at one time; others wait */
  jobsRunning: number | null
  /** The most that jobs may ask for, whatever their key has; effective within 5 s */
  ceilings: {
    limits: {
      /** Wall time from the first instruction of user code (ms) */
      timeoutMs?: number
      /** CPU time of user code; waiting is free (ms) */
      cpuMs?: number
      /** Memory of the isolate (MB) */
      memoryMb?: number
      /** Log text kept; the rest is cut and counted (bytes) */
      logBytes?: number
      /** Log lines kept; the rest is cut and counted (lines) */
      logLines?: number
      /** Result as UTF-8 JSON (bytes) */
      resultBytes?: number
      /** Timers pending at one time (timers) */
      timers?: number
      /** Calls of tools in one run (calls) */
      toolCalls?: number
      /** Calls of tools that wait for their answer at one time (calls) */
      concurrentToolCalls?: number
      /** Files that the job makes, as they are stored, taken together (bytes) */
      outputBytes?: number
    }
    /** Tools that a job may name; null for any */
    tools: string[] | null
    /** The most that a job may ask to touch; null for anything */
    permissions: Permissions | null
    /** Secrets that a job may name; null for any */
    secrets: string[] | null
    /** Hosts that webhooks may lead to: `host` (ports 80 and 443), `host:port`, `host:*`, `*.suffix`; null for any */
    webhooks: string[] | null
  }
}

export interface Erasure {
  tenant: string
  status: 'running' | 'done'
  /** keys: they are revoked. jobs: they are stopped and removed. names: whatever else there is is looked for. quiet: nothing is left; requests that were let in before are waited for */
  stage: 'keys' | 'jobs' | 'names' | 'quiet'
  /** Jobs that have not stopped yet */
  running: number
  removed: {
    keys: number
    jobs: number
    batches: number
    /** Entries of Redis that belong to none of these */
    others: number
  }
  startedAt: string
  finishedAt: string | null
}

export interface Act {
  id: string
  time: string
  /** What was done: key.created, key.rotated, key.revoked, job.deleted, tenant.bounded, tenant.erased, secret.stored, secret.deleted, function.stored, function.deleted, dead-letters.replayed, dead-letters.purged, webhook.created, webhook.updated, webhook.deleted, webhook.rotated, webhook.redelivered */
  act: string
  /** Id of the key that did it; `operator` for the configured one */
  actor: string
  /** Id of what it was done to */
  target: string
  details: Record<string, unknown>
}

export interface Stats {
  time: string
  /** Jobs that are kept, by state */
  depths: Partial<Record<JobStatus, number>>
  lastHour: {
    /** Five minutes of the last hour, or whole hours of the last day, are counted together */
    since: string
    /** Jobs made since then that are still kept */
    accepted: number
    ended: Partial<Record<JobStatus, number>>
    perMinute: {
      accepted: number
      ended: number
    }
    /** By code, the most frequent first */
    failures: {
      code: FailureCode
      count: number
    }[]
    /** From their first run on; of each hour, ten that took 100 ms or more are remembered */
    slowest: {
      id: string
      status: JobStatus
      finishedAt: string
      durationMs: number
    }[]
  }
  lastDay: {
    /** Five minutes of the last hour, or whole hours of the last day, are counted together */
    since: string
    /** Jobs made since then that are still kept */
    accepted: number
    ended: Partial<Record<JobStatus, number>>
    perMinute: {
      accepted: number
      ended: number
    }
    /** By code, the most frequent first */
    failures: {
      code: FailureCode
      count: number
    }[]
    /** From their first run on; of each hour, ten that took 100 ms or more are remembered */
    slowest: {
      id: string
      status: JobStatus
      finishedAt: string
      durationMs: number
    }[]
  }
}

export interface Modules {
  packages: {
    name: string
    version: string
    /** As the package has it, mostly an SPDX expression */
    licence: string
    source: 'shipped' | 'operator'
    modules: {
      /** What a job imports, as in `date-fns/locale` */
      specifier: string
      /** How many names it exports */
      exports: number
      /** Script that is loaded with it; a job that does not import it pays nothing for it */
      characters: number
    }[]
  }[]
  /** Modules of Node; the prefix of their names may be left out */
  builtins: string[]
}
