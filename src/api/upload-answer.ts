import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { FailureCode } from '../core/failures.ts'
import type { FileSettings } from '../core/file-variables.ts'
import type { FileRecord } from '../store/files/file-record.ts'
import type { FileService } from './begin-transfer.ts'
import { confirm } from './confirm.ts'
import { linkTo, viewFile } from './file-view.ts'

export interface UploadRoutesOptions {
  service: FileService
  settings: Pick<FileSettings, 'maxBytes' | 'ttlMaxMs' | 'uploadIdleMs'>
}

/** Type of what is appended to an upload. */
export const PARTIAL = 'application/partial-upload'

/** Headers of a part of an upload. Any others stay as they are. */
export const UploadHeaders = z.looseObject({
  'content-length': z.string().optional(),
  'upload-complete': z.string().optional().describe('`?1`: the content ends with this body; `?0`: more is appended later. An upload without it leaves nothing when it is cut off'),
  'upload-length': z.string().optional().describe('Bytes of the whole content, where they are known'),
  'repr-digest': z.string().optional().describe('`sha-256=:<base64>:` of the whole content (RFC 9530); where that is another one, the answer is 422 and nothing is kept'),
})

/** What an upload may meet beside what any request may. */
export const REFUSES_UPLOADS = ['FILE_TOO_LARGE', 'CHECKSUM_MISMATCH', 'UPLOAD_CONFLICT', 'STORAGE_FULL', 'TENANT_ERASING', 'UNSUPPORTED_MEDIA_TYPE', 'OVERLOADED'] as const satisfies FailureCode[]

export const INCOMPLETE = z.null().describe('What came is kept; Upload-Offset tells how much that is')

/** Writes what uploads may be, as an `Upload-Limit` header has it. */
export function writeLimits ({ maxBytes, uploadIdleMs }: UploadRoutesOptions['settings']): string {
  return `max-size=${maxBytes}, max-age=${Math.floor(uploadIdleMs / 1000)}`
}

/** Waits until what was received is stored as safely as configured: the file, or so much of it. Throws UNAVAILABLE. */
export function confirmReceived ({ jobs }: FileService, id: string, received: FileRecord | number): Promise<void> {
  return confirm(jobs, 'upload', async (redis) => {
    const [status, bytes] = await redis.hmget(jobs.db.keys.file(id), 'status', 'bytes')
    return typeof received === 'number' ? typeof bytes === 'string' && Number(bytes) >= received : status === 'complete'
  })
}

/** Answers what was received: the file, or how far it is. */
export function sendReceived (reply: FastifyReply, received: FileRecord | number, statuses: { complete: number, incomplete: number }): FastifyReply {
  if (typeof received === 'number') return reply.code(statuses.incomplete).headers({ 'upload-complete': '?0', 'upload-offset': received }).send(null)
  return reply.code(statuses.complete).headers({
    'location': linkTo(received), 'etag': `"${received.id}"`, 'upload-complete': '?1', 'upload-offset': received.bytes, 'cache-control': 'no-store',
  }).send(viewFile(received))
}
