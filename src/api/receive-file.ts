import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { JobError } from '../core/failures.ts'
import type { Upload } from '../files/upload.ts'
import type { FileRecord } from '../store/files/file-record.ts'
import type { Transfer } from './begin-transfer.ts'
import { readBoolean, readInteger } from './file-headers.ts'
import { receiveBody } from './receive-body.ts'

/** What a request says of its part of an upload. Source: draft-ietf-httpbis-resumable-upload-11. */
export interface PartAbout {
  /** Whether the content ends with it; undefined for an upload that is not to be resumed. */
  isLast: boolean | undefined
  /** Of the whole content, where that is known. */
  bytes: number | undefined
}

/** Reads what a request says of its part, which begins at an offset. Throws BAD_REQUEST where it contradicts itself. */
export function readPart ({ headers }: FastifyRequest, offset: number): PartAbout {
  const isLast = readBoolean(headers['upload-complete'])
  const length = readInteger(headers['content-length'])
  const byContent = length === undefined || isLast === false ? undefined : offset + length
  const bytes = readInteger(headers['upload-length']) ?? byContent
  if (byContent !== undefined && bytes !== byContent) throw inconsistent(bytes, byContent)
  return { isLast, bytes }
}

export function inconsistent (said: number | undefined, found: number): JobError {
  return new JobError('BAD_REQUEST', `Cannot take the upload: its length is said to be ${said} bytes, and would be ${found}; begin anew`)
}

export interface ReceiveFileOptions extends PartAbout {
  /** Hexadecimal; of the whole content. */
  sha256: string | null
  transfer: Transfer
}

/**
 * Takes a part of an upload as it comes, and nothing more than its client sends is ever held. Answers the file with its last part, else how far it is. What came of a part that broke off is
 * kept, unless it is not to be resumed. Throws also what `receiveBody` and `Upload` do.
 */
export async function receiveFile (upload: Upload, body: IncomingMessage, { isLast, bytes, sha256, transfer }: ReceiveFileOptions): Promise<FileRecord | number> {
  try {
    await receiveBody(body, {
      ...transfer,
      async take (chunk) {
        if (bytes !== undefined && upload.bytes + chunk.length > bytes) throw inconsistent(bytes, upload.bytes + chunk.length)
        await upload.write(chunk)
      },
    })
    if (isLast === false) return await upload.leave()
    return await upload.complete({ sha256: sha256 ?? undefined, bytes })
  } catch (error) {
    await (isLast === undefined ? upload.discard() : upload.leave())
    throw error
  }
}
