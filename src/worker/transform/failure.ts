import { JobError } from '../../core/failures.ts'
import { buildFailure, type JobFailure } from '../../core/outcome.ts'
import { RecordError } from '../../core/records.ts'

/** Ends a transform with a failure that has more to say than its code and message. */
export class TransformFailure extends JobError {
  readonly failure: JobFailure

  constructor (failure: JobFailure, options?: ErrorOptions) {
    super(failure.code, failure.message, options)
    this.failure = failure
  }
}

/** Says what went wrong around the code of a transform as its attempt's error; undefined for what nobody has foreseen. */
export function readFailure (error: unknown): JobFailure | undefined {
  if (error instanceof TransformFailure) return error.failure
  if (error instanceof JobError) return buildFailure(error.code, error.message, { name: error.name })
  if (error instanceof RecordError) return describeRecordError(error)
  return undefined
}

/** What is wrong with the input, with the record and the byte that it is about. */
export function describeRecordError ({ message, record: number, byte, name }: RecordError): JobFailure {
  return buildFailure('INPUT_MALFORMED', message, { name, ...(number === null ? {} : { record: { number, byte } }) })
}
