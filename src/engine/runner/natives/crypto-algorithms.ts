import type { webcrypto } from 'node:crypto'
import type { CallArguments } from './crypto-arguments.ts'
import { NativeError } from './native.ts'

/** What a member of an algorithm is; with a question mark, it may be missing. */
type Kind = 'octet' | 'short' | 'long' | 'bytes' | 'hash' | 'curve' | 'key'
type Shape = Readonly<Record<string, Kind | `${Kind}?`>>

const HASHES = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'] as const
const CURVES = ['P-256', 'P-384', 'P-521'] as const

const NOTHING = {}
const AES_KEY = { length: 'short' } as const
const RSA_KEY = { hash: 'hash' } as const
const HMAC_KEY = { hash: 'hash', length: 'long?' } as const
const CURVE_KEY = { namedCurve: 'curve' } as const
const RSA_NEW = { modulusLength: 'long', publicExponent: 'bytes', hash: 'hash' } as const
const CIPHERS = {
  'AES-CBC': { iv: 'bytes' },
  'AES-CTR': { counter: 'bytes', length: 'octet' },
  'AES-GCM': { iv: 'bytes', additionalData: 'bytes?', tagLength: 'octet?' },
  'RSA-OAEP': { label: 'bytes?' },
} as const
const SIGNATURES = {
  'HMAC': NOTHING, 'Ed25519': NOTHING, 'RSASSA-PKCS1-v1_5': NOTHING, 'RSA-PSS': { saltLength: 'long' }, 'ECDSA': { hash: 'hash' },
} as const

/** The members of every algorithm, by what is done with it. Source: https://w3c.github.io/webcrypto/#algorithm-overview */
const SHAPES = {
  digest: { 'SHA-1': NOTHING, 'SHA-256': NOTHING, 'SHA-384': NOTHING, 'SHA-512': NOTHING },
  cipher: CIPHERS,
  wrap: { ...CIPHERS, 'AES-KW': NOTHING },
  sign: SIGNATURES,
  derive: {
    'ECDH': { public: 'key' }, 'X25519': { public: 'key' }, 'HKDF': { hash: 'hash', info: 'bytes', salt: 'bytes' },
    'PBKDF2': { hash: 'hash', iterations: 'long', salt: 'bytes' },
  },
  generate: {
    'AES-CBC': AES_KEY, 'AES-CTR': AES_KEY, 'AES-GCM': AES_KEY, 'AES-KW': AES_KEY, 'HMAC': HMAC_KEY, 'RSASSA-PKCS1-v1_5': RSA_NEW, 'RSA-PSS': RSA_NEW,
    'RSA-OAEP': RSA_NEW, 'ECDSA': CURVE_KEY, 'ECDH': CURVE_KEY, 'Ed25519': NOTHING, 'X25519': NOTHING,
  },
  import: {
    'AES-CBC': NOTHING, 'AES-CTR': NOTHING, 'AES-GCM': NOTHING, 'AES-KW': NOTHING, 'HMAC': HMAC_KEY, 'RSASSA-PKCS1-v1_5': RSA_KEY, 'RSA-PSS': RSA_KEY,
    'RSA-OAEP': RSA_KEY, 'ECDSA': CURVE_KEY, 'ECDH': CURVE_KEY, 'Ed25519': NOTHING, 'X25519': NOTHING, 'HKDF': NOTHING, 'PBKDF2': NOTHING,
  },
  derived: { 'AES-CBC': AES_KEY, 'AES-CTR': AES_KEY, 'AES-GCM': AES_KEY, 'AES-KW': AES_KEY, 'HMAC': HMAC_KEY, 'HKDF': NOTHING, 'PBKDF2': NOTHING },
} as const satisfies Record<string, Readonly<Record<string, Shape>>>

export type Purpose = keyof typeof SHAPES

/** An algorithm as Node's SubtleCrypto takes it: without a prototype, and with nothing in it that no table names. */
export interface Algorithm {
  readonly name: string
  readonly [member: string]: string | number | Uint8Array<ArrayBuffer> | webcrypto.CryptoKey
}

/** Makes an algorithm anew from what user code says it is. Throws a NativeError: NotSupportedError when it is in no table. */
export function buildAlgorithm (purpose: Purpose, given: CallArguments): Algorithm {
  const name = given.text('name')
  const shapes: Readonly<Record<string, Shape>> = SHAPES[purpose]
  const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined
  if (!shape) throw new NativeError('NotSupportedError', 'Unrecognized algorithm name')
  const algorithm: Record<string, Algorithm[string]> = Object.assign(Object.create(null), { name })
  for (const [member, kind] of Object.entries(shape)) {
    const isOptional = kind.endsWith('?')
    if (!isOptional || given.has(member)) algorithm[member] = readMember(given, member, kind.replace('?', '') as Kind)
  }
  return algorithm as Algorithm
}

function readMember (given: CallArguments, member: string, kind: Kind): Algorithm[string] {
  switch (kind) {
    case 'octet': return given.integer(member, 0xff)
    case 'short': return given.integer(member, 0xffff)
    case 'long': return given.integer(member, 0xffff_ffff)
    case 'bytes': return given.bytes(member)
    case 'hash': return given.word(member, HASHES)
    case 'key': return given.key(member)
    case 'curve': {
      const curve = given.text(member)
      return CURVES.find((known) => known === curve) ?? refuseCurve()
    }
  }
}

function refuseCurve (): never {
  throw new NativeError('NotSupportedError', 'Unrecognized namedCurve')
}
