import { argon2Sync, diffieHellman, ECDH, createECDH, getCipherInfo, hkdfSync, pbkdf2Sync, scryptSync } from 'node:crypto'
import type { CallArguments } from './crypto-arguments.ts'
import { checkArgon2, checkPbkdf2, checkScrypt } from './crypto-bounds.ts'
import { readBuffer, readKey } from './crypto-key-forms.ts'
import { given, type Members, type Operations } from './crypto-operation.ts'

const MOST = 0xffff_ffff
const ARGON2 = ['argon2d', 'argon2i', 'argon2id'] as const
const POINT_FORMS = ['compressed', 'uncompressed', 'hybrid'] as const
const ECDH_METHODS = ['create', 'generateKeys', 'computeSecret', 'getPrivateKey', 'getPublicKey', 'setPrivateKey', 'setPublicKey'] as const

/** Secrets made of others. */
export const DERIVATIONS: Operations = {
  pbkdf2: {
    as: 'deriveBits',
    run: (args) => {
      const options = { iterations: args.integer('iterations', MOST), size: args.size('size'), digest: args.text('digest') }
      checkPbkdf2(options)
      return { made: pbkdf2Sync(args.bytes('password'), args.bytes('salt'), options.iterations, options.size, options.digest) }
    },
  },
  scrypt: {
    as: 'deriveBits',
    run: (args) => {
      const cost = { N: args.integer('N', MOST), r: args.integer('r', MOST), p: args.integer('p', MOST), maxmem: args.integer('maxmem', Number.MAX_SAFE_INTEGER) }
      checkScrypt(cost)
      return { made: scryptSync(args.bytes('password'), args.bytes('salt'), args.size('size'), cost) }
    },
  },
  hkdf: { as: 'deriveBits', run: (args) => ({ made: Buffer.from(hkdfSync(args.text('digest'), args.bytes('key'), args.bytes('salt'), args.bytes('info'), args.size('size'))) }) },
  argon2: {
    as: 'deriveBits',
    run: (args) => {
      const cost = { parallelism: args.integer('parallelism', MOST), memory: args.integer('memory', MOST), passes: args.integer('passes', MOST) }
      checkArgon2(cost)
      const rest = { tagLength: args.size('size'), message: args.bytes('message'), nonce: args.bytes('nonce'), secret: args.bytes('secret'), associatedData: args.bytes('associatedData') }
      return { made: argon2Sync(args.word('algorithm', ARGON2), { ...cost, ...rest }) }
    },
  },
  diffieHellman: {
    as: 'deriveBits',
    run: (args) => ({ made: (diffieHellman as (options: unknown) => Buffer)({ privateKey: readKey(args.child('privateKey')), publicKey: readKey(args.child('publicKey')) }) }),
  },
  ecdh: { as: 'deriveBits', run: callEcdh },
  convertPoint: { as: 'importKey', run: (args) => ({ made: Buffer.from(ECDH.convertKey(readBuffer(args, 'data'), args.text('curve'), undefined, undefined, args.word('form', POINT_FORMS))) }) },
  cipherInfo: {
    as: 'encrypt',
    run: (args) => {
      const options = given({ keyLength: args.has('keyLength') ? args.integer('keyLength', MOST) : undefined, ivLength: args.has('ivLength') ? args.integer('ivLength', MOST) : undefined })
      return { value: getCipherInfo((args.isText('name') ? args.text('name') : args.integer('name', MOST)) as string, options as object) }
    },
  },
}

/** Code holds the keys; here is one pair for the time of a call. Answers the keys as they are after it, where it may have changed them. */
function callEcdh (args: CallArguments): Members {
  const pair = createECDH(args.text('curve')) as ECDH & { setPublicKey (key: Buffer): void } // deprecated, and in no type
  if (args.has('privateKey')) pair.setPrivateKey(readBuffer(args, 'privateKey'))
  if (args.has('publicKey')) pair.setPublicKey(readBuffer(args, 'publicKey'))
  const method = args.word('method', ECDH_METHODS)
  switch (method) {
    case 'create': return {}
    case 'computeSecret': return { made: pair.computeSecret(readBuffer(args, 'data')) }
    case 'getPrivateKey': return { made: pair.getPrivateKey() }
    case 'getPublicKey': return { made: pair.getPublicKey(null, args.word('form', POINT_FORMS)) }
    case 'generateKeys': {
      pair.generateKeys()
      return { privateKey: pair.getPrivateKey(), publicKey: pair.getPublicKey() }
    }
    case 'setPublicKey': {
      pair.setPublicKey(readBuffer(args, 'data'))
      return { publicKey: pair.getPublicKey() }
    }
    case 'setPrivateKey': {
      pair.setPrivateKey(readBuffer(args, 'data'))
      return { privateKey: pair.getPrivateKey(), publicKey: pair.getPublicKey() }
    }
  }
}
