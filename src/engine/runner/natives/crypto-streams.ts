import * as crypto from 'node:crypto'
import {
  type CipherCCM, type CipherGCM, type Cipheriv, createCipheriv, createDecipheriv, createDiffieHellman, createDiffieHellmanGroup, createHash, createHmac, createSign, createVerify, type DecipherGCM, type Decipheriv, type DiffieHellman, type Hash, type Hmac, type Sign, type Verify,
} from 'node:crypto'
import type { CallArguments } from './crypto-arguments.ts'
import { checkDhPrime, checkPrimeSize } from './crypto-bounds.ts'
import { readBuffer } from './crypto-key-forms.ts'
import { given, type Members, type Operations } from './crypto-operation.ts'
import { readSigningKey } from './crypto-signatures.ts'
import { NativeError } from './native.ts'

/** Things that one run may have begun and not ended. Each takes some hundred bytes, outside of the isolate. */
const MAX_OPEN = 1000
const LARGEST = 0x7fff_ffff
const DH_GETTERS = ['generateKeys', 'getPrime', 'getGenerator', 'getPublicKey', 'getPrivateKey'] as const
const DH_SETTERS = ['setPublicKey', 'setPrivateKey'] as const

/** Of Node 26, and in no type yet. */
interface Mac { update (data: Uint8Array): Mac, final (): Buffer }
type Digest = Hash | Hmac | Mac | Sign | Verify
type Cipher = Cipheriv | Decipheriv
type Stream = Digest | Cipher | DiffieHellman

/** What is begun, given more and ended; and Diffie-Hellman groups, which take long to check. Short digests are made whole, and never come to be here. */
export class CryptoStreams {
  readonly #open = new Map<number, Stream>()
  #lastId = 0

  readonly operations: Operations = {
    hash: { as: 'digest', run: (args) => ({ made: beginHash(args).update(args.bytes('data')).digest() }) },
    hmac: { as: 'sign', run: (args) => ({ made: beginHmac(args).update(args.bytes('data')).digest() }) },
    mac: { as: 'sign', run: (args) => ({ made: beginMac(args).update(args.bytes('data')).final() }) },
    macOpen: { as: 'sign', run: (args) => this.#keep(beginMac(args)) },
    digestMac: { as: null, run: (args) => ({ made: this.#end<Mac>(args).final() }) },
    hashOpen: { as: 'digest', run: (args) => this.#keep(beginHash(args)) },
    hmacOpen: { as: 'sign', run: (args) => this.#keep(beginHmac(args)) },
    signOpen: { as: 'sign', run: (args) => this.#keep(createSign(args.text('algorithm'))) },
    verifyOpen: { as: 'verify', run: (args) => this.#keep(createVerify(args.text('algorithm'))) },
    checkDigest: { as: null, run: (args) => void createSign(args.text('algorithm')) },
    hashCopy: { as: 'digest', run: (args) => this.#keep((this.#find(args) as Hash).copy(readLength(args))) }, // one of another kind is never asked for, and fails
    update: { as: null, run: (args) => void this.#find<Digest>(args).update(args.bytes('data')) },
    digest: { as: null, run: (args) => ({ made: this.#end<Hash>(args).digest() }) },
    signEnd: { as: 'sign', run: (args) => this.#endWith<Sign>(args, (stream) => ({ made: stream.sign(readSigningKey(args) as never) })) },
    verifyEnd: { as: 'verify', run: (args) => this.#endWith<Verify>(args, (stream) => ({ value: stream.verify(readSigningKey(args) as never, readBuffer(args, 'signature')) })) },
    cipherOpen: { as: 'encrypt', run: (args) => this.#keep(beginCipher(createCipheriv as Begin, args)) },
    decipherOpen: { as: 'decrypt', run: (args) => this.#keep(beginCipher(createDecipheriv as Begin, args)) },
    cipherUpdate: { as: null, run: (args) => ({ made: this.#find<Cipher>(args).update(args.bytes('data')) }) },
    cipherSet: { as: null, run: (args) => setUp(this.#find<Cipher>(args), args) },
    cipherFinal: {
      as: null,
      run: (args) => {
        const cipher = this.#end<Cipher>(args)
        return { made: cipher.final(), tag: args.flag('tagged') ? (cipher as CipherGCM).getAuthTag() : undefined }
      },
    },
    dhOpen: {
      as: 'deriveBits',
      run: (args) => {
        const group = beginDiffieHellman(args)
        return { ...this.#keep(group), verifyError: group.verifyError }
      },
    },
    dhGet: { as: 'deriveBits', run: (args) => ({ made: this.#find<DiffieHellman>(args)[args.word('method', DH_GETTERS)]() }) },
    dhSet: { as: 'deriveBits', run: (args) => void this.#find<DiffieHellman>(args)[args.word('method', DH_SETTERS)](args.bytes('data')) },
    dhSecret: { as: 'deriveBits', run: (args) => ({ made: this.#find<DiffieHellman>(args).computeSecret(args.bytes('data')) }) },
  }

  close (): void {
    this.#open.clear()
  }

  #keep (stream: Stream): Members {
    if (this.#open.size >= MAX_OPEN) throw new NativeError('QuotaExceededError', `${MAX_OPEN} were begun and not ended, the limit of a run`)
    this.#open.set(++this.#lastId, stream)
    return { id: this.#lastId }
  }

  #find<Kind extends Stream> (args: CallArguments): Kind {
    const stream = this.#open.get(args.integer('id', LARGEST))
    if (!stream) throw new NativeError('OperationError', 'It was ended')
    return stream as Kind // the guest asks for what it opened; a method that another kind has not is a TypeError
  }

  /** With a key that is none, it has not ended. */
  #endWith<Kind extends Stream> (args: CallArguments, work: (stream: Kind) => Members): Members {
    const members = work(this.#find<Kind>(args))
    this.#open.delete(args.integer('id', LARGEST))
    return members
  }

  #end<Kind extends Stream> (args: CallArguments): Kind {
    const stream = this.#find<Kind>(args)
    this.#open.delete(args.integer('id', LARGEST))
    return stream
  }
}

function beginHash (args: CallArguments): Hash {
  return createHash(args.text('algorithm'), readLength(args))
}

function beginHmac (args: CallArguments): Hmac {
  return createHmac(args.text('algorithm'), args.bytes('key'))
}

function beginMac (args: CallArguments): Mac {
  const { createMac } = crypto as unknown as { createMac (algorithm: string, key: Buffer, options: object): Mac }
  return createMac(args.text('algorithm'), readBuffer(args, 'key'), given({
    digest: args.has('digest') ? args.text('digest') : undefined, cipher: args.has('cipher') ? args.text('cipher') : undefined, iv: args.has('iv') ? readBuffer(args, 'iv') : undefined,
    customization: args.has('customization') ? readBuffer(args, 'customization') : undefined, salt: args.has('salt') ? readBuffer(args, 'salt') : undefined, ...readLength(args),
  }))
}

/** Bounded, since an extendable function makes as many bytes as it is asked for. */
function readLength (args: CallArguments): { outputLength?: number } {
  return args.has('outputLength') ? { outputLength: args.size('outputLength') } : {}
}

type Begin = (algorithm: string, key: Buffer, iv: Buffer | null, options: object) => Cipher

function beginCipher (create: Begin, args: CallArguments): Cipher {
  const options = given({
    authTagLength: args.has('authTagLength') ? args.integer('authTagLength', 0xffff_ffff) : undefined, ctsMode: args.has('ctsMode') ? args.text('ctsMode') : undefined, xtsStandard: args.has('xtsStandard') ? args.text('xtsStandard') : undefined,
  })
  return create(args.text('algorithm'), readBuffer(args, 'key'), args.has('iv') ? readBuffer(args, 'iv') : null, options)
}

function setUp (cipher: Cipher, args: CallArguments): Members | void {
  const method = args.word('method', ['setAutoPadding', 'setAuthTag', 'setAAD', 'getAuthTag'])
  switch (method) {
    case 'setAutoPadding': return void cipher.setAutoPadding(args.flag('value'))
    case 'setAuthTag': return void (cipher as DecipherGCM).setAuthTag(args.bytes('data'))
    case 'setAAD': return void (cipher as CipherCCM).setAAD(args.bytes('data'), given({ plaintextLength: args.has('plaintextLength') ? args.integer('plaintextLength', 0xffff_ffff) : undefined }) as never)
    case 'getAuthTag': return { made: (cipher as CipherGCM).getAuthTag() }
  }
}

function beginDiffieHellman (args: CallArguments): DiffieHellman {
  if (args.has('group')) return createDiffieHellmanGroup(args.text('group')) as DiffieHellman // which has two methods more, that the guest asks of none
  const generator: unknown = args.has('generatorBytes') ? readBuffer(args, 'generatorBytes') : args.whole('generator')
  const prime = args.has('prime') ? readBuffer(args, 'prime') : args.whole('bits')
  if (typeof prime === 'number') checkPrimeSize(prime, { safe: true })
  else checkDhPrime(prime)
  return (createDiffieHellman as (...all: unknown[]) => DiffieHellman)(prime, generator)
}
