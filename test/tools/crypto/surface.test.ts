import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCrypto, type Kit, type LooseSubtle } from './sandbox.ts'

const { inside, same } = await startCrypto()

test('the classes have the shape that Web IDL gives them', async () => {
  const shape = await inside(() => {
    const describe = (holder: object) => Object.fromEntries(Reflect.ownKeys(holder).map((key) => {
      const { value, get, set, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(holder, key)!
      const kind = get ? `get ${get.name}${set ? ' set' : ''}` : typeof value === 'function' ? `function ${value.name} ${value.length}` : String(value)
      return [String(key), `${kind} ${writable === true ? 'w' : ''}${enumerable === true ? 'e' : ''}${configurable === true ? 'c' : ''}`]
    }))
    return [Crypto, SubtleCrypto, CryptoKey].map((constructor) => [
      constructor.name, constructor.length, describe(constructor.prototype), Object.getPrototypeOf(constructor) === Function.prototype,
      Object.getPrototypeOf(constructor.prototype) === Object.prototype, describe(globalThis)[constructor.name],
    ])
  })

  const method = (name: string, length: number) => [name, `function ${name} ${length} wec`] as const
  assert.deepEqual(shape, [
    ['Crypto', 0, {
      'constructor': 'function Crypto 0 wc', 'subtle': 'get get subtle ec', ...Object.fromEntries([method('getRandomValues', 1), method('randomUUID', 0)]), 'Symbol(Symbol.toStringTag)': 'Crypto c',
    }, true, true, 'function Crypto 0 wc'],
    ['SubtleCrypto', 0, {
      'constructor': 'function SubtleCrypto 0 wc',
      ...Object.fromEntries([
        method('encrypt', 3), method('decrypt', 3), method('sign', 3), method('verify', 4), method('digest', 2), method('generateKey', 3), method('deriveKey', 5), method('deriveBits', 2),
        method('importKey', 5), method('exportKey', 2), method('wrapKey', 4), method('unwrapKey', 7),
      ]),
      'Symbol(Symbol.toStringTag)': 'SubtleCrypto c',
    }, true, true, 'function SubtleCrypto 0 wc'],
    ['CryptoKey', 0, {
      'constructor': 'function CryptoKey 0 wc', 'type': 'get get type ec', 'extractable': 'get get extractable ec', 'algorithm': 'get get algorithm ec', 'usages': 'get get usages ec',
      'Symbol(Symbol.toStringTag)': 'CryptoKey c',
    }, true, true, 'function CryptoKey 0 wc'],
  ])
})

test('the objects are what they say, and cannot be made by anybody else', async () => {
  await same(async () => {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-CBC', false, ['encrypt'])
    const refused = [Crypto, SubtleCrypto, CryptoKey].map((constructor) => {
      const tries = [() => new (constructor as new () => unknown)(), () => (constructor as unknown as () => void)(), () => Reflect.construct(constructor, []), () => Reflect.construct(constructor, [{}, {}], Object)]
      return tries.map((make) => {
        try {
          return typeof make()
        } catch (error) {
          return (error as Error).name
        }
      })
    })
    return [
      refused, String(crypto), String(crypto.subtle), String(key), crypto instanceof Crypto, crypto.subtle instanceof SubtleCrypto, key instanceof CryptoKey,
      crypto.subtle === crypto.subtle, Object.keys(crypto), Object.keys(key), Reflect.ownKeys(crypto.subtle).length, key.algorithm === key.algorithm, key.usages === key.usages, Array.isArray(key.usages),
      JSON.stringify(key), JSON.stringify({ ...key }),
    ]
  })
})

test('every method of subtle answers with a promise, whatever it is given', async () => {
  const kinds = await inside(async () => {
    const subtle = crypto.subtle as LooseSubtle
    const kinds = []
    for (const name of Object.keys(SubtleCrypto.prototype) as (keyof LooseSubtle)[]) {
      for (const args of [[], [1, 2, 3, 4, 5, 6, 7, 8], [null], [Symbol('x'), Symbol('y'), Symbol('z'), [], [], [], []]]) {
        for (const self of [subtle, undefined, {}, SubtleCrypto.prototype]) {
          const answer: unknown = Reflect.apply(subtle[name], self, args)
          const end = answer instanceof Promise ? await answer.then(() => 'resolved', (error: unknown) => (error instanceof TypeError ? 'TypeError' : String(error))) : 'no promise'
          kinds.push(end)
        }
      }
    }
    return [...new Set(kinds)]
  })

  assert.deepEqual(kinds, ['TypeError'])
})

test('members of an algorithm are read once each, in the order of the standard', async () => {
  const traces = await inside(async () => {
    const subtle = crypto.subtle as LooseSubtle
    const traces: string[] = []
    const watch = (algorithm: object) => {
      const read: string[] = []
      traces.push('')
      const at = traces.length - 1
      return new Proxy(algorithm, {
        get (target, key) {
          read.push(String(key))
          traces[at] = read.join()
          return Reflect.get(target, key)
        },
        has: () => { throw new Error('has') },
        ownKeys: () => { throw new Error('ownKeys') },
        getOwnPropertyDescriptor: () => { throw new Error('descriptor') },
      })
    }
    const key: CryptoKey = await subtle.importKey('raw', new Uint8Array(16), watch({ name: 'AES-GCM', length: 1 }), false, ['encrypt'])
    await subtle.encrypt(watch({ name: 'AES-GCM', iv: new Uint8Array(12), tagLength: 128, additionalData: new Uint8Array(1), more: 1 }), key, new Uint8Array(1))
    await subtle.generateKey(watch({ name: 'RSA-PSS', hash: watch({ name: 'SHA-1' }), publicExponent: new Uint8Array([3]), modulusLength: 512 }), false, ['sign'])
    const secret: CryptoKey = await subtle.importKey('raw', new Uint8Array(16), 'PBKDF2', false, ['deriveKey'])
    await subtle.deriveKey(watch({ name: 'PBKDF2', salt: new Uint8Array(1), iterations: 1, hash: 'SHA-1' }), secret, watch({ name: 'HMAC', hash: 'SHA-1' }), false, ['sign'])
    await subtle.importKey('jwk', watch({ kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAA' }), 'AES-CBC', false, ['encrypt'])
    return traces
  })

  assert.deepEqual(traces, [
    'name', 'name,additionalData,iv,tagLength', 'name', 'name,modulusLength,publicExponent,hash', 'name,hash,iterations,salt',
    'name,hash,length,name,hash,length', // as a key to import, and as one that has a length
    'alg,crv,d,dp,dq,e,ext,k,key_ops,kty,n,oth,p,q,qi,use,x,y',
  ])
})

test('bytes are those at the end of the call, after getters ran, and not what comes later', async () => {
  await same(async ({ hex, errorOf }: Kit) => {
    const { subtle } = crypto
    const data = new Uint8Array([1, 2, 3])
    const during = subtle.digest({ get name () { data[0] = 9; return 'SHA-1' } }, data)
    data[0] = 7
    const later = subtle.digest('SHA-1', data)
    data[0] = 1
    const given = new Uint8Array(4)
    const detachedDuring = subtle.digest({ get name () { given.buffer.transfer(); return 'SHA-1' } }, given)
    const key = await subtle.importKey('raw', new Uint8Array(16), 'AES-CBC', false, ['encrypt'])
    const iv = new Uint8Array(16)
    iv.buffer.transfer()
    return [
      hex(await during), hex(await later), hex(await detachedDuring), hex(await subtle.digest('SHA-1', given.buffer)),
      await errorOf(() => subtle.encrypt({ name: 'AES-CBC', iv }, key, data)),
    ]
  })
})

test('a view whose buffer was given away has no bytes', async () => {
  const digest = await inside(async ({ hex }: Kit) => {
    const view = new DataView(new ArrayBuffer(4))
    view.buffer.transfer()
    return hex(await crypto.subtle.digest('SHA-1', view))
  })

  assert.equal(digest, 'da39a3ee5e6b4b0d3255bfef95601890afd80709') // of nothing
})

test('usages are whatever can be iterated', async () => {
  await same(async ({ errorOf }: Kit) => {
    const subtle = crypto.subtle as LooseSubtle
    const make = async (usages: unknown) => {
      const error = await errorOf(() => subtle.importKey('raw', new Uint8Array(16), 'AES-CBC', false, usages))
      if (error !== 'no error') return error
      const key: CryptoKey = await subtle.importKey('raw', new Uint8Array(16), 'AES-CBC', false, usages)
      return key.usages
    }
    return [
      await make(new Set(['encrypt', 'decrypt'])), await make({ * [Symbol.iterator] () { yield 'decrypt' } }), await make([{ toString: () => 'wrapKey' }]), await make(['encrypt', 'encrypt']),
      await make({ [Symbol.iterator]: () => ({}) }), await make({ [Symbol.iterator]: () => 5 }), await make({ [Symbol.iterator]: () => ({ next: () => 5 }) }), await make(['Encrypt']),
      await make([undefined]), await make(null), await make(new Map()),
    ]
  })
})
