import { SERVICE_FAULTS, type BrokenLimit, type FlowAnswer, type FailureCode, type JobFailure, type Problem } from './api-types.ts'
import type { Job } from './jobs.ts'

/** Who has to act: the caller who sent the request, the author of the code, or the operator of the service. */
export type Fault = 'caller' | 'code' | 'service'

/** What every error of the client is. */
export class BatchboxError extends Error {
  override readonly name: string = 'BatchboxError'
  /** A code of the service's table of failures, or the client's own: CONNECTION, REQUEST_TIMEOUT, PROTOCOL, WAIT_TIMEOUT. */
  readonly code: FailureCode | (string & {})

  constructor (code: FailureCode | (string & {}), message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** No answer came: the service cannot be reached, or the connection broke. */
export class ConnectionError extends BatchboxError {
  override readonly name = 'ConnectionError'
  constructor (message: string, options?: ErrorOptions) {
    super('CONNECTION', message, options)
  }
}

/** No answer came within `timeoutMs`. */
export class RequestTimeoutError extends BatchboxError {
  override readonly name = 'RequestTimeoutError'
  constructor (message: string) {
    super('REQUEST_TIMEOUT', message)
  }
}

/** An answer came that is not one of a Batchbox service: another server is there, or a proxy answered. */
export class ProtocolError extends BatchboxError {
  override readonly name = 'ProtocolError'
  constructor (message: string, options?: ErrorOptions) {
    super('PROTOCOL', message, options)
  }
}

/** What was waited for has not ended within `waitMs`; it goes on. */
export class WaitTimeoutError<T = unknown> extends BatchboxError {
  override readonly name = 'WaitTimeoutError'
  /** What was waited for, as it was then. */
  readonly last: T
  constructor (message: string, last: T) {
    super('WAIT_TIMEOUT', message)
    this.last = last
  }
}

/** The service refused a request. */
export class ApiError extends BatchboxError {
  override readonly name: string = 'ApiError'
  readonly status: number
  /** What it said, as RFC 9457 has it; undefined where somebody else answered. */
  readonly problem: Problem | undefined
  /** When to try again, if it said so. */
  readonly retryAfterMs: number | undefined
  constructor (message: string, { code, status, problem, retryAfterMs }: Pick<ApiError, 'code' | 'status' | 'problem' | 'retryAfterMs'>) {
    super(code, message)
    this.status = status
    this.problem = problem
    this.retryAfterMs = retryAfterMs
  }

  get fault (): Fault {
    return this.status < 500 ? 'caller' : 'service'
  }
}

/** Any other refusal (400, 413, 415, 422, …): the request is not valid; `problem.errors` points at its members. */
export class InvalidRequestError extends ApiError { override readonly name = 'InvalidRequestError' }
/** 401: no valid API key. */
export class AuthenticationError extends ApiError { override readonly name = 'AuthenticationError' }
/** 403: the key may not do this. */
export class ForbiddenError extends ApiError { override readonly name = 'ForbiddenError' }
/** 404 and 410: there is no such thing, or no longer. */
export class NotFoundError extends ApiError { override readonly name = 'NotFoundError' }
/** 409: not in the state that it is in. */
export class ConflictError extends ApiError { override readonly name = 'ConflictError' }
/** 429: too many requests, or more than a quota has room for. */
export class RateLimitedError extends ApiError { override readonly name = 'RateLimitedError' }
/** 5xx: the service is overloaded, not available or broken. */
export class ServiceError extends ApiError { override readonly name = 'ServiceError' }

const BY_STATUS: Readonly<Record<number, typeof ApiError>> = {
  401: AuthenticationError, 403: ForbiddenError, 404: NotFoundError, 409: ConflictError, 410: NotFoundError, 429: RateLimitedError,
}

/** Makes the error of a refusal. */
export function buildApiError (request: string, { status, text, retryAfterMs }: { status: number, text: string, retryAfterMs: number | undefined }): ApiError {
  const problem = parseProblem(text)
  const detail = problem?.detail ?? (text.slice(0, 200) || 'no reason given')
  const Class = BY_STATUS[status] ?? (status < 500 ? InvalidRequestError : ServiceError)
  return new Class(`${request} was answered ${status}: ${detail}`, { code: problem?.code ?? `HTTP_${status}`, status, problem, retryAfterMs })
}

function parseProblem (text: string): Problem | undefined {
  try {
    const value = JSON.parse(text) as Partial<Problem> | null // looked at in the next line
    return typeof value?.code === 'string' && typeof value.detail === 'string' ? value as Problem : undefined
  } catch {
    return undefined
  }
}

/** A job has ended otherwise than well. */
export class RunError extends BatchboxError {
  override readonly name: string = 'RunError'
  readonly job: Job
  /** Why its last attempt failed, if one did. */
  readonly failure: JobFailure | null
  constructor (job: Job) {
    const { id, status, error } = job
    const isOff = status === 'cancelled' || status === 'expired'
    super(isOff ? status.toUpperCase() : error?.code ?? 'INTERNAL', isOff || !error ? `Job ${id} is ${status}` : `${error.name}: ${error.message} (job ${id}, ${error.code})`)
    this.job = job
    this.failure = error
  }

  get fault (): Fault {
    if (this.job.status === 'cancelled' || this.job.status === 'expired') return 'caller'
    return (SERVICE_FAULTS as readonly string[]).includes(this.code) ? 'service' : 'code'
  }

  /** The frames of the user's own code, as V8 writes them, if it threw. */
  get userStack (): string | undefined {
    return this.failure?.stack
  }

  /** The limit that was broken: what was configured, observed, and what to ask for instead. */
  get limit (): BrokenLimit | undefined {
    return this.failure?.limit
  }
}

/** The code threw, does not parse, asked for what it may not have, or a tool of it failed. */
export class CodeError extends RunError { override readonly name: string = 'CodeError' }
/** The code broke a limit, which `limit` tells of. */
export class LimitError extends CodeError {
  override readonly name = 'LimitError'
  override get limit (): BrokenLimit { return super.limit as BrokenLimit } // it is what makes the error one of these
}
/** Somebody cancelled the job. */
export class CancelledError extends RunError { override readonly name = 'CancelledError' }
/** The job's time to live passed before it started. */
export class ExpiredError extends RunError { override readonly name = 'ExpiredError' }
/** The service failed the job: its runner died, its worker vanished, or more. */
export class JobLostError extends RunError { override readonly name = 'JobLostError' }

/** A block of code threw, does not parse, asked for what it may not have, or broke a limit: `answer.error` has its `type` and its `stack`. */
export class BlockError extends BatchboxError {
  override readonly name = 'BlockError'
  /** What the service answered, with the logs and the times. */
  readonly answer: Omit<FlowAnswer, 'error'> & { error: NonNullable<FlowAnswer['error']> }
  constructor (answer: BlockError['answer']) {
    super(answer.error.code, answer.error.message)
    this.answer = answer
  }
}

/** Makes the error of a job that has not succeeded. */
export function buildRunError (job: Job): RunError {
  const { status, error } = job
  if (status === 'cancelled') return new CancelledError(job)
  if (status === 'expired') return new ExpiredError(job)
  if (error?.limit) return new LimitError(job)
  const made = new RunError(job)
  return made.fault === 'service' ? new JobLostError(job) : new CodeError(job)
}
