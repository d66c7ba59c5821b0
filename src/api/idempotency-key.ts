import { JobError } from '../core/failures.ts'

const PRINTABLE = /^[\x21-\x7e]{1,255}$/

/** Reads an `Idempotency-Key`. Throws INVALID for one that is not 1 to 255 printable ASCII characters. */
export function readIdempotencyKey (header: string | undefined): string | undefined {
  if (header === undefined || PRINTABLE.test(header)) return header
  throw new JobError('INVALID', 'Cannot take the header Idempotency-Key: expected 1 to 255 printable ASCII characters')
}
