import type { Extent } from '../../core/file.ts'
import { JobError } from '../../core/failures.ts'
import { isId } from '../../core/ids.ts'

/** A file as its record has it. Times in milliseconds of Redis's clock. */
export interface FileRecord {
  id: string
  tenant: string
  name: string
  /** Whose output it is; null for one of the tenant's own. */
  jobId: string | null
  /** `partial`: an upload that is under way, or the output of a job that has not ended well. */
  status: 'partial' | 'complete'
  /** What was committed. */
  bytes: number
  /** SHA-256 of the content, hexadecimal; null where it is partial, and of outputs. */
  sha256: string | null
  /** What the client of an upload has said of the whole; null where it did not. */
  expected: { bytes: number | null, sha256: string | null }
  /** `Content-Type` and `Content-Encoding`, as they were given. */
  type: string | null
  encoding: string | null
  extents: Extent[]
  /** It was removed or replaced, and is kept for jobs that hold it. */
  isDropped: boolean
  createdAt: number
  updatedAt: number
  /** Null for outputs, which stay as long as their job. */
  expiresAt: number | null
}

/** Version of the record that this code reads and writes; the moves' Lua has the same. */
const RECORD_VERSION = 1
const EXTENT = /^([0-9a-f]+) (\d+)$/

/** Reads the hash of a file; undefined for one that is not there. Throws UNAVAILABLE for a record of a newer version. */
export function parseFile (id: string, fields: Readonly<Record<string, string>>): FileRecord | undefined {
  const { tenant, name = '' } = fields
  if (tenant === undefined) return undefined
  if (Number(fields['v']) > RECORD_VERSION) throw new JobError('UNAVAILABLE', `Cannot read file "${id}": a newer version of the service wrote it (version ${fields['v']}, and this process knows ${RECORD_VERSION}); ask again, another process may know it`)
  return {
    id,
    tenant,
    name,
    jobId: fields['job'] ?? null,
    status: fields['status'] === 'complete' ? 'complete' : 'partial',
    bytes: Number(fields['bytes']),
    sha256: fields['sha256'] ?? null,
    expected: { bytes: fields['expectedBytes'] === undefined ? null : Number(fields['expectedBytes']), sha256: fields['expectedSha256'] ?? null },
    type: fields['type'] ?? null,
    encoding: fields['encoding'] ?? null,
    extents: parseExtents(fields['extents'] ?? ''),
    isDropped: fields['dropped'] === '1',
    createdAt: Number(fields['createdAt']),
    updatedAt: Number(fields['updatedAt']),
    expiresAt: fields['expiresAt'] ? Number(fields['expiresAt']) : null,
  }
}

/** Writes extents as they are stored. */
export function formatExtents (extents: readonly Extent[]): string {
  return extents.filter(({ bytes }) => bytes > 0).map(({ blob, bytes }) => `${blob} ${bytes}`).join(',')
}

function parseExtents (text: string): Extent[] {
  return text.split(',').flatMap((part) => {
    const [, blob = '', bytes] = EXTENT.exec(part) ?? []
    return bytes === undefined ? [] : [{ blob, bytes: Number(bytes) }]
  })
}

/** Bytes of all extents. */
export function sumExtents (extents: readonly Extent[]): number {
  return extents.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Reads which file a job's input is; empty where it is none. */
export function readHeldFile (input: unknown): string {
  return typeof input === 'object' && input !== null && '$file' in input && typeof input.$file === 'string' && isId('file', input.$file) ? input.$file : ''
}
