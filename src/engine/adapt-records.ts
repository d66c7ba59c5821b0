import { JobError } from '../core/failures.ts'
import { buildFailure, type JobFailure } from '../core/outcome.ts'
import { RecordError, type RecordPort } from '../core/records.ts'
import type { Compiled } from './compiler-client.ts'
import type { Concealer } from './concealer.ts'
import type { RunnerOutput, RunnerPort } from './record-flow.ts'
import { createStackMapper } from './source-positions.ts'

/** Puts what a runner says of records in the words that the worker reads, without secrets. A state stays as it is: the code goes on from it. */
export function adaptRecords (port: RecordPort, concealer: Concealer, compiled: Pick<Compiled, 'file' | 'map' | 'sources'>): RunnerPort {
  const { errors, checkpointMs } = port.settings
  const mapStack = createStackMapper([compiled, ...compiled.sources])

  function explain ({ place, failure: [, code, name, message, stack] }: RunnerOutput['rejects'][number]) {
    const mapped = concealer.text(mapStack(stack))
    const failure = buildFailure(code, concealer.text(message), { name: concealer.text(name), ...(mapped ? { stack: mapped } : {}), record: place })
    return { record: place.number, byte: place.byte, failure }
  }

  return {
    grant: { skip: errors.policy === 'skip', checkpointMs },
    next: () => port.next(),
    mark: () => port.mark?.(),
    take: ({ text, rejects, ...rest }) => port.take({ ...rest, text: concealer.isEmpty ? text : Buffer.from(concealer.json(text.toString())), rejects: rejects.map(explain) }),
  }
}

/** What a run failed with whose records could not be read or written. */
export function buildRecordsFailure (error: unknown): JobFailure {
  if (error instanceof JobError) return buildFailure(error.code, error.message, { name: error.name })
  if (error instanceof RecordError) {
    const { message, record, byte, name } = error
    return buildFailure('INPUT_MALFORMED', message, { name, ...(record === null ? {} : { record: { number: record, byte } }) })
  }
  return buildFailure('INTERNAL', 'Cannot go on with the records of the run: they could not be read or written')
}
