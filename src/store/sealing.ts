import { pack, packNow, unpack, unpackNow, type StoredPayload } from './codec.ts'
import { readKeyId, type Cipher, type Place } from './cipher.ts'

/** The member of stored JSON that holds what is encrypted of it, in base64. */
const SEALED = 'sealed'

/** Kinds of values that are encrypted, each bound to the tenant and to the id of what it belongs to. */
type Kind = 'code' | 'input' | 'result' | 'spec' | 'error' | 'progress' | 'end' | 'record' | 'event' | 'history' | 'checkpoint' | 'trace' | 'exception' | 'kv' | 'secret' | 'function' | 'sweep' | 'webhook' | 'webhook-secret' | 'delivery' | 'file-key' | 'flow-call' | 'flow-answer'

/** Names what a value belongs to. */
export function placeOf (kind: Kind, tenant: string, id: string, ...parts: readonly (string | number)[]): Place {
  return [kind, tenant, id, ...parts.map(String)]
}

/** Whatever is read of a store that has a cipher, or is written to it. */
export interface Sealing {
  readonly cipher: Cipher
}

/** Packs JSON text and encrypts it, where there is a key. */
export async function packSealed ({ cipher }: Sealing, text: string | Buffer, place: Place, compressFromBytes?: number): Promise<Buffer> {
  return sealPacked({ cipher }, await pack(text, compressFromBytes), place)
}

/** Reads what `packSealed` made, and what was packed before there was a key. Throws as `Cipher.open` and `unpack` do. */
export async function unpackSealed ({ cipher }: Sealing, value: Buffer, place: Place): Promise<Buffer> {
  return unpack(openPacked({ cipher }, value, place))
}

/** Encrypts what is packed, where there is a key. */
export function sealPacked ({ cipher }: Sealing, packed: Buffer, place: Place): Buffer {
  return cipher.keyIds.length === 0 ? packed : cipher.seal(packed, place)
}

/** Answers a packed value, whether it is encrypted or not. Throws as `Cipher.open` does. */
export function openPacked ({ cipher }: Sealing, value: Buffer, place: Place): Buffer {
  return readKeyId(value) === undefined ? value : cipher.open(value, place)
}

/** The same of a payload: its size is not encrypted where it has a key of its own. */
export function sealPayload (sealing: Sealing, { field, body }: StoredPayload, place: Place): StoredPayload {
  return body ? { field, body: sealPacked(sealing, body, place) } : { field: sealPacked(sealing, field, place), body }
}

/**
 * Writes JSON of an object as JSON of which only the members `shown` can be read without a key: `{"code":"TIMEOUT","sealed":"…"}`. Scripts may read and add members. Where there is no
 * key, it stays as it is.
 */
export function sealJson ({ cipher }: Sealing, json: string, place: Place, shown: object = {}): string {
  if (cipher.keyIds.length === 0) return json
  return JSON.stringify({ ...shown, [SEALED]: cipher.seal(packNow(Buffer.from(json)), place).toString('base64') })
}

/** Reads an object that `sealJson` wrote, with what scripts added to it, or that was written before there was a key. Throws as `Cipher.open` does. */
export function openJson (sealing: Sealing, json: string | Buffer, place: Place): unknown {
  return openMembers(sealing, JSON.parse(String(json)), place)
}

/** The same of what was parsed before. */
export function openMembers ({ cipher }: Sealing, value: unknown, place: Place): unknown {
  if (!isSealed(value)) return value
  const { [SEALED]: sealed, ...shown } = value
  const members: unknown = JSON.parse(unpackNow(cipher.open(Buffer.from(sealed, 'base64'), place)).toString())
  return Object.assign({}, members, shown)
}

/** What is encrypted of an object that `sealJson` wrote, as bytes; undefined of one that is not, or that is damaged. */
export function readSealedMember (json: string): Buffer | undefined {
  if (!mayBeSealed(json)) return undefined
  try {
    const value: unknown = JSON.parse(json)
    return isSealed(value) ? Buffer.from(value[SEALED], 'base64') : undefined
  } catch {
    return undefined
  }
}

/** Answers JSON without encryption; as it stands where it cannot be read, so that whoever keeps it loses nothing. */
export function revealJson (sealing: Sealing, json: string, place: Place): string {
  if (!mayBeSealed(json)) return json
  try {
    return JSON.stringify(openJson(sealing, json, place))
  } catch {
    return json
  }
}

/** Tells at a glance of what is certainly not: most is not, and long. */
export function mayBeSealed (json: string): boolean {
  return json.includes(`"${SEALED}":"`)
}

export function isSealed (value: unknown): value is { [SEALED]: string } {
  return typeof value === 'object' && value !== null && SEALED in value && typeof value[SEALED] === 'string'
}
