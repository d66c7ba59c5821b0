import { createCipheriv, createDecipheriv, hkdfSync, timingSafeEqual, type Cipheriv } from 'node:crypto'

/** Content that one seal is over. */
export const CHUNK_BYTES = 65_536
export const SALT_BYTES = 16
const LENGTH_BYTES = 4
const TAG_BYTES = 16
/** A seal: how many bytes of the chunk it is over, and the tag. */
export const SEAL_BYTES = LENGTH_BYTES + TAG_BYTES
/** A chunk has two, so that one stays whole while the other is written: that of what was committed, and that of what came since. */
export const SEALS = 2
export const HEAD_BYTES = SEALS * SEAL_BYTES
/** What a chunk takes in the store: its seals, then its content. */
export const STRIDE_BYTES = HEAD_BYTES + CHUNK_BYTES
const KEY_BYTES = 32
const NONCE_BYTES = 12
const BLOCK_BYTES = 16
const PURPOSE = 'batchbox blob '

/** The keys of one blob: no other has them, so that counters and nonces may be positions. */
export interface BlobKeys {
  content: Buffer
  seal: Buffer
}

/** Derives the keys of a blob (RFC 5869). They depend on its name, too: what one blob has does not open as another's. */
export function deriveBlobKeys (fileKey: Buffer, blob: string, salt: Buffer): BlobKeys {
  const both = Buffer.from(hkdfSync('sha256', fileKey, salt, PURPOSE + blob, 2 * KEY_BYTES))
  return { content: both.subarray(0, KEY_BYTES), seal: both.subarray(KEY_BYTES) }
}

/** Encrypts all of a blob, from its beginning on. AES-256 in counter mode: what grows does not change what was there. Source: NIST SP 800-38A, 6.5. */
export function createContentCipher ({ content }: BlobKeys): Cipheriv {
  return createCipheriv('aes-256-ctr', content, counterAt(0))
}

/** Decrypts the beginning of a chunk. */
export function openContent ({ content }: BlobKeys, chunk: number, encrypted: Buffer): Buffer {
  return createDecipheriv('aes-256-ctr', content, counterAt(chunk)).update(encrypted)
}

/**
 * Seals the beginning of a chunk, as it is encrypted, with its number and how long it is: GMAC (NIST SP 800-38D) under a nonce of those two. What a blob has there is written once, so
 * that no nonce stands for two contents.
 */
export function sealChunk ({ seal }: BlobKeys, chunk: number, encrypted: Buffer): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  nonce.writeBigUInt64BE(BigInt(chunk))
  nonce.writeUInt32BE(encrypted.length, NONCE_BYTES - LENGTH_BYTES)
  const cipher = createCipheriv('aes-256-gcm', seal, nonce).setAAD(encrypted)
  cipher.final()
  return Buffer.concat([nonce.subarray(NONCE_BYTES - LENGTH_BYTES), cipher.getAuthTag()])
}

/** Tells whether one of the seals at the head of a chunk is that of at least so many of its bytes, as they are there. */
export function isSealed (keys: BlobKeys, chunk: number, stored: Buffer, bytes: number): boolean {
  return Array.from({ length: SEALS }, (_, at) => stored.subarray(at * SEAL_BYTES, (at + 1) * SEAL_BYTES)).some((seal) => {
    const length = seal.readUInt32BE(0)
    const isOver = length >= bytes && length <= CHUNK_BYTES && stored.length >= HEAD_BYTES + length
    return isOver && timingSafeEqual(seal, sealChunk(keys, chunk, stored.subarray(HEAD_BYTES, HEAD_BYTES + length)))
  })
}

function counterAt (chunk: number): Buffer {
  const counter = Buffer.alloc(BLOCK_BYTES)
  counter.writeBigUInt64BE(BigInt(chunk) * BigInt(CHUNK_BYTES / BLOCK_BYTES), BLOCK_BYTES / 2)
  return counter
}
