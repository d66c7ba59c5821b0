import type { webcrypto } from 'node:crypto'
import { buildAlgorithm, type Algorithm, type Purpose } from './crypto-algorithms.ts'
import { CallArguments } from './crypto-arguments.ts'
import { checkDerivation, checkGeneration, checkImported, keyBits } from './crypto-cost.ts'
import { describeFailure } from './crypto-failure.ts'
import { KeyRing } from './crypto-keys.ts'
import { CryptoLibrary } from './crypto-library.ts'
import { NativeError, type Native, type NativeAnswer } from './native.ts'
import { OneAtATime } from './one-at-a-time.ts'

const RANDOM_BYTES = 65_536
const DEFAULTS = { operations: 1000, bytes: 65_536 }
const FORMATS = ['raw', 'pkcs8', 'spki', 'jwk'] as const
const USAGES = ['encrypt', 'decrypt', 'sign', 'verify', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey'] as const
/** Members of a JSON Web Key that mean something here. Source: https://w3c.github.io/webcrypto/#JsonWebKey-dictionary */
const JWK_TEXTS = ['alg', 'crv', 'd', 'dp', 'dq', 'e', 'k', 'kty', 'n', 'p', 'q', 'qi', 'use', 'x', 'y'] as const

/**
 * Web Cryptography for one run, over Node's own. `config` is the tool's `{ operations, bytes, methods }`. Nothing is loaded before the
 * first call: Node brings what it needs inside its own binary, so that works without any permission.
 */
export function createCrypto (config: unknown): Native {
  return new CryptoNative(config)
}

type Methods = Readonly<Record<string, (args: CallArguments, subtle: webcrypto.SubtleCrypto) => Promise<NativeAnswer>>>

class CryptoNative implements Native {
  readonly #operations: number
  readonly #maxBytes: number
  readonly #allowed: ReadonlySet<unknown> | undefined
  readonly #ring = new KeyRing()
  readonly #work = new OneAtATime()
  /** What `node:crypto` asks. It costs processor time, and no operations. */
  readonly library: CryptoLibrary
  #count = 0

  constructor (config: unknown) {
    const { operations, bytes, methods } = (config ?? {}) as Record<string, unknown> // the worker's own, but as JSON
    this.#operations = typeof operations === 'number' ? operations : DEFAULTS.operations
    this.#maxBytes = typeof bytes === 'number' ? bytes : DEFAULTS.bytes
    this.#allowed = Array.isArray(methods) ? new Set(methods) : undefined
    this.library = new CryptoLibrary(this.#maxBytes, (method) => this.#allows(method))
  }

  get cpuMs (): number { return this.#work.cpuMs + this.library.cpuMs }

  close (): void {
    this.#work.close()
    this.library.close()
  }

  /** `random` answers bytes that nobody saw before, as many as `size` says. */
  callSync (method: string, given: unknown, bytes: Buffer): NativeAnswer {
    return this.#random(method, given, bytes)
  }

  #random (method: string, given: unknown, bytes: Buffer): NativeAnswer {
    try {
      if (method !== 'random' || !(this.#allows('getRandomValues') || this.#allows('randomUUID'))) throw unknownMethod()
      this.#countOne()
      const size = this.#read(given, bytes).integer('size', Math.min(RANDOM_BYTES, this.#maxBytes))
      return { text: 'null', bytes: crypto.getRandomValues(Buffer.alloc(size)) }
    } catch (error) {
      throw describeFailure(method === 'random' ? 'get random bytes' : 'call', error)
    }
  }

  /** The methods of SubtleCrypto, by their names. */
  async call (method: string, given: unknown, bytes: Buffer): Promise<NativeAnswer> {
    const run = Object.hasOwn(this.#methods, method) && this.#allows(method) ? this.#methods[method] : undefined
    try {
      if (!run) throw unknownMethod()
      this.#countOne()
      return await this.#work.run(() => run(this.#read(given, bytes), crypto.subtle))
    } catch (error) {
      throw describeFailure(run ? method : 'call', error)
    }
  }

  readonly #methods: Methods = {
    digest: async (args, subtle) => bytesOf(await subtle.digest(algorithm('digest', args), args.bytes('data'))),
    encrypt: async (args, subtle) => bytesOf(await subtle.encrypt(algorithm('cipher', args), args.key('key'), args.bytes('data'))),
    decrypt: async (args, subtle) => bytesOf(await subtle.decrypt(algorithm('cipher', args), args.key('key'), args.bytes('data'))),
    sign: async (args, subtle) => bytesOf(await subtle.sign(algorithm('sign', args), args.key('key'), args.bytes('data'))),
    verify: async (args, subtle) => {
      return valueOf(await subtle.verify(algorithm('sign', args), args.key('key'), args.bytes('signature'), args.bytes('data')))
    },
    deriveBits: async (args, subtle) => {
      const derivation = algorithm('derive', args)
      const length = args.has('length') ? args.integer('length', 0xffff_ffff) : null
      checkDerivation(derivation, length ?? 0, this.#maxBytes)
      return bytesOf(await subtle.deriveBits(derivation, args.key('key'), length))
    },
    deriveKey: async (args, subtle) => {
      const derivation = algorithm('derive', args)
      const derived = algorithm('derived', args, 'derived')
      checkDerivation(derivation, keyBits(derived), this.#maxBytes)
      this.#ring.expect(1)
      return this.#answerKey(await subtle.deriveKey(derivation, args.key('key'), derived, args.flag('extractable'), args.words('usages', USAGES)))
    },
    generateKey: async (args, subtle) => {
      const wanted = algorithm('generate', args)
      checkGeneration(wanted, this.#maxBytes)
      this.#ring.expect(2)
      const made: webcrypto.CryptoKey | webcrypto.CryptoKeyPair = await subtle.generateKey(wanted, args.flag('extractable'), args.words('usages', USAGES))
      if (!('privateKey' in made)) return this.#answerKey(made)
      return valueOf({ publicKey: this.#ring.add(made.publicKey), privateKey: this.#ring.add(made.privateKey) })
    },
    importKey: async (args, subtle) => {
      this.#ring.expect(1)
      const format = args.word('format', FORMATS)
      const data = format === 'jwk' ? readJwk(args.child('keyData')) : args.bytes('keyData')
      return this.#answerKey(await subtle.importKey(format as 'jwk', data as webcrypto.JsonWebKey, algorithm('import', args), args.flag('extractable'), args.words('usages', USAGES)))
    },
    exportKey: async (args, subtle) => {
      const exported = await subtle.exportKey(args.word('format', FORMATS), args.key('key'))
      return exported instanceof ArrayBuffer ? bytesOf(exported) : valueOf(exported)
    },
    wrapKey: async (args, subtle) => {
      return bytesOf(await subtle.wrapKey(args.word('format', FORMATS), args.key('key'), args.key('wrappingKey'), algorithm('wrap', args)))
    },
    unwrapKey: async (args, subtle) => {
      this.#ring.expect(1)
      return this.#answerKey(await subtle.unwrapKey(args.word('format', FORMATS), args.bytes('wrappedKey'), args.key('unwrappingKey'),
        algorithm('wrap', args), algorithm('import', args, 'unwrapped'), args.flag('extractable'), args.words('usages', USAGES)))
    },
  }

  #answerKey (key: webcrypto.CryptoKey): NativeAnswer {
    checkImported(key)
    return valueOf(this.#ring.add(key))
  }

  #read (given: unknown, bytes: Buffer): CallArguments {
    return new CallArguments(given, { bytes, keys: this.#ring.keys, maxBytes: this.#maxBytes })
  }

  #allows (method: string): boolean {
    return this.#allowed?.has(method) ?? true
  }

  #countOne (): void {
    if (++this.#count > this.#operations) throw new NativeError('QuotaExceededError', `${this.#operations} operations were made, the limit`)
  }
}

/** Node takes more kinds of algorithms than its types know, and checks them itself. */
function algorithm (purpose: Purpose, args: CallArguments, member = 'algorithm'): Algorithm & never {
  return buildAlgorithm(purpose, args.child(member)) as Algorithm & never
}

function readJwk (given: CallArguments): webcrypto.JsonWebKey {
  const jwk: Record<string, unknown> = Object.create(null)
  for (const name of JWK_TEXTS) {
    if (given.has(name)) jwk[name] = given.text(name)
  }
  if (given.has('ext')) jwk['ext'] = given.flag('ext')
  if (given.has('key_ops')) jwk['key_ops'] = given.texts('key_ops')
  if (given.has('oth')) jwk['oth'] = [] // that it is there is enough for Node to refuse the key
  return jwk
}

function bytesOf (buffer: ArrayBuffer): NativeAnswer {
  return { text: 'null', bytes: Buffer.from(buffer) }
}

function valueOf (value: unknown): NativeAnswer {
  return { text: JSON.stringify(value) }
}

function unknownMethod (): NativeError {
  return new NativeError('NotSupportedError', 'the method is unknown or not allowed')
}
