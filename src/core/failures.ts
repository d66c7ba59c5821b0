/** How one code is answered, retried and blamed. */
export interface Failure {
  /** HTTP status a request that meets this failure is answered with. */
  status: number
  /** Who has to act: the caller who sent the request, the author of the code, or the operator of the service. */
  fault: 'caller' | 'code' | 'service'
  /** Whether a retry policy that names no codes retries it. */
  retry: boolean
  /** Short, stable title of a problem answer. */
  title: string
}

/** Every code a person can meet. HTTP status, default retries and metrics all read this table. */
export const FAILURES = {
  SYNTAX_ERROR: { status: 422, fault: 'code', retry: false, title: 'Code does not parse' },
  ENTRY_ERROR: { status: 422, fault: 'code', retry: false, title: 'Entry is not a function' },
  USER_ERROR: { status: 422, fault: 'code', retry: true, title: 'Code threw an error' },
  UNHANDLED_REJECTION: { status: 422, fault: 'code', retry: true, title: 'A promise was rejected and nobody handled it' },
  TIMEOUT: { status: 422, fault: 'code', retry: true, title: 'Wall time limit reached' },
  CPU_LIMIT: { status: 422, fault: 'code', retry: false, title: 'CPU time limit reached' },
  MEMORY_LIMIT: { status: 422, fault: 'code', retry: false, title: 'Memory limit reached' },
  STACK_LIMIT: { status: 422, fault: 'code', retry: false, title: 'Call stack limit reached' },
  TIMER_LIMIT: { status: 422, fault: 'code', retry: false, title: 'Too many pending timers' },
  RESULT_TOO_LARGE: { status: 422, fault: 'code', retry: false, title: 'Result is larger than its limit' },
  RESULT_NOT_SERIALIZABLE: { status: 422, fault: 'code', retry: false, title: 'Result cannot be written as JSON' },
  PERMISSION_DENIED: { status: 403, fault: 'code', retry: false, title: 'Permission denied' },
  TOOL_ERROR: { status: 502, fault: 'code', retry: true, title: 'A tool failed' },
  TOOL_LIMIT: { status: 422, fault: 'code', retry: false, title: 'A limit of tools was reached' },
  INPUT_MALFORMED: { status: 422, fault: 'caller', retry: false, title: 'Input is not what it is said to be' },
  RECORD_ERRORS: { status: 422, fault: 'code', retry: false, title: 'Too many records failed' },
  OUTPUT_TOO_LARGE: { status: 422, fault: 'code', retry: false, title: 'Output is larger than its limit' },
  MODULE_NOT_ALLOWED: { status: 422, fault: 'code', retry: false, title: 'Module is not allowed' },
  CANCELLED: { status: 409, fault: 'caller', retry: false, title: 'Cancelled' },
  EXPIRED: { status: 410, fault: 'caller', retry: false, title: 'Time to live passed before the job started' },
  WORKER_CRASHED: { status: 503, fault: 'service', retry: true, title: 'The process that ran the job died' },
  INTERNAL: { status: 500, fault: 'service', retry: true, title: 'Internal error' },
  BAD_REQUEST: { status: 400, fault: 'caller', retry: false, title: 'Request is malformed' },
  INVALID: { status: 422, fault: 'caller', retry: false, title: 'Request is not valid' },
  CODE_TOO_LARGE: { status: 413, fault: 'caller', retry: false, title: 'Code is too large' },
  INPUT_TOO_LARGE: { status: 413, fault: 'caller', retry: false, title: 'Input is too large' },
  FILE_TOO_LARGE: { status: 413, fault: 'caller', retry: false, title: 'File is too large' },
  FILE_GONE: { status: 410, fault: 'caller', retry: false, title: 'File is gone' },
  CHECKSUM_MISMATCH: { status: 422, fault: 'caller', retry: false, title: 'Content does not have the digest it is said to have' },
  UPLOAD_CONFLICT: { status: 409, fault: 'caller', retry: false, title: 'The upload stands at another offset' },
  RANGE_NOT_SATISFIABLE: { status: 416, fault: 'caller', retry: false, title: 'The file has no such range' },
  STORAGE_FULL: { status: 507, fault: 'service', retry: true, title: 'The file store is full' },
  UNAUTHENTICATED: { status: 401, fault: 'caller', retry: false, title: 'No valid API key' },
  FORBIDDEN: { status: 403, fault: 'caller', retry: false, title: 'The API key may not do this' },
  NOT_FOUND: { status: 404, fault: 'caller', retry: false, title: 'Not found' },
  METHOD_NOT_ALLOWED: { status: 405, fault: 'caller', retry: false, title: 'Method is not allowed here' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, fault: 'caller', retry: false, title: 'Content type is not supported' },
  UPGRADE_REQUIRED: { status: 426, fault: 'caller', retry: false, title: 'Only a WebSocket is served here' },
  GONE: { status: 410, fault: 'caller', retry: false, title: 'Removed' },
  IDEMPOTENCY_MISMATCH: { status: 409, fault: 'caller', retry: false, title: 'Idempotency key was used with another body' },
  NOT_FINISHED: { status: 409, fault: 'caller', retry: false, title: 'The job has not ended' },
  TENANT_ERASING: { status: 409, fault: 'caller', retry: false, title: 'The tenant is being erased' },
  RATE_LIMITED: { status: 429, fault: 'caller', retry: true, title: 'Too many requests' },
  OVERLOADED: { status: 503, fault: 'service', retry: true, title: 'The service is overloaded' },
  UNAVAILABLE: { status: 503, fault: 'service', retry: true, title: 'The service is not available' },
} as const satisfies Record<string, Failure>

export type FailureCode = keyof typeof FAILURES

/** Tells whether a text is one of the codes of the table. */
export function isFailureCode (text: string): text is FailureCode {
  return Object.hasOwn(FAILURES, text)
}

/** One wrong member of a request, by JSON pointer (RFC 6901). */
export interface InvalidMember {
  pointer: string
  message: string
}

/** A failure that a caller can act on. Compare `code`, never the class: it does not survive a process boundary. */
export class JobError extends Error {
  override readonly name = 'JobError'
  readonly code: FailureCode
  readonly errors: readonly InvalidMember[]

  constructor (code: FailureCode, message: string, options: ErrorOptions & { errors?: readonly InvalidMember[] } = {}) {
    super(message, options)
    this.code = code
    this.errors = options.errors ?? []
  }
}
