import { promisify } from 'node:util'
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync, type ZstdOptions } from 'node:zlib'
import { SEALED_FORMAT } from './cipher.ts'

/** First byte of every packed value; those of `cipher.ts` continue them. */
const FORMAT = { json: 1, zstd: 2 } as const
export const NEWEST_FORMAT = Math.max(...Object.values(SEALED_FORMAT))
/** Where a payload would stand inline, this byte says that its bytes are in a key of their own; the size follows in decimal. */
const REFERENCE = 0

/** Shorter values are kept as they are. */
export const COMPRESS_FROM_BYTES = 1024
/** Payloads above this many bytes of JSON have a key of their own. */
export const INLINE_PAYLOAD_BYTES = 16_384
/** A value that says it unpacks to more was not written by us. */
export const MAX_UNPACKED_BYTES = 320 * 1_048_576
/** From here on, compression is left to zlib's threads. */
const IN_THREAD_FROM_BYTES = 131_072

const LEVEL = { [constants.ZSTD_c_compressionLevel]: 1 }
/** Most bytes that zlib makes room for at one time. */
const CHUNK_BYTES = { least: 1024, most: 65_536 } as const
const BOUND: ZstdOptions = { maxOutputLength: MAX_UNPACKED_BYTES }
const compress = promisify<Buffer, ZstdOptions, Buffer>(zstdCompress)
const decompress = promisify<Buffer, ZstdOptions, Buffer>(zstdDecompress)

/** Packs JSON text: a format byte, then the text, compressed where it is long and that is shorter. */
export async function pack (text: string | Buffer, compressFromBytes = COMPRESS_FROM_BYTES): Promise<Buffer> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  if (bytes.length < IN_THREAD_FROM_BYTES) return packNow(bytes, compressFromBytes)
  const packed = await compress(bytes, zstdOptions(bytes.length))
  return packed.length < bytes.length ? withFormat(FORMAT.zstd, packed) : withFormat(FORMAT.json, bytes)
}

/** The same at once, for what is short. */
export function packNow (bytes: Buffer, compressFromBytes = COMPRESS_FROM_BYTES): Buffer {
  const packed = bytes.length < compressFromBytes ? bytes : zstdCompressSync(bytes, zstdOptions(bytes.length))
  return packed.length < bytes.length ? withFormat(FORMAT.zstd, packed) : withFormat(FORMAT.json, bytes)
}

/** Reads what `pack` made. Throws an Error for a format that this version does not know, and for a value that unpacks to too much. */
export async function unpack (value: Buffer): Promise<Buffer> {
  return value[0] === FORMAT.zstd && value.length >= IN_THREAD_FROM_BYTES ? await decompress(value.subarray(1), BOUND) : unpackNow(value)
}

/** The same at once, for what is short. */
export function unpackNow (value: Buffer): Buffer {
  const [format, body] = [value[0], value.subarray(1)]
  if (format === FORMAT.json) return body
  if (format !== FORMAT.zstd) throw new Error(`Cannot read stored value: its format is ${format}, this version knows 1 and 2`)
  return zstdDecompressSync(body, BOUND)
}

/** A payload as it is stored: the field of the job, and what goes into a key of its own, if anything. */
export interface StoredPayload {
  field: Buffer
  body: Buffer | null
}

/** Packs a payload: inline while it is short, else a reference with its size. */
export async function packPayload (json: string): Promise<StoredPayload> {
  const bytes = Buffer.from(json)
  const packed = await pack(bytes)
  if (bytes.length <= INLINE_PAYLOAD_BYTES) return { field: packed, body: null }
  return { field: Buffer.concat([Buffer.of(REFERENCE), Buffer.from(String(bytes.length))]), body: packed }
}

/** Size of a payload that has a key of its own; undefined for one that stands inline. */
export function readReference (field: Buffer): number | undefined {
  return field[0] === REFERENCE ? Number(field.toString('latin1', 1)) : undefined
}

/** Told the size, zstd takes tables that fit: small values are packed in half the time. */
function zstdOptions (bytes: number): ZstdOptions {
  return { params: LEVEL, pledgedSrcSize: bytes, chunkSize: Math.min(CHUNK_BYTES.most, Math.max(CHUNK_BYTES.least, bytes)) }
}

function withFormat (format: number, body: Buffer): Buffer {
  const value = Buffer.allocUnsafe(body.length + 1)
  value[0] = format
  body.copy(value, 1)
  return value
}
