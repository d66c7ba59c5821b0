import { Readable } from 'node:stream'
import { JobError } from '../core/failures.ts'
import type { BucketSettings } from '../core/file-variables.ts'
import { BLOB_NAME, type BlobStore } from './blob-store.ts'
import { createS3Client, pause, S3_TRIES, type S3Client } from './s3-client.ts'
import { createPieceWriter } from './s3-writer.ts'

/** What a part has beside its blobs, so that whoever opens it knows that it is there. */
const MARK = 'batchbox-files'
const CHUNK_BYTES = 262_144

/** The blobs of one service in a bucket, each an object that is written once and as a whole. */
export interface S3Store extends BlobStore {
  /** Marks the part as one that is there. */
  mark (): Promise<void>
  unmark (): Promise<void>
  /** Throws FILE_GONE where it is not marked. */
  check (): Promise<void>
}

/** Opens the part of a bucket that is a service's own. What is older than `orphanMs` and in no file may be swept: a writer renews what it holds in time. The caller closes it. */
export function openS3Store (settings: BucketSettings, { part, orphanMs, pieceBytes }: { part: string, orphanMs: number, pieceBytes?: number }): S3Store {
  const client = createS3Client(settings)
  const root = [settings.prefix, part, ''].filter((name, index) => index === 2 || name !== '').join('/')
  const keyOf = (blob: string) => {
    if (!BLOB_NAME.test(blob)) throw new RangeError('Cannot name a blob: a name is 32 hexadecimal digits')
    return `${root}${blob}`
  }
  const mark = { action: 'Cannot open the file store', key: `${root}${MARK}` } as const
  return {
    async mark () { await client.ask({ ...mark, method: 'PUT', body: Buffer.from('Files of one Batchbox are beside this object\n') }) },
    async unmark () { await client.ask({ ...mark, method: 'DELETE' }) },
    async check () { await client.ask({ ...mark, method: 'GET' }) },

    create: async () => createPieceWriter({ client, settings, keyOf, renewMs: orphanMs / 2, ...(pieceBytes === undefined ? {} : { pieceBytes }) }),

    read: (blob, start, end) => Readable.from(readObject(client, keyOf(blob), { start, end }), { objectMode: false, highWaterMark: CHUNK_BYTES }),

    async remove (blob) {
      await client.ask({ action: 'Cannot remove a blob of the store', method: 'DELETE', key: keyOf(blob) }).catch((error: unknown) => {
        if (!(error instanceof JobError && error.code === 'FILE_GONE')) throw error
      })
    },

    async * list (olderThanMs) {
      for (let after = ''; ;) {
        const { text, sentAt } = await client.ask({ action: 'Cannot list the blobs of the store', method: 'GET', key: '', query: { 'list-type': '2', 'prefix': root, ...(after === '' ? {} : { 'start-after': after }) } })
        const objects = parseObjects(text)
        for (const { key, modifiedAt } of objects) {
          const blob = key.slice(root.length)
          if (BLOB_NAME.test(blob) && sentAt - modifiedAt > olderThanMs) yield blob
        }
        const last = objects.at(-1)?.key
        if (last === undefined || last <= after || !text.includes('<IsTruncated>true<')) return
        after = last
      }
    },

    close: () => client.close(),
  }
}

/** Reads a part of an object, and goes on where a connection broke, as long as each gives something. */
async function * readObject (client: S3Client, key: string, { start, end }: { start: number, end: number }): AsyncGenerator<Buffer> {
  const action = 'Cannot read from the store'
  for (let at = start, failed = 0; at < end;) {
    const { statusCode, headers, body } = await client.open({ action, method: 'GET', key, headers: { range: `bytes=${at}-${end - 1}` } })
    const [, first, last] = /^bytes (\d+)-(\d+)\//.exec(String(headers['content-range'])) ?? []
    const leave = () => body.on('error', () => {}).destroy() // it says that it was left
    if (statusCode !== 206 || Number(first) !== at || Number(last) >= end) {
      leave()
      throw new JobError('UNAVAILABLE', `${action}: the server of the bucket was asked for bytes ${at} to ${end - 1}, and answers others; it must know ranges (RFC 9110)`)
    }
    if (Number(last) !== end - 1) {
      leave()
      throw new JobError('UNAVAILABLE', `${action}: the blob ends at byte ${Number(last) + 1} and has to have ${end}; it was cut off in the bucket`)
    }
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) { // it has no encoding
        at += chunk.length
        failed = 0
        yield chunk
      }
      if (at < end) throw new Error('the answer ended early')
    } catch (cause) {
      if (++failed === S3_TRIES) throw new JobError('UNAVAILABLE', `${action}: the connection to the bucket broke at byte ${at}, and ${S3_TRIES - 1} more gave nothing`, { cause })
      if (failed > 1) await pause(failed - 1)
    }
  }
}

/** Reads the objects of a list. Their keys are of characters that XML does not escape, see BATCHBOX_FILES. */
function parseObjects (xml: string): { key: string, modifiedAt: number }[] {
  return xml.split('<Contents>').slice(1).map((part) => ({
    key: /<Key>([^<]*)<\/Key>/.exec(part)?.[1] ?? '',
    modifiedAt: Date.parse(/<LastModified>([^<]*)<\/LastModified>/.exec(part)?.[1] ?? ''),
  }))
}
