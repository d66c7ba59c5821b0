import { ConnectionError, ProtocolError } from '../errors.ts'
import type { RequestOptions } from '../options.ts'
import { readChunks, toStream } from './chunks.ts'
import type { Call, Path, Requester } from './requester.ts'
import { delayOf, sleep } from './retry.ts'
import { createSha256 } from './sha256.ts'
import type { Progress } from './upload-file.ts'

export interface DownloadOptions extends RequestOptions {
  /** First byte to read; 0 without it. */
  start?: number | undefined
  /** Byte to stop before; the end without it. */
  end?: number | undefined
  /** Told as the content is read. */
  onProgress?: ((progress: Progress) => void) | undefined
}

/** Answers a content, or a part of it, that is read as it is asked for, and over as many connections as it takes. */
export async function download ({ send, retries: most }: Requester, path: Path, { start = 0, end, onProgress, retries = most, headers, ...rest }: DownloadOptions = {}): Promise<Response> {
  const isWhole = start === 0 && end === undefined
  const call: Call = { path, query: { stored: true }, accept: '*/*', ...rest, retries }
  const first = await send({ ...call, headers: { ...headers, ...(!isWhole && { range: `bytes=${start}-${end === undefined ? '' : end - 1}` }) } })
  const etag = first.headers.get('etag') ?? ''
  const digest = isWhole ? first.headers.get('repr-digest') : null
  const total = Number(first.headers.get('content-length'))

  async function * read (): AsyncGenerator<Uint8Array, void, undefined> {
    const sha256 = digest === null ? undefined : createSha256()
    let response = first
    let bytes = 0
    for (let failures = 0; bytes < total;) {
      try {
        for await (const chunk of response.body ? readChunks(response.body) : []) {
          bytes += chunk.length
          failures = 0
          sha256?.update(chunk)
          onProgress?.({ bytes, total })
          yield chunk
        }
        if (bytes < total) throw new ConnectionError(`The content ended after ${bytes} of ${total} bytes`)
      } catch (error) {
        failures += 1
        rest.signal?.throwIfAborted()
        if (failures > retries) throw error
        await sleep(delayOf(failures), rest.signal)
        response = await send({ ...call, headers: { ...headers, 'range': `bytes=${start + bytes}-${start + total - 1}`, 'if-range': etag } })
        if (response.status !== 206) throw new ProtocolError('The file was replaced while it was read', { cause: error })
      }
    }
    if (sha256 && !digest?.includes(btoa(String.fromCharCode(...sha256.digest())))) throw new ProtocolError(`What came of the file is not what it has to be: its SHA-256 is not the ${digest} that the service told`)
  }

  return new Response(toStream(read()), { status: first.status, headers: first.headers })
}
