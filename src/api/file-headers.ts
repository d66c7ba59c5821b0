import { JobError } from '../core/failures.ts'

/** Headers of one request, by their lower-case names. */
type Headers = Readonly<Record<string, string | string[] | undefined>>

/** Longest type that is kept of a file. */
const TYPE_MAX_CHARS = 256
const PRINTABLE = /^[\x20-\x7e]+$/
const SHA256 = /(?:^|[\s,])sha-256=:([A-Za-z0-9+/]{43}=):(?:[\s;,]|$)/
const INTEGER = /^ *(\d{1,15}) *$/

/** What a request says of a content; what it does not say is null. */
export interface ContentAbout {
  type: string | null
  encoding: 'gzip' | 'zstd' | null
  /** Hexadecimal. */
  sha256: string | null
}

/** Reads what a request says of the content it brings. Throws INVALID, or UNSUPPORTED_MEDIA_TYPE for a coding that nothing here could undo. */
export function readAbout (headers: Headers): ContentAbout {
  return { type: readType(headers['content-type']), encoding: readEncoding(headers['content-encoding']), sha256: readDigest(headers['repr-digest']) }
}

function readType (header: Headers[string]): string | null {
  if (header === undefined) return null
  if (typeof header === 'string' && header.length <= TYPE_MAX_CHARS && PRINTABLE.test(header)) return header
  throw new JobError('INVALID', `Cannot keep the Content-Type: it is not 1 to ${TYPE_MAX_CHARS} printable ASCII characters`)
}

function readEncoding (header: Headers[string]): ContentAbout['encoding'] {
  const coding = String(header ?? 'identity').trim().toLowerCase()
  if (coding === 'identity' || coding === '') return null
  if (coding === 'gzip' || coding === 'x-gzip') return 'gzip'
  if (coding === 'zstd') return 'zstd'
  throw new JobError('UNSUPPORTED_MEDIA_TYPE', `Cannot keep the Content-Encoding ${JSON.stringify(coding.slice(0, 64))}: it is neither gzip nor zstd`)
}

/** Reads the SHA-256 of a `Repr-Digest` header as hexadecimal; null without one. Source: RFC 9530. */
export function readDigest (header: Headers[string]): string | null {
  if (header === undefined) return null
  const [, base64] = SHA256.exec(String(header)) ?? []
  if (base64 === undefined) throw new JobError('INVALID', 'Cannot check the Repr-Digest: it has no sha-256 of 32 bytes, like sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:')
  return Buffer.from(base64, 'base64').toString('hex')
}

/** Writes a SHA-256, hexadecimal, as RFC 9530 has it. */
export function writeDigest (sha256: string): string {
  return `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`
}

/** Reads a structured integer that is not negative; undefined for anything else, as the headers of resumable uploads have it. */
export function readInteger (header: Headers[string]): number | undefined {
  const [, digits] = INTEGER.exec(String(header ?? '')) ?? []
  return digits === undefined ? undefined : Number(digits)
}

/** Reads a structured boolean; undefined for anything else. */
export function readBoolean (header: Headers[string]): boolean | undefined {
  const text = String(header ?? '').trim()
  return text === '?1' ? true : text === '?0' ? false : undefined
}

/** Bytes of a content, the last one not included; `whole` where no part was asked for, `none` where the part lies beyond the end. */
export type Range = { start: number, end: number } | 'whole' | 'none'

/**
 * Reads a `Range` header. Units that are unknown and lists of ranges are passed over, as RFC 9110 allows: the whole is answered.
 */
export function readRange (header: Headers[string], bytes: number): Range {
  const [, first = '', last = ''] = /^bytes= *(\d{0,15})-(\d{0,15}) *$/i.exec(String(header ?? '')) ?? []
  if (first === '' && last === '') return 'whole'
  if (first === '') return readSuffix(Number(last), bytes)
  const start = Number(first)
  const end = last === '' ? bytes : Math.min(Number(last) + 1, bytes)
  if (last !== '' && Number(last) < start) return 'whole' // not valid
  return start < bytes ? { start, end } : 'none'
}

function readSuffix (length: number, bytes: number): Range {
  if (length === 0) return 'none'
  return bytes === 0 ? 'whole' : { start: Math.max(0, bytes - length), end: bytes }
}
