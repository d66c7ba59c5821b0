import type { Readable } from 'node:stream'
import type { Extent } from '../core/file.ts'

/** Where the contents of files are. A blob has one writer, is read by everybody, and never changes but by growing at its end. */
export interface BlobStore {
  /** Makes a blob, under a name of its own. */
  create (): Promise<BlobWriter>
  /**
   * Reads bytes from `start` to before `end`. The stream fails with a JobError: FILE_GONE where the blob is not there, UNAVAILABLE where it is
   * shorter than that, or cannot be read.
   */
  read (blob: string, start: number, end: number): Readable
  /** Removes a blob, or nothing where it is not there. */
  remove (blob: string): Promise<void>
  /** Names blobs that were not written to for that long. */
  list (olderThanMs: number): AsyncIterable<string>
  close (): Promise<void>
}

/** Writes a blob; a store may make more than one of what is written. Its calls are made one after another. */
export interface BlobWriter {
  /** Throws STORAGE_FULL or UNAVAILABLE, and then none of these bytes are part of the blob. */
  write (bytes: Buffer): Promise<void>
  /** Resolves when everything that was written is durable, with all extents of it. Writing may go on. */
  sync (): Promise<Extent[]>
  /** Lets go of it: what was not synced is lost. */
  close (): Promise<void>
}

/** Names of blobs are random, and nothing else, with an `e` before those whose content is encrypted: whatever comes from a record is held against this before it is used. */
export const BLOB_NAME = /^e?[0-9a-f]{32}$/
