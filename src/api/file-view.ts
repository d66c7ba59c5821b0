import { z } from 'zod'
import { FileName } from '../core/file.ts'
import { JobError } from '../core/failures.ts'
import { isId } from '../core/ids.ts'
import type { FileRecord } from '../store/files/file-record.ts'
import { formatTime } from './job-view.ts'

const time = z.iso.datetime()

/** A file as answers have it. */
export const FileView = z.object({
  id: z.string(),
  name: z.string(),
  bytes: z.number().int().describe('As it is stored; of an output of a job that runs, what is committed so far'),
  sha256: z.string().nullable().describe('Of the bytes as they are stored, hexadecimal; null of outputs of jobs'),
  contentType: z.string().nullable().describe('As it was given'),
  contentEncoding: z.enum(['gzip', 'zstd']).nullable().describe('As it was given: nothing is decoded'),
  isComplete: z.boolean().describe('False of an output that its job has not ended well'),
  jobId: z.string().nullable().describe('Of the job whose output it is; null of files that were uploaded'),
  createdAt: time,
  updatedAt: time,
  expiresAt: time.nullable().describe('When it is removed; null of outputs, which stay as long as their job'),
  links: z.object({ content: z.string() }),
}).meta({ id: 'File', example: {
  id: 'fil_01a20442-dd4c-753a-bd30-772ecf80d99a', name: 'orders.csv', bytes: 19, sha256: 'c1b801a655ce3cd3025f6cb7319f5cbd3235735069f4e5e587253cd45594ab0a', contentType: 'text/csv', contentEncoding: null,
  isComplete: true, jobId: null, createdAt: '2026-11-22T12:00:00.000Z', updatedAt: '2026-11-22T12:00:00.000Z', expiresAt: '2026-11-29T12:00:00.000Z', links: { content: '/v1/files/orders.csv' },
} })
export type FileView = z.infer<typeof FileView>

export function viewFile (file: FileRecord): FileView {
  const { id, name, bytes, sha256, type, encoding, status, jobId, createdAt, updatedAt, expiresAt } = file
  return {
    id,
    name,
    bytes,
    sha256,
    contentType: type,
    contentEncoding: encoding === 'gzip' || encoding === 'zstd' ? encoding : null,
    isComplete: status === 'complete',
    jobId,
    createdAt: formatTime(createdAt),
    updatedAt: formatTime(updatedAt),
    expiresAt: expiresAt === null ? null : formatTime(expiresAt),
    links: { content: linkTo(file) },
  }
}

/** Where a file's content is read. Nothing of a name is left that could lead elsewhere. */
export function linkTo ({ name, jobId }: Pick<FileRecord, 'name' | 'jobId'>): string {
  const part = encodeURIComponent(name)
  return jobId === null ? `/v1/files/${part}` : `/v1/jobs/${jobId}/files/${part}`
}

/** What a file is called in a URL: the same name in any form of Unicode; undefined for what none can have. */
export function parseFileKey (text: string): string | undefined {
  return isId('file', text) ? text : FileName.safeParse(text).data
}

export function missingFile (text: string): JobError {
  return missing('file', text)
}

export function missingUpload (text: string): JobError {
  return missing('upload', text)
}

function missing (what: string, text: string): JobError {
  return new JobError('NOT_FOUND', `Cannot find ${what} ${JSON.stringify(text.slice(0, 256))}`)
}
