import { JobError } from '../core/failures.ts'
import { RecordError } from '../core/records.ts'
import { findStructuredTextProblem } from '../core/structured.ts'
import { InputFormat } from '../core/transform.ts'
import type { Files } from '../files/files.ts'
import { RECORD_BOUNDS } from '../records/bounds.ts'
import { checkJson } from '../records/check-json.ts'
import { readContent } from '../records/content.ts'
import { resolveFormat } from '../records/resolve-format.ts'

const AS_JSON = InputFormat.parse({ format: 'json' })

export interface FileInputOptions {
  tenant: string
  /** Of the file. */
  id: string
  /** Whether its content is a value in structured form, and not any JSON. */
  structured: boolean
  /** Of its content, without its compression. */
  maxBytes: number
  signal: AbortSignal
}

/** Reads the input of a job that is the content of a file. Answers JSON text. Throws FILE_GONE, INPUT_TOO_LARGE, INPUT_MALFORMED, which names the byte, and the signal's reason. */
export async function readFileInput (files: Files, { tenant, id, structured, maxBytes, signal }: FileInputOptions): Promise<string> {
  const file = await files.find(tenant, id, { dropped: true })
  if (!file) throw new JobError('FILE_GONE', `Cannot read the input: file ${id} is gone; it was deleted, or it expired, before the job was posted`)
  const action = `Cannot read the input, file ${JSON.stringify(file.name)}`
  const stored = files.open(file)
  const stop = () => { stored.destroy() }
  signal.addEventListener('abort', stop, { once: true })
  try {
    const json = await gather({ source: { bytes: file.bytes, open: () => stored }, compression: resolveFormat(AS_JSON, { name: file.name, contentType: file.type, contentEncoding: file.encoding }).compression, maxBytes, action })
    await checkJson(json, RECORD_BOUNDS.depth)
    signal.throwIfAborted()
    const text = json.toString()
    const problem = structured ? findStructuredTextProblem(text) : undefined
    if (problem) throw new JobError('INPUT_MALFORMED', `${action}: it is not a value in structured form: ${problem.pointer}: ${problem.message}`)
    return text
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof RecordError)) throw error
    throw new JobError('INPUT_MALFORMED', `${action}: ${error.message}`, { cause: error })
  } finally {
    signal.removeEventListener('abort', stop)
    stored.destroy()
  }
}

async function gather ({ maxBytes, action, ...source }: Pick<Parameters<typeof readContent>[0], 'source' | 'compression'> & { maxBytes: number, action: string }): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const { piece } of readContent({ ...source, from: 0, bounds: RECORD_BOUNDS, meter: { storedBytes: 0 } })) {
    bytes += piece.length
    if (bytes > maxBytes) throw new JobError('INPUT_TOO_LARGE', `${action}: its content has more than ${maxBytes} bytes (BATCHBOX_MAX_FILE_INPUT_BYTES); make the job a transform, or read the file with the tool files`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
