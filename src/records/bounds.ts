/** What bounds the reading and writing of records. Each is checked before what it is about is parsed or kept. */
export interface RecordBounds {
  /** Of a source without its compression. */
  contentBytes: number
  /** Bytes of content for each byte that is stored, beyond the first CONTENT_FREE_BYTES of content. */
  ratio: number
  /** Members of gzip or frames of zstd, beyond one for each MEMBER_BYTES of content. */
  members: number
  /** Largest window of zstd, as a power of two: the memory that decompressing takes. */
  zstdWindowLog: number
  /** Of one record: in its source, and as the JSON that is made of it. */
  recordBytes: number
  /** Arrays and objects in one another, in one record. */
  depth: number
  /** Fields of one record of CSV. */
  fields: number
  /** Of the names that a header of CSV gives, as JSON: every record repeats them, however short it is, and every commit keeps them. */
  headerBytes: number
  /** Of one field of CSV, as JSON. */
  fieldBytes: number
  /** Of JSON in a batch: it is cut at the first record that reaches them. */
  batchBytes: number
  /** Records in a batch. */
  batchRecords: number
}

/** Text that repeats itself is compressed 1000 times by gzip and more by zstd; small contents may be that. */
export const CONTENT_FREE_BYTES = 16_777_216
/** Files of many members are common (bgzip: one for each 64 KiB; ours: one for each commit), those of many empty ones only cost time. */
export const MEMBER_BYTES = 1024

/** Unless something else is said. The window is what RFC 9659 asks of every decoder; zstd's own levels up to 19 stay within. */
export const RECORD_BOUNDS: Readonly<RecordBounds> = {
  contentBytes: 68_719_476_736,
  ratio: 250,
  members: 100_000,
  zstdWindowLog: 23,
  recordBytes: 1_048_576,
  depth: 256,
  fields: 10_000,
  headerBytes: 65_536,
  fieldBytes: 1_048_576,
  batchBytes: 131_072,
  batchRecords: 8192,
}
