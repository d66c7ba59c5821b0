import { JobError } from '../core/failures.ts'
import { FileInput } from '../core/file.ts'
import type { JobRequest } from '../core/job-request.ts'
import { findStructuredProblem } from '../core/structured.ts'
import type { Files } from '../files/files.ts'

/** What of a request says what its input is. */
export type InputRequest = Pick<JobRequest, 'input' | 'serialization' | 'transform'>

type FileFinder = Pick<Files, 'find' | 'isConfigured' | 'ready'>

/**
 * Brings the input of a request into the form that it is stored in: a file is named by its id, so that the job has the content that the name stands
 * for now. Throws INVALID for a file that is not there, for what is not in the form that the request says, and for what a transform cannot read, and UNAVAILABLE where files are needed and there are none.
 */
export async function resolveInput (files: FileFinder, tenant: string, { input, serialization, transform }: InputRequest): Promise<unknown> {
  if (transform && !files.isConfigured) await files.ready() // it says what to do
  if (isFileInput(input)) return resolveFile(files, tenant, input)
  if (serialization === 'structured') checkStructured(input)
  if (!transform) return input
  if (!Array.isArray(input)) throw refuse('/input', 'a transform reads a file, {"$file": "…"}, or an array of records')
  if (transform.shards > 1) throw refuse('/transform/shards', 'an array of records is not split; upload it as a file, or leave out transform.shards')
  const { format = 'json', compression = 'none' } = transform.input
  if (format !== 'json' || compression !== 'none') throw refuse('/transform/input', 'an array of records is JSON, and has no other format or compression')
  return input
}

/** None at all is null. */
function checkStructured (input: unknown): void {
  const problem = input === null || input === undefined ? undefined : findStructuredProblem(input)
  if (!problem) return
  const pointer = `/input${problem.pointer}`
  throw new JobError('INVALID', `Cannot take the input: ${pointer}: ${problem.message}`, { errors: [{ pointer, message: problem.message }] }) // items of a batch are told the text alone
}

async function resolveFile (files: FileFinder, tenant: string, input: object): Promise<FileInput> {
  const { data } = FileInput.safeParse(input)
  if (!data) throw refuse('/input', 'an input with a member $file has no other, and that is the name or the id of a file')
  const name = data.$file.normalize('NFC')
  const file = await files.find(tenant, name)
  if (!file) throw refuse('/input/$file', `there is no file ${JSON.stringify(name)}; upload it with PUT /v1/files/{name}`)
  return { $file: file.id }
}

function isFileInput (input: unknown): input is object {
  return typeof input === 'object' && input !== null && Object.hasOwn(input, '$file')
}

function refuse (pointer: string, message: string): JobError {
  return new JobError('INVALID', `Cannot take the input: ${message}`, { errors: [{ pointer, message }] })
}
