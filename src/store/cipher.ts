import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { JobError } from '../core/failures.ts'
import type { EncryptionKey } from '../core/encryption-keys.ts'

/** First byte of an encrypted value: see `codec.ts`, whose formats it continues. */
const FORMAT = 3
const ALGORITHM = 'aes-256-gcm'
/** Source: NIST SP 800-38D, 8.2: a random nonce has 96 bits, and a key may have 2^32 of them. */
const NONCE_BYTES = 12
const TAG_BYTES = 16
const VARIABLE = 'BATCHBOX_ENCRYPTION_KEYS'

/** Encrypts what is stored, and binds it to what it belongs to: a value that was moved to another place does not decrypt. */
export interface Cipher {
  /** Throws UNAVAILABLE where no key is configured. */
  seal (plain: Buffer, place: readonly string[]): Buffer
  /** Throws UNAVAILABLE for a value whose key is not there, is another one, or that was changed. */
  open (sealed: Buffer, place: readonly string[]): Buffer
}

/**
 * Builds the cipher of a service: AES-256-GCM with the first of the keys, and any of them to decrypt, so that keys can be changed one by one. A value is the format, the length of
 * the key's id, the id, the nonce, the tag and the ciphertext.
 */
export function buildCipher (keys: readonly EncryptionKey[]): Cipher {
  return {
    seal (plain, place) {
      const [first] = keys
      if (!first) throw new JobError('UNAVAILABLE', `Cannot encrypt: no key is configured; set ${VARIABLE} to id=base64 of 32 bytes, for the API and every worker (openssl rand -base64 32)`)
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, first.key, nonce).setAAD(writePlace(place))
      const body = Buffer.concat([cipher.update(plain), cipher.final()])
      return Buffer.concat([Buffer.of(FORMAT, first.id.length), Buffer.from(first.id), nonce, cipher.getAuthTag(), body])
    },

    open (sealed, place) {
      if (sealed[0] !== FORMAT) throw new JobError('UNAVAILABLE', `Cannot decrypt: the format of the stored value is ${sealed[0]}, this version knows ${FORMAT}`)
      const nonceAt = 2 + (sealed[1] ?? 0)
      const id = sealed.toString('latin1', 2, nonceAt)
      const found = keys.find((each) => each.id === id)
      if (!found) throw new JobError('UNAVAILABLE', `Cannot decrypt: the value was encrypted with key ${JSON.stringify(id)}, which is not in ${VARIABLE}`)
      const [nonce, tag, body] = [sealed.subarray(nonceAt, nonceAt + NONCE_BYTES), sealed.subarray(nonceAt + NONCE_BYTES, nonceAt + NONCE_BYTES + TAG_BYTES), sealed.subarray(nonceAt + NONCE_BYTES + TAG_BYTES)]
      try {
        const decipher = createDecipheriv(ALGORITHM, found.key, nonce, { authTagLength: TAG_BYTES }).setAAD(writePlace(place)).setAuthTag(tag)
        return Buffer.concat([decipher.update(body), decipher.final()])
      } catch (cause) {
        throw new JobError('UNAVAILABLE', `Cannot decrypt: key ${JSON.stringify(id)} of ${VARIABLE} is another one than the value was encrypted with, or the value was changed`, { cause })
      }
    },
  }
}

/** Each part begins with its length, so that no two places are written alike. */
function writePlace (place: readonly string[]): Buffer {
  return Buffer.from(place.map((part) => `${Buffer.byteLength(part)}:${part}`).join(''))
}
