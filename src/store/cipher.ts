import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes, randomFillSync, type KeyObject } from 'node:crypto'
import { JobError } from '../core/failures.ts'
import type { EncryptionKey } from '../core/encryption-keys.ts'

/** First bytes of an encrypted value: see `codec.ts`, whose formats they continue. `whole` is what the version before wrote: with the configured key itself. */
export const SEALED_FORMAT = { whole: 3, derived: 4 } as const
const ALGORITHM = 'aes-256-gcm'
const KEY_BYTES = 32
/** Source: NIST SP 800-38D, 8.2: a random nonce has 96 bits, and a key may have 2^32 of them. */
const NONCE_BYTES = 12
const NONCES_PER_KEY = 2 ** 32
const SALT_BYTES = 16
const TAG_BYTES = 16
/** Nonces drawn at one time: each draw of a few bytes costs as much as the encryption of a line. */
const NONCES_DRAWN = 256
/** Keys kept of those that were derived, by all processes that wrote what is read. */
const KEYS_KEPT = 1024
const PURPOSE = 'batchbox stored value'
const VARIABLE = 'BATCHBOX_ENCRYPTION_KEYS'

/** What a value belongs to: its kind and the ids that it is of. */
export type Place = readonly string[]

/** Encrypts what is stored, and binds it to what it belongs to: a value that was moved to another place does not decrypt. */
export interface Cipher {
  /** Ids of the keys that decrypt; the first one encrypts. Without any, nothing is encrypted. */
  readonly keyIds: readonly string[]
  /** Throws UNAVAILABLE where no key is configured. */
  seal (plain: Buffer, place: Place): Buffer
  /** Throws UNAVAILABLE for a value whose key is not there, is another one, or that was changed. */
  open (sealed: Buffer, place: Place): Buffer
}

/**
 * Builds the cipher of a service: AES-256-GCM under keys derived (RFC 5869) from the first of the keys, another one for each process and each 2^32 values; any of the keys decrypts, so that
 * they can be changed one by one. A value is the format, the length of the key's id, the id, the salt of the derivation, the nonce, the tag and the ciphertext.
 */
export function buildCipher (keys: readonly EncryptionKey[]): Cipher {
  const derived = new Map<string, KeyObject>()
  const drawNonce = createNonces()
  let current: { head: Buffer, key: KeyObject, left: number } | undefined

  function derive ({ id, key }: EncryptionKey, salt: Buffer): KeyObject {
    const name = `${id} ${salt.toString('latin1')}`
    const known = derived.get(name)
    if (known) return known
    const made = createSecretKey(Buffer.from(hkdfSync('sha256', key, salt, PURPOSE, KEY_BYTES)))
    if (derived.size >= KEYS_KEPT) derived.clear()
    derived.set(name, made)
    return made
  }

  function nextKey (): { head: Buffer, key: KeyObject } {
    if (current && current.left > 0) {
      current.left -= 1
      return current
    }
    const [first] = keys
    if (!first) throw new JobError('UNAVAILABLE', `Cannot encrypt: no key is configured; set ${VARIABLE} to id=base64 of 32 bytes, for the API and every worker (openssl rand -base64 32)`)
    const salt = randomBytes(SALT_BYTES)
    current = { head: Buffer.concat([Buffer.of(SEALED_FORMAT.derived, first.id.length), Buffer.from(first.id), salt]), key: derive(first, salt), left: NONCES_PER_KEY - 1 }
    return current
  }

  return {
    keyIds: keys.map(({ id }) => id),

    seal (plain, place) {
      const { head, key } = nextKey()
      const nonce = drawNonce()
      const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(writePlace(place))
      const body = cipher.update(plain)
      cipher.final() // of this mode, it brings nothing more
      return Buffer.concat([head, nonce, cipher.getAuthTag(), body])
    },

    open (sealed, place) {
      const id = readKeyId(sealed)
      if (id === undefined) throw new JobError('UNAVAILABLE', `Cannot decrypt: the format of the stored value is ${sealed[0]}, this version knows ${SEALED_FORMAT.whole} and ${SEALED_FORMAT.derived}`)
      const found = keys.find((each) => each.id === id)
      if (!found) throw new JobError('UNAVAILABLE', `Cannot decrypt: the value was encrypted with key ${JSON.stringify(id)}, which is not in ${VARIABLE}`)
      try {
        const { salt, nonce, tag, body } = split(sealed)
        const decipher = createDecipheriv(ALGORITHM, salt.length === 0 ? found.key : derive(found, salt), nonce, { authTagLength: TAG_BYTES }).setAAD(writePlace(place)).setAuthTag(tag)
        const plain = decipher.update(body)
        decipher.final()
        return plain
      } catch (cause) {
        throw new JobError('UNAVAILABLE', `Cannot decrypt: key ${JSON.stringify(id)} of ${VARIABLE} is another one than the value was encrypted with, or the value was changed`, { cause })
      }
    },
  }
}

/** Reads which key a value was encrypted with; undefined where it is not an encrypted one. */
export function readKeyId (value: Buffer): string | undefined {
  if (value[0] !== SEALED_FORMAT.whole && value[0] !== SEALED_FORMAT.derived) return undefined
  return value.toString('latin1', 2, 2 + (value[1] ?? 0))
}

function split (sealed: Buffer): { salt: Buffer, nonce: Buffer, tag: Buffer, body: Buffer } {
  let at = 2 + (sealed[1] ?? 0)
  const take = (bytes: number) => sealed.subarray(at, at += bytes)
  return { salt: take(sealed[0] === SEALED_FORMAT.derived ? SALT_BYTES : 0), nonce: take(NONCE_BYTES), tag: take(TAG_BYTES), body: sealed.subarray(at) }
}

function createNonces (): () => Buffer {
  const pool = Buffer.allocUnsafe(NONCE_BYTES * NONCES_DRAWN)
  let at = pool.length
  return () => {
    if (at === pool.length) {
      randomFillSync(pool)
      at = 0
    }
    return pool.subarray(at, at += NONCE_BYTES)
  }
}

/** Each part begins with its length, so that no two places are written alike. */
function writePlace (place: Place): Buffer {
  return Buffer.from(place.map((part) => `${Buffer.byteLength(part)}:${part}`).join(''))
}
