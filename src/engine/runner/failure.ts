import { DETAILS_CHARS, FAILURE_CHARS, GUEST_CODES, type GuestCode, type StopCode } from '../../core/runner-protocol.ts'

/** Why a run failed, in the runner's words. `observed` is the figure that broke a limit, or 0. */
export interface RunFailure {
  code: GuestCode | StopCode
  name: string
  message: string
  stack: string
  /** JSON text of what else it has; absent where there is nothing. */
  details?: string
  observed: number
  /** The record that it was for, by its number since the run began; 0 for none. */
  record: number
}

/** Reads a failure that the guest posted. What comes last are the figure, the record and the details. A code that user code cannot cause becomes USER_ERROR. */
export function readGuestFailure (code: unknown, name: unknown, message: unknown, stack: unknown, [observed, record, details]: readonly unknown[]): RunFailure {
  return {
    code: GUEST_CODES.find((known) => known === code) ?? 'USER_ERROR',
    name: text(name, FAILURE_CHARS.name) || 'Error',
    message: text(message, FAILURE_CHARS.message),
    stack: text(stack, FAILURE_CHARS.stack),
    ...(typeof details === 'string' && details !== '' && details.length <= DETAILS_CHARS ? { details } : {}),
    observed: readCount(observed),
    record: readCount(record),
  }
}

/** Answers 0 for what is no count. */
export function readCount (value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0
}

/**
 * Reads what a call into the isolate rejected with. It is either the isolate's own end (memory), a module that did not parse or
 * threw while it was evaluated, or a rejection that nobody handled; the phase tells the last two apart.
 */
export function readCallError (error: unknown, phase: 'compile' | 'evaluate' | 'run', isDisposed: boolean): RunFailure {
  const code = phase === 'run' ? 'UNHANDLED_REJECTION' : 'USER_ERROR'
  if (!(error instanceof Error)) return { code, name: 'Exception', message: primitiveText(error), stack: '', observed: 0, record: 0 }
  if (error.message === NO_ERROR) return { code, name: 'Exception', message: 'An object that is not an Error', stack: '', observed: 0, record: 0 }
  const failure = { name: text(error.name, FAILURE_CHARS.name) || 'Error', message: text(error.message, FAILURE_CHARS.message), stack: text(error.stack, FAILURE_CHARS.stack), observed: 0, record: 0 }
  if (isDisposed ? DISPOSED.has(failure.message) : failure.name === 'RangeError' && failure.message === 'Array buffer allocation failed') return { ...failure, code: 'MEMORY_LIMIT' }
  if (phase === 'compile') return { ...failure, code: 'SYNTAX_ERROR' }
  if (failure.name === 'RangeError' && failure.message === 'Maximum call stack size exceeded') return { ...failure, code: 'STACK_LIMIT' }
  return { ...failure, code }
}

/** The words isolated-vm uses when an isolate reached its heap limit, and for something thrown that it cannot copy. */
const DISPOSED: ReadonlySet<string> = new Set(['Isolate was disposed during execution due to memory limit', 'Isolate is disposed'])
const NO_ERROR = 'An object was thrown from supplied code within isolated-vm, but that object was not an instance of `Error`.'

function text (value: unknown, chars: number): string {
  if (typeof value !== 'string') return ''
  return value.length <= chars ? value : `${value.slice(0, chars - 1)}…`
}

function primitiveText (value: unknown): string {
  return typeof value === 'object' ? 'null' : text(String(value), FAILURE_CHARS.message)
}
