import type { Readable } from 'node:stream'

/** A file as the code of a run is told of it. */
export interface FileFacts {
  id: string
  name: string
  /** Of its content as it is stored. */
  bytes: number
  /** Content type, where one was given. */
  type: string | null
  /** What its content is compressed with, where it is: `gzip` or `zstd`. */
  encoding: string | null
  /** Milliseconds of the Unix epoch. */
  updatedAt: number
  /** Whether the run, or the one that it goes on from, wrote it. */
  isOwn: boolean
}

/** What a run writes to one of its files. */
export interface FileWrite {
  name: string
  /** Content type; only the first write of a file says it. */
  type: string
  bytes: Buffer
  /** Behind what was written before; otherwise in place of it. */
  append: boolean
}

/** How a file is read: as it is stored; without the compression that was stated of it; or without that which its name tells, too, as text would be of no use with it. */
export type FileForm = 'stored' | 'content' | 'text'

/**
 * Files for one run: it reads those of its tenant, and writes those of its job, which nobody else sees until the run has succeeded. A name stands for what the run wrote under it, and otherwise
 * for the tenant's file; which one that is does not change while the run goes on. Everything throws JobErrors, UNAVAILABLE where no files are kept.
 */
export interface FileService {
  /** The tenant's own files, the newest first. */
  list (page: { limit: number, cursor: string | undefined }): Promise<{ files: FileFacts[], cursor: string | null }>
  /** Names that the run has written. */
  readonly written: readonly string[]
  /** By name or id. */
  find (nameOrId: string): Promise<FileFacts | undefined>
  /** What is stored from start to before end. Throws FILE_GONE. */
  read (file: FileFacts, range: { start: number, end: number }): Promise<Buffer>
  /** The content from its beginning. The stream fails with a JobError: FILE_GONE, INPUT_MALFORMED. The caller destroys it. */
  open (file: FileFacts, as: FileForm): Promise<Readable>
  /** Writes of one file are made in the order of their calls. Resolves when it may be followed by more. Throws OUTPUT_TOO_LARGE, STORAGE_FULL, RATE_LIMITED, and UNAVAILABLE once the run is over. */
  write (change: FileWrite): Promise<void>
}
