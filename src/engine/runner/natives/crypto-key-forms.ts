import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import type { CallArguments } from './crypto-arguments.ts'
import { checkEncrypted } from './crypto-bounds.ts'
import { given } from './crypto-operation.ts'

const HELD = ['secret', 'public', 'private'] as const
const FORMATS = ['pem', 'der', 'jwk', 'raw-public', 'raw-private', 'raw-seed'] as const
const ENCODINGS = ['pkcs1', 'pkcs8', 'spki', 'sec1'] as const
/** What Node reads of a JSON Web Key. */
const JWK_TEXTS = ['kty', 'alg', 'crv', 'd', 'dp', 'dq', 'e', 'k', 'n', 'p', 'priv', 'pub', 'q', 'qi', 'x', 'y'] as const

/** A key as Node's functions take it. It never names a file: of all forms that Node knows, those that do are not made. */
export interface KeyForm {
  key: KeyObject | Buffer | Record<string, unknown>
  format?: typeof FORMATS[number]
  type?: typeof ENCODINGS[number]
  passphrase?: Buffer
  asymmetricKeyType?: string
  namedCurve?: string
}

/** Reads a key that code holds, or one that it brought in some form. */
export function readKey (args: CallArguments): KeyForm {
  if (args.has('held')) return { key: readHeld(args) }
  const format = args.word('format', FORMATS)
  if (format === 'jwk') return { key: readJwk(args.child('jwk')), format }
  const key = readBuffer(args, 'data')
  if (format !== 'pem' && format !== 'der') {
    return given({ key, format, asymmetricKeyType: args.text('type'), namedCurve: args.has('namedCurve') ? args.text('namedCurve') : undefined }) as KeyForm
  }
  const passphrase = args.has('passphrase') ? readBuffer(args, 'passphrase') : undefined
  if (passphrase) checkEncrypted(key, format)
  return given({ key, format, type: args.has('type') ? args.word('type', ENCODINGS) : undefined, passphrase }) as KeyForm // undefined members are gone
}

/** A key that code holds: a secret as its bytes, others as DER. */
export function readHeld (args: CallArguments): KeyObject {
  const kind = args.word('held', HELD)
  const key = readBuffer(args, 'data')
  if (kind === 'secret') return createSecretKey(key)
  return kind === 'public' ? createPublicKey({ key, format: 'der', type: 'spki' }) : createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

/** What code is to know of a key, besides its bytes. */
export function describeKey (key: KeyObject): { kind: string, details: object, data: Buffer } {
  const { publicExponent, ...details } = key.asymmetricKeyDetails ?? {}
  return {
    kind: String(key.asymmetricKeyType),
    details: given({ ...details, publicExponent: publicExponent?.toString(16) }),
    data: key.type === 'public' ? key.export({ format: 'der', type: 'spki' }) : key.export({ format: 'der', type: 'pkcs8' }),
  }
}

export function readBuffer (args: CallArguments, name: string): Buffer {
  const { buffer } = args.bytes(name)
  return Buffer.from(buffer)
}

/** What is no text is another thing that is none: Node refuses each alike. */
function readJwk (args: CallArguments): Record<string, unknown> {
  const members = JWK_TEXTS.filter((name) => args.has(name)).map((name) => [name, args.isText(name) ? args.text(name) : 0] as const)
  return Object.fromEntries(members)
}
