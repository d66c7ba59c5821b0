import { NativeError } from './native.ts'

/** Names that Web Cryptography gives its failures, and what to say when Node's own words will not do. */
const REASONS = {
  DataError: 'the key data does not fit the format and the algorithm',
  InvalidAccessError: 'the key may not be used for this',
  NotSupportedError: 'the algorithm or the format is not supported',
  OperationError: 'the operation failed',
  QuotaExceededError: 'it is more than may be asked for',
  SyntaxError: 'the usages do not fit the algorithm',
  TypeError: 'an argument is of the wrong type',
} as const
type Name = keyof typeof REASONS

/** Words of ours and Node's. No colon and no slash: OpenSSL's errors and paths have one. */
const HARMLESS = /^[\w .,()'-]{1,150}$/
/** What Node says when it knows no more than that it failed. */
const EMPTY_WORDS = 'The operation failed for an operation-specific reason'

/** Turns whatever an operation failed with into what user code may know of it. */
export function describeFailure (method: string, thrown: unknown): NativeError {
  const { name, message } = thrown instanceof Error ? thrown : { name: '', message: '' }
  const isKnown = Object.hasOwn(REASONS, name) && (thrown instanceof NativeError || thrown instanceof DOMException || name === 'TypeError')
  if (!isKnown) return new NativeError('OperationError', `Cannot ${method}: ${REASONS.OperationError}`)
  const isUseful = HARMLESS.test(message) && message !== EMPTY_WORDS
  return new NativeError(name, `Cannot ${method}: ${isUseful ? message.replace(/\.$/, '') : REASONS[name as Name]}`)
}
