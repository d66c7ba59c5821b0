import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { CallArguments } from './crypto-arguments.ts'
import { checkKeyPair } from './crypto-bounds.ts'
import { describeKey, readBuffer, readHeld, readKey } from './crypto-key-forms.ts'
import { given, type Members, type Operations } from './crypto-operation.ts'

const EXPORT_FORMATS = ['pem', 'der', 'jwk', 'raw-public', 'raw-private', 'raw-seed'] as const
const NUMBERS = ['modulusLength', 'publicExponent', 'divisorLength', 'primeLength', 'generator', 'saltLength'] as const
const TEXTS = ['hashAlgorithm', 'mgf1HashAlgorithm', 'namedCurve', 'paramEncoding', 'group'] as const

/** Node's functions are typed for each kind of key by itself, and check what they are given themselves. */
type Loose = (...args: unknown[]) => never

/** Keys made, read, written and compared. */
export const KEY_OPERATIONS: Operations = {
  importKey: {
    as: 'importKey',
    run: (args) => {
      const create = args.word('as', ['public', 'private']) === 'public' ? createPublicKey : createPrivateKey
      return { ...describeKey((create as (form: unknown) => KeyObject)(readKey(args.child('key')))) }
    },
  },
  exportKey: { as: 'exportKey', run: (args) => exportKey(readHeld(args.child('key')), args) },
  equalKeys: { as: 'exportKey', run: (args) => ({ value: readHeld(args.child('key')).equals(readHeld(args.child('other'))) }) },
  generateKeyPair: { as: 'generateKey', run: generateKeyPair },
}

function exportKey (key: KeyObject, args: CallArguments): Members {
  const options = given({
    format: args.word('format', EXPORT_FORMATS), type: args.has('type') ? args.text('type') : undefined,
    cipher: args.has('cipher') ? args.text('cipher') : undefined, passphrase: args.has('passphrase') ? readBuffer(args, 'passphrase') : undefined,
  })
  const exported: unknown = (key.export as Loose)(options)
  return Buffer.isBuffer(exported) ? { data: exported } : { value: exported }
}

function generateKeyPair (args: CallArguments): Members {
  const type = args.text('type')
  const numbers = NUMBERS.filter((name) => args.has(name)).map((name) => [name, args.whole(name)] as const)
  const texts = TEXTS.filter((name) => args.has(name)).map((name) => [name, args.text(name)] as const)
  const options: Record<string, unknown> = { ...Object.fromEntries(numbers), ...Object.fromEntries(texts), ...args.has('prime') ? { prime: readBuffer(args, 'prime') } : {} }
  checkKeyPair(type, options)
  const { publicKey, privateKey }: { publicKey: KeyObject, privateKey: KeyObject } = (generateKeyPairSync as Loose)(type, options)
  const made = { public: describeKey(publicKey), private: describeKey(privateKey) }
  return { kind: made.public.kind, details: made.public.details, publicKey: made.public.data, privateKey: made.private.data }
}
