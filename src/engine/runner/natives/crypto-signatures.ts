import { Certificate, createSign, createVerify, decapsulate, encapsulate, privateDecrypt, privateEncrypt, publicDecrypt, publicEncrypt, sign, verify } from 'node:crypto'
import type { CallArguments } from './crypto-arguments.ts'
import { type KeyForm, readBuffer, readKey } from './crypto-key-forms.ts'
import { given, type Operation, type Operations } from './crypto-operation.ts'

const SIGNATURE_FORMS = ['der', 'ieee-p1363'] as const

/** Node's functions are typed for each form of key by itself, and check what they are given themselves. */
type Loose<Result> = (...args: unknown[]) => Result

/** What is done with a pair of keys and one piece of data. */
export const SIGNATURES: Operations = {
  sign: { as: 'sign', run: (args) => ({ made: (sign as Loose<Buffer>)(readAlgorithm(args), readBuffer(args, 'data'), readSigningKey(args)) }) },
  verify: { as: 'verify', run: (args) => ({ value: (verify as Loose<boolean>)(readAlgorithm(args), readBuffer(args, 'data'), readSigningKey(args), readBuffer(args, 'signature')) }) },
  signDigest: { as: 'sign', run: (args) => ({ made: createSign(args.text('algorithm')).update(args.bytes('data')).sign(readSigningKey(args) as never) }) },
  verifyDigest: { as: 'verify', run: (args) => ({ value: createVerify(args.text('algorithm')).update(args.bytes('data')).verify(readSigningKey(args) as never, readBuffer(args, 'signature')) }) },
  publicEncrypt: convert('encrypt', publicEncrypt),
  publicDecrypt: convert('verify', publicDecrypt),
  privateEncrypt: convert('sign', privateEncrypt),
  privateDecrypt: convert('decrypt', privateDecrypt),
  encapsulate: {
    as: 'encrypt',
    run: (args) => {
      const { sharedKey, ciphertext } = (encapsulate as Loose<Record<'sharedKey' | 'ciphertext', Buffer>>)(readKey(args.child('key')))
      return { sharedKey: Buffer.from(sharedKey), ciphertext: Buffer.from(ciphertext) }
    },
  },
  decapsulate: { as: 'decrypt', run: (args) => ({ made: Buffer.from((decapsulate as Loose<Buffer>)(readKey(args.child('key')), readBuffer(args, 'data'))) }) },
  verifySpkac: { as: 'verify', run: (args) => ({ value: Certificate.verifySpkac(readBuffer(args, 'data')) }) },
  exportPublicKey: { as: 'importKey', run: (args) => ({ made: toBuffer(Certificate.exportPublicKey(readBuffer(args, 'data'))) }) },
  exportChallenge: { as: 'importKey', run: (args) => ({ made: toBuffer(Certificate.exportChallenge(readBuffer(args, 'data'))) }) },
}

/** A key with what signatures ask besides. */
export function readSigningKey (args: CallArguments): KeyForm {
  return given({
    ...readKey(args.child('key')), padding: args.has('padding') ? args.whole('padding') : undefined, saltLength: args.has('saltLength') ? args.whole('saltLength') : undefined,
    dsaEncoding: args.word('dsaEncoding', SIGNATURE_FORMS), context: args.has('context') ? readBuffer(args, 'context') : undefined,
  })
}

function convert (as: string, work: unknown): Operation {
  return {
    as,
    run: (args) => {
      const key = given({
        ...readKey(args.child('key')), padding: args.has('padding') ? args.whole('padding') : undefined, oaepHash: args.has('oaepHash') ? args.text('oaepHash') : undefined,
        oaepLabel: args.has('oaepLabel') ? readBuffer(args, 'oaepLabel') : undefined, mgf1Hash: args.has('mgf1Hash') ? args.text('mgf1Hash') : undefined,
      })
      return { made: (work as Loose<Buffer>)(key, readBuffer(args, 'data')) }
    },
  }
}

function readAlgorithm (args: CallArguments): string | undefined {
  return args.has('algorithm') ? args.text('algorithm') : undefined
}

/** Node answers an empty text where there is nothing. */
function toBuffer (made: Buffer | string): Buffer {
  return Buffer.from(made)
}
