import type { NewJob } from './api-types.ts'
import type { Items } from './http/upload.ts'
import { decodeStructured, encodeStructured } from './structured.ts'

// Loaded when a value is first in structured form, or a batch has jobs of their own: `serialization.ts` sees to that.

type Input = Pick<NewJob, 'input' | 'serialization'>

/** Brings the input of a job into the form that the job says. */
export function writeJob<T extends Input> (job: T): T {
  return job.serialization === 'structured' ? { ...job, input: writeInput(job.input) } : job
}

/** Brings an input into structured form. The content of a file is what it is, and none at all is null. */
function writeInput (input: unknown): unknown {
  return typeof input === 'object' && input !== null && Object.hasOwn(input, '$file') ? input : encodeStructured(input ?? null)
}

/** The same of many items, as they come: inputs, or jobs where there is none for all. An array stays one, which can be sent again. */
export function writeItems (items: Items<unknown>, job: Input | undefined): Items<unknown> {
  const write = (item: unknown) => job ? writeInput(item) : writeJob(item as Input) // the caller says so
  if (Array.isArray(items)) return items.map(write)
  async function * written (source: Iterable<unknown> | AsyncIterable<unknown>): AsyncGenerator<unknown> {
    for await (const item of source) yield write(item)
  }
  return typeof items === 'function' ? () => written(items()) : written(items)
}

/** Answers what the service answered with its result, if there is one, as the value that it stands for. */
export function readResult<T extends { result?: unknown }> (answer: T): T {
  return answer.result === undefined ? answer : { ...answer, result: decodeStructured(answer.result) }
}
