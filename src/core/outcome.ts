import { z } from 'zod'
import { ErrorDetails } from './error-details.ts'
import { FAILURES, type FailureCode } from './failures.ts'

const failureCodes = Object.keys(FAILURES) as [FailureCode, ...FailureCode[]] // the keys of a closed, non-empty table

export const BrokenLimit = z.object({
  name: z.string(),
  configured: z.number(),
  observed: z.number(),
  suggested: z.number(),
})
export type BrokenLimit = z.infer<typeof BrokenLimit>

/** Why an attempt failed, as clients read it. `stack` holds the user's own frames only. */
export const JobFailure = z.object({
  code: z.enum(failureCodes),
  name: z.string(),
  message: z.string(),
  stack: z.string().optional(),
  ...ErrorDetails.shape,
  retryable: z.boolean(),
  limit: BrokenLimit.optional(),
  record: z.object({ number: z.number().int(), byte: z.number().int().nullable() }).optional().describe('Of a transform: the record that it happened at, from 1, and the byte of the input, without its compression, that it begins at'),
})
export type JobFailure = z.infer<typeof JobFailure>

/** What one run used. Times in milliseconds. */
export const Usage = z.object({
  wallMs: z.number(),
  cpuMs: z.number(),
  peakMemoryBytes: z.number(),
  logBytes: z.number(),
  resultBytes: z.number(),
  toolCalls: z.number(),
})
export type Usage = z.infer<typeof Usage>

export const EMPTY_USAGE: Usage = Object.freeze({ wallMs: 0, cpuMs: 0, peakMemoryBytes: 0, logBytes: 0, resultBytes: 0, toolCalls: 0 })

/** Where the run was contained. */
export const Isolation = z.object({
  process: z.boolean().describe('In a process apart from the one that holds credentials'),
  permission: z.boolean().describe('Without any of the rights that Node can take away, the network among them'),
  uid: z.number().nullable().describe('User that the process was'),
  cgroup: z.boolean().describe('In a control group of its own, which the kernel holds to its memory'),
  threads: z.number().describe('Runs that the process may have had at one time'),
})
export type Isolation = z.infer<typeof Isolation>

/** Levels of isolation that a job can demand. `uid` is reached where the process is another user than the one that holds credentials. */
export const ISOLATION_LEVELS = ['process', 'permission', 'uid', 'cgroup'] as const
export type IsolationLevel = typeof ISOLATION_LEVELS[number]

/**
 * What one run of user code ended with. `result` is JSON text. A crash is a runner that died for a reason not known to be a
 * limit; `shared` when other runs were in it, so that none of them is to blame.
 */
export type Outcome =
  | { type: 'succeeded', result: string, usage: Usage }
  | { type: 'failed', error: JobFailure, usage: Usage }
  | { type: 'cancelled', stoppedAfterMs: number, usage: Usage }
  | { type: 'crashed', shared: boolean, evidence: CrashEvidence, usage: Usage }

/** A guess at what killed a runner: the limit that it came near, calls of the language known to, and what speaks for it. */
export const Suspect = z.object({
  limit: z.string().nullable(),
  builtIns: z.array(z.string()),
  why: z.string(),
})
export type Suspect = z.infer<typeof Suspect>

/**
 * What is known of a runner's death. `stderr` is the tail of what it wrote, `memoryCurve` milliseconds since the run was handed over and
 * bytes that the process had grown by, at most 64 times; `lastLogs` the last lines of the run, cut.
 */
export const CrashEvidence = z.object({
  signal: z.string().nullable(),
  exitCode: z.number().nullable(),
  reason: z.string(),
  stderr: z.string(),
  memoryCurve: z.array(z.tuple([z.number(), z.number()])),
  lastLogs: z.array(z.string()),
  suspect: Suspect.nullable(),
})
export type CrashEvidence = z.infer<typeof CrashEvidence>

/** Completes a failure from its code. */
export function buildFailure (code: FailureCode, message: string, more: { name?: string, stack?: string | undefined, details?: ErrorDetails | undefined, limit?: BrokenLimit, record?: NonNullable<JobFailure['record']> } = {}): JobFailure {
  return {
    code,
    name: more.name ?? 'Error',
    message,
    retryable: FAILURES[code].retry,
    ...(more.stack === undefined ? {} : { stack: more.stack }),
    ...more.details,
    ...(more.limit === undefined ? {} : { limit: more.limit }),
    ...(more.record === undefined ? {} : { record: more.record }),
  }
}

/** Describes a broken limit. The suggestion is twice what was seen, and at least twice what was configured. */
export function buildBrokenLimit (name: string, configured: number, observed: number): BrokenLimit {
  return { name, configured, observed: Math.round(observed), suggested: Math.ceil(2 * Math.max(configured, observed)) }
}
