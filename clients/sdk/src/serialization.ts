import type { NewJob, Serialization } from './api-types.ts'
import { readJson } from './http/requester.ts'
import type { Items } from './http/upload.ts'

const load = () => import('./values.ts')
const isStructured = ({ serialization }: { serialization?: Serialization }) => serialization === 'structured'

type Input = Pick<NewJob, 'input' | 'serialization'>

/** Brings the input of a job into the form that the job says. */
export async function writeJob<T extends Input> (job: T): Promise<T> {
  return isStructured(job) ? (await load()).writeJob(job) : job
}

/** The same of many: inputs of one job, or jobs that each have their own. */
export async function writeItems (items: Items<unknown>, job?: Input): Promise<Items<unknown>> {
  return job && !isStructured(job) ? items : (await load()).writeItems(items, job)
}

/** Answers what the service answered with its result as the value that it stands for. */
export async function readResult<T extends { serialization?: Serialization, result?: unknown }> (answer: T): Promise<T> {
  return isStructured(answer) ? (await load()).readResult(answer) : answer
}

/** Reads an answer that is a result alone. */
export async function readValue<T> (response: Response): Promise<T> {
  const serialization = response.headers.get('batchbox-serialization') as Serialization // the service says one of them; one of before says none
  return (await readResult({ serialization, result: await readJson(response) as T })).result
}
