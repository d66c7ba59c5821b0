import type { StoredFile } from '../api-types.ts'
import { ApiError, ConnectionError } from '../errors.ts'
import type { RequestOptions } from '../options.ts'
import { readChunks } from './chunks.ts'
import type { Path, Requester } from './requester.ts'
import { delayOf, mayRetry, sleep } from './retry.ts'
import { createSha256 } from './sha256.ts'

/** What a part has at least, unless the content ends; each 500 parts they grow by as much, so that a content has not too many. */
const PART_BYTES = 8_388_608
const PARTS_OF_A_SIZE = 500
/** Longest that one part may take. */
const PART_TIMEOUT_MS = 300_000
const PARTIAL = 'application/partial-upload'

/** A content: one that is there, or that comes as it is asked for. */
export type Content = string | Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

/** How much of a content has come or gone. */
export interface Progress {
  bytes: number
  /** Undefined where nobody knows. */
  total: number | undefined
}

export interface UploadOptions extends RequestOptions {
  contentType?: string | undefined
  /** What the content is compressed with: it is stored as it is. */
  contentEncoding?: 'gzip' | 'zstd' | undefined
  /** How long the file is kept. */
  ttlMs?: number | undefined
  /** Told after each part. */
  onProgress?: ((progress: Progress) => void) | undefined
}

/** Uploads a content in parts. Source: draft-ietf-httpbis-resumable-upload-11, "careful upload creation". */
export async function uploadFile ({ send, json, retries: most }: Requester, path: Path, content: Content, options: UploadOptions = {}): Promise<StoredFile> {
  const { contentType, contentEncoding, ttlMs, onProgress, retries = most, headers, ...rest } = options
  const whole = typeof content === 'string' || content instanceof Uint8Array ? new Blob([content]) : content
  const total = whole instanceof Blob ? whole.size : undefined
  const type = contentType ?? (whole instanceof Blob ? whole.type : '')
  const begun = await send({
    method: 'PUT', path, query: { ttlMs }, ...rest, retries,
    headers: { ...headers, 'upload-complete': '?0', ...(type && { 'content-type': type }), ...(contentEncoding && { 'content-encoding': contentEncoding }), ...(total !== undefined && { 'upload-length': String(total) }) },
  })
  const place: Path = ['v1/uploads', begun.headers.get('location')?.split('/').at(-1) ?? '']
  const sha256 = createSha256()
  let offset = 0

  async function append (part: Uint8Array<ArrayBuffer>, digest?: string): Promise<StoredFile | undefined> {
    const start = offset
    for (let failures = 0; ;) {
      try {
        const file = await json<StoredFile | undefined>({
          method: 'PATCH', path: place, timeoutMs: PART_TIMEOUT_MS, ...rest, retries: 0,
          headers: { ...headers, 'upload-offset': String(offset), 'upload-complete': digest ? '?1' : '?0', ...(digest && { 'repr-digest': digest }) },
          upload: { type: PARTIAL, open: async () => new Blob([part.subarray(offset - start)]), isRepeatable: true },
        })
        offset = start + part.length
        onProgress?.({ bytes: offset, total })
        return file
      } catch (error) {
        const isElsewhere = error instanceof ApiError && error.code === 'UPLOAD_CONFLICT'
        failures += 1
        if (failures > retries || !(isElsewhere || mayRetry(error, true))) throw error
        await sleep(delayOf(failures), rest.signal)
        const stands = await json<StoredFile>({ path: place, ...rest, headers })
        if (stands.isComplete) return stands
        if (stands.bytes > offset) failures = 0 // it moves on
        if (stands.bytes < start || stands.bytes > start + part.length) throw new ConnectionError(`Cannot go on with the upload: it stands at byte ${stands.bytes}, not between ${start} and ${start + part.length}`, { cause: error })
        offset = stands.bytes
      }
    }
  }

  const finish = () => `sha-256=:${btoa(String.fromCharCode(...sha256.digest()))}:`
  for await (const part of cut(whole)) {
    sha256.update(part)
    const isLast = offset + part.length === total
    const file = await append(part, isLast ? finish() : undefined)
    if (file) return file
  }
  return await append(new Uint8Array(), finish()) as StoredFile // there is a digest
}

/** Cuts a content into parts. */
async function * cut (content: Exclude<Content, string | Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let parts = 0
  const bytesOf = () => PART_BYTES * (1 + Math.floor(parts++ / PARTS_OF_A_SIZE))
  if (content instanceof Blob) {
    for (let at = 0; at < content.size;) {
      const end = at + bytesOf()
      yield new Uint8Array(await content.slice(at, end).arrayBuffer())
      at = end
    }
    return
  }
  let held: Uint8Array[] = []
  let wanted = bytesOf()
  for await (const chunk of content instanceof ReadableStream ? readChunks(content) : content) {
    held.push(chunk)
    wanted -= chunk.length
    if (wanted > 0) continue
    yield join(held)
    held = []
    wanted = bytesOf()
  }
  if (held.length > 0) yield join(held)
}

async function join (parts: Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer()) // none of them is shared
}
