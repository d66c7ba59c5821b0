import { z } from 'zod'
import { FAILURES, JobError } from '../core/failures.ts'
import type { JobFailure } from '../core/outcome.ts'
import { Serialization } from '../core/structured.ts'
import type { JobRecord } from '../store/read.ts'
import type { LogLine } from '../core/events.ts'

const ExecuteLog = z.object({
  level: z.string(),
  message: z.string(),
  timestamp: z.number().describe('Milliseconds of the Unix epoch'),
  name: z.string().optional().describe('Only at level `exception`'),
  stack: z.string().optional().describe('Only at level `exception`'),
})
type ExecuteLog = z.infer<typeof ExecuteLog>

/** What `POST /execute` answers, also where the code failed. Source: row ISO-1. */
export const ExecuteAnswer = z.object({
  ok: z.boolean(),
  result: z.unknown().optional(),
  serialization: Serialization.optional().describe('How the result is written; left out where it is JSON'),
  logs: z.array(ExecuteLog).optional().describe('Left out when empty'),
  duration: z.number().describe('Wall time of the run in milliseconds'),
})

/**
 * Writes the answer for a job that ended, as JSON text with the result as it was stored. The code's failure is an answer: `ok` is
 * false and the last log says why. A failure of the service throws a JobError with the job's code.
 */
export function writeExecuteAnswer (job: JobRecord, lines: readonly LogLine[], result: string | undefined): string {
  const { error, usage, spec: { serialization } } = job
  if (error && FAILURES[error.code].fault !== 'code') throw new JobError(error.code, `Cannot execute: ${error.message}`)
  const logs: ExecuteLog[] = lines.filter(({ level }) => level !== 'exception').map(({ level, message, time }) => ({ level, message, timestamp: Date.parse(time) }))
  if (error) logs.push(toExceptionLog(error, job.finishedAt ?? job.createdAt))
  const head = JSON.stringify({ ok: job.status === 'succeeded', ...(logs.length > 0 ? { logs } : {}), duration: usage?.wallMs ?? 0, ...(serialization === 'structured' ? { serialization } : {}) })
  if (job.status !== 'succeeded' || result === undefined) return head
  JSON.parse(result) // throws rather than let a result that is not JSON forge what stands around it
  return `${head.slice(0, -1)},"result":${result}}`
}

/** Row ISO-7 has its own words for a timeout. */
function toExceptionLog ({ code, name, message, stack }: JobFailure, timestamp: number): ExecuteLog {
  const named = code === 'TIMEOUT' ? { name: 'TimeoutError', message: 'Execution timeout' } : { name, message }
  return { level: 'exception', ...named, stack: stack ?? `${named.name}: ${named.message}`, timestamp }
}
