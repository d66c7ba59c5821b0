import { z } from 'zod'
import { FAILURES, JobError, type FailureCode } from '../../core/failures.ts'
import { FLOW_ERRORS, FlowLog, flowErrorType, type FlowReply } from '../../core/flow.ts'

const Timing = z.object({
  executionTime: z.number().describe('Wall time of the code in milliseconds'),
  totalTime: z.number().describe('From when the request came until it was answered'),
})

const shared = {
  executionId: z.string(),
  timing: Timing,
  timestamp: z.string().describe('When it was answered, RFC 3339'),
}

/** What a call is answered with whose code ran; `success` is false where it threw or was stopped. */
export const FlowAnswer = z.object({
  success: z.boolean(),
  result: z.unknown().optional().describe('What the code returned; left out where it failed'),
  error: z.object({
    type: z.enum(FLOW_ERRORS),
    message: z.string(),
    code: z.string().describe('The same, in the words of the errors of jobs'),
    stack: z.string().optional().describe('Lines of the code itself'),
  }).optional(),
  logs: z.array(FlowLog).optional().describe('What the code printed; left out when empty'),
  ...shared,
}).meta({ id: 'FlowAnswer' })

export interface FlowMeta {
  executionId: string
  /** Milliseconds since the request came. */
  totalMs: number
}

/** Writes the answer to a call whose code ran, as JSON text with the result as it came. Throws the service's own failures. */
export function writeFlowAnswer ({ error, wallMs, logs }: FlowReply, result: string, meta: FlowMeta): string {
  if (error && FAILURES[error.code].fault !== 'code') throw new JobError(error.code, error.message)
  const head = JSON.stringify({
    success: error === null,
    ...(error ? { error: describe(error) } : {}),
    ...(logs ? { logs } : {}),
    ...describeMeta(meta, wallMs),
  })
  if (error) return head
  JSON.parse(result) // throws rather than let a result that is not JSON forge what stands around it
  return `${head.slice(0, -1)},"result":${result}}`
}

/** Shapes the answer to a call that was refused, or that the service failed. */
export function buildFlowRefusal (code: FailureCode, message: string, meta: FlowMeta): { status: number, body: z.infer<typeof FlowAnswer> } {
  const { status } = FAILURES[code]
  return { status: code === 'INVALID' ? 400 : status, body: { success: false, error: describe({ code, name: 'Error', message }), ...describeMeta(meta, 0) } }
}

function describe ({ code, name, message, stack }: NonNullable<FlowReply['error']>) {
  return { type: flowErrorType(code, name), message, code, ...(stack === undefined ? {} : { stack }) }
}

function describeMeta ({ executionId, totalMs }: FlowMeta, executionTime: number) {
  return { executionId, timing: { executionTime, totalTime: Math.round(totalMs * 100) / 100 }, timestamp: new Date().toISOString() }
}
