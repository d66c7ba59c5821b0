import assert from 'node:assert/strict'
import { createHash, createHmac, createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { createCrypto } from '../../../src/engine/runner/natives/crypto.ts'
import type { Native } from '../../../src/engine/runner/natives/native.ts'

const TEXT = Buffer.from('some text')
const span = { at: 0, size: TEXT.length }

function openLibrary (config: unknown = {}): Native {
  const { library } = createCrypto(config)
  assert.ok(library)
  return library
}

const idOf = ({ text }: { text: string }) => (JSON.parse(text) as { id: number }).id // its own format

test('a digest is made at once', () => {
  const { text, bytes } = openLibrary().callSync('hash', { algorithm: 'sha256', data: span }, TEXT)

  assert.deepEqual([text, bytes], ['{"spans":{"made":[0,32]}}', createHash('sha256').update(TEXT).digest()])
})

test('an HMAC is begun, given more and ended', () => {
  const library = openLibrary()
  const id = idOf(library.callSync('hmacOpen', { algorithm: 'sha1', key: { at: 0, size: 4 } }, Buffer.from('some')))

  library.callSync('update', { id, data: span }, TEXT)
  library.callSync('update', { id, data: span }, TEXT)
  const { bytes } = library.callSync('digest', { id }, Buffer.alloc(0))

  assert.deepEqual(bytes, createHmac('sha1', 'some').update(TEXT).update(TEXT).digest())
  assert.throws(() => library.callSync('digest', { id }, Buffer.alloc(0)), { name: 'OperationError' })
})

test('what Node says of an algorithm is an answer', () => {
  const { text } = openLibrary().callSync('hash', { algorithm: 'nope', data: span }, TEXT)

  assert.deepEqual(JSON.parse(text), { error: { name: 'Error', message: 'Digest method not supported' }, spans: {} })
})

test('what it is given is bounded, and so is what was begun and never ended', () => {
  const library = openLibrary({ bytes: 8 })
  for (let i = 0; i < 1000; i++) library.callSync('hashOpen', { algorithm: 'md5' }, Buffer.alloc(0))

  assert.throws(() => library.callSync('hash', { algorithm: 'md5', data: span }, TEXT), { name: 'QuotaExceededError', message: /9 bytes, more than 8/ })
  assert.throws(() => library.callSync('hash', { algorithm: 'shake256', outputLength: 9, data: { at: 0, size: 0 } }, TEXT), { name: 'QuotaExceededError' })
  assert.throws(() => library.callSync('hashOpen', { algorithm: 'md5' }, Buffer.alloc(0)), { name: 'QuotaExceededError', message: /1000 were begun and not ended/ })
})

test('an operator who allows no digests has none made, by either interface', () => {
  const library = openLibrary({ methods: ['getRandomValues'] })

  assert.throws(() => library.callSync('hash', { algorithm: 'md5', data: span }, TEXT), { name: 'NotSupportedError' })
  assert.throws(() => library.callSync('cipherOpen', {}, TEXT), { name: 'NotSupportedError' })
  assert.equal(library.callSync('random', { size: 3 }, TEXT).bytes?.length, 3)
})

test('a key that names a file is none', () => {
  const call = (key: object) => openLibrary().callSync('importKey', { as: 'private', key }, Buffer.from('file:///etc/passwd'))

  assert.throws(() => call({ format: 'store', data: { at: 0, size: 18 } }), /format is not one of/)
  assert.throws(() => call({ data: { at: 0, size: 18 } }), /format is not one of/)
  assert.match(call({ format: 'pem', data: { at: 0, size: 18 } }).text, /"error"/)
})

test('arguments that are of no kind at all are refused', () => {
  const library = openLibrary()
  const odd = [null, 1, 'x', [], {}, { key: 1 }, { key: {} }, { key: { held: 'secret' } }, { id: -1 }, { id: 1e9 }, { data: { at: 5, size: 9 } }, { algorithm: {} }, JSON.parse('{"__proto__":{"algorithm":"md5"}}') as unknown]
  const methods = ['hash', 'hmac', 'cipherOpen', 'cipherUpdate', 'cipherSet', 'dhOpen', 'dhGet', 'ecdh', 'importKey', 'exportKey', 'equalKeys', 'generateKeyPair', 'sign', 'verify', 'publicEncrypt', 'pbkdf2', 'scrypt', 'hkdf', 'argon2', 'diffieHellman', 'generatePrime', 'checkPrime', 'toString', '__proto__', 'constructor']

  for (const method of methods) {
    for (const members of odd) assert.throws(() => library.callSync(method, members, TEXT), { message: /^Cannot use node:crypto: / }, `${method} ${JSON.stringify(members)}`)
  }
})

test('what would take long is refused by name', () => {
  const library = openLibrary()
  const nothing = { at: 0, size: 0 }
  const refused = (method: string, members: object, bytes: Buffer = TEXT) => {
    try {
      library.callSync(method, members, bytes)
      return 'it was done'
    } catch (error) {
      return (error as Error).message.replace('Cannot use node:crypto: ', '')
    }
  }

  assert.deepEqual([
    refused('pbkdf2', { iterations: 2_000_001, size: 1, digest: 'sha256', password: nothing, salt: nothing }),
    refused('pbkdf2', { iterations: 1_000_001, size: 33, digest: 'sha256', password: nothing, salt: nothing }),
    refused('scrypt', { N: 2 ** 20, r: 8, p: 1, maxmem: 2 ** 40, size: 1, password: nothing, salt: nothing }),
    refused('scrypt', { N: 2 ** 16, r: 8, p: 4, maxmem: 2 ** 40, size: 1, password: nothing, salt: nothing }),
    refused('argon2', { memory: 2 ** 20, passes: 1, parallelism: 1 }),
    refused('generateKeyPair', { type: 'rsa', modulusLength: 4097 }),
    refused('generateKeyPair', { type: 'rsa', modulusLength: 2048, publicExponent: 3_234_846_615 }),
    refused('generateKeyPair', { type: 'dsa', modulusLength: 3072 }),
    refused('generateKeyPair', { type: 'dh', primeLength: 1024 }),
    refused('generatePrime', { bits: 2049, safe: false }),
    refused('generatePrime', { bits: 64, safe: false, add: { at: 0, size: 1 }, rem: { at: 1, size: 1 } }, Buffer.from([4, 2])),
    refused('checkPrime', { data: { at: 0, size: 257 }, checks: 0 }, Buffer.alloc(257, 255)),
    refused('checkPrime', { data: span, checks: 257 }),
    refused('dhOpen', { prime: { at: 0, size: 257 }, generator: 2 }, Buffer.alloc(257, 255)),
    refused('dhOpen', { bits: 1024, generator: 2 }),
  ], [
    'pbkdf2 would compute 2000001 HMACs (iterations times blocks of the key), allowed are 2000000',
    'pbkdf2 would compute 2000002 HMACs (iterations times blocks of the key), allowed are 2000000',
    'scrypt would take 1073741824 bytes (128 * N * r), allowed are 67108864',
    'scrypt would mix 2097152 blocks (N * r * p), allowed are 1048576',
    'argon2 would take 1073741824 bytes, allowed are 67108864',
    'modulusLength is 4097 bits, allowed are 4096',
    'publicExponent is 3234846615, allowed are 3, 5, 17, 257 and 65537',
    'modulusLength is 3072 bits, allowed are 2048',
    'A safe prime would have 1024 bits, allowed are 512; crypto.getDiffieHellman() knows groups that have more',
    'The prime would have 2049 bits, allowed are 2048',
    'Too few primes of 64 bits leave such a remainder: "add" may have 32 bits, and must have no divisor in common with "rem"',
    'The candidate has 2056 bits, allowed are 2048',
    'checks are 257 rounds, allowed are 256',
    'The prime has 2056 bits, allowed are 2048; crypto.getDiffieHellman() knows groups that have more',
    'A safe prime would have 1024 bits, allowed are 512; crypto.getDiffieHellman() knows groups that have more',
  ])
})

test('an encrypted key that has its passphrase hashed for minutes is refused, in either form', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const honest = privateKey.export({ format: 'der', type: 'pkcs8', cipher: 'aes-128-cbc', passphrase: 'p' })
  const rounds = Buffer.from([0x02, 0x02, 0x08, 0x00]) // INTEGER 2048
  const at = honest.indexOf(rounds)
  const slow = Buffer.concat([honest.subarray(0, at), Buffer.from([0x02, 0x04, 0x7f, 0xff, 0xff, 0xff]), honest.subarray(at + rounds.length)])
  for (let i = 1; i < at; i++) if (slow[i - 1] === 0x30 && (slow[i] ?? 0) < 0x7e && i + 1 + (slow[i] ?? 0) >= at) slow[i] = (slow[i] ?? 0) + 2 // what is around it is longer
  const pem = `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${slow.toString('base64')}\n-----END ENCRYPTED PRIVATE KEY-----\n`
  const call = (data: Buffer, format: string) => openLibrary().callSync('importKey', { as: 'private', key: { format, type: 'pkcs8', data: { at: 0, size: data.length }, passphrase: { at: data.length, size: 1 } } }, Buffer.concat([data, Buffer.from('p')]))

  assert.throws(() => call(slow, 'der'), /would be hashed 2147483647 times, allowed are 2000000/)
  assert.throws(() => call(Buffer.from(pem), 'pem'), /would be hashed 2147483647 times, allowed are 2000000/)
  assert.ok(createPrivateKey({ key: honest, format: 'der', type: 'pkcs8', passphrase: 'p' }).equals(privateKey))
  assert.match(call(honest, 'der').text, /"kind":"ed25519"/)
})

test('an encrypted key is refused that OpenSSL reads in another way than the bounds do, and one whose scrypt takes minutes', () => {
  const length = ({ length }: Buffer) => Buffer.from(length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff])
  const item = (tag: number, ...parts: Buffer[]) => Buffer.concat([Buffer.from([tag]), length(Buffer.concat(parts)), ...parts])
  const endless = (tag: number, ...parts: Buffer[]) => Buffer.concat([Buffer.from([tag, 0x80]), ...parts, Buffer.from([0, 0])])
  const padded = (tag: number, ...parts: Buffer[]) => Buffer.concat([Buffer.from([tag, 0x88, 0, 0, 0, 0, 0, 0, 0, Buffer.concat(parts).length]), ...parts])
  const named = (hex: string, ...parts: Buffer[]) => [item(6, Buffer.from(hex, 'hex')), ...parts]
  const number = (value: number) => item(2, Buffer.from(value.toString(16).padStart(value < 128 ? 2 : value < 32_768 ? 4 : 8, '0'), 'hex'))
  const cipher = item(0x30, ...named('60864801650304012a', item(4, Buffer.alloc(16))))
  const keyOf = (wrap: typeof item, derivation: Buffer) => item(0x30, wrap(0x30, ...named('2a864886f70d01050d', wrap(0x30, derivation, cipher))), item(4, Buffer.alloc(64)))
  const pbkdf2 = (rounds: number, salt = 16) => item(0x30, ...named('2a864886f70d01050c', item(0x30, item(4, Buffer.alloc(salt)), number(rounds))))
  const scrypt = (p: number) => item(0x30, ...named('2b06010401da47040b', item(0x30, item(4, Buffer.alloc(16)), number(16_384), number(8), number(p))))
  const armoured = (text: string, label = 'ENCRYPTED PRIVATE KEY') => Buffer.from(`-----BEGIN ${label}-----\n${text}\n-----END ${label}-----\n`)
  const slow = keyOf(item, pbkdf2(0x7fff_ffff))
  const base64 = slow.toString('base64')
  const call = (data: Buffer, format: string) => openLibrary().callSync('importKey', { as: 'private', key: { format, type: 'pkcs8', data: { at: 0, size: data.length }, passphrase: { at: data.length, size: 1 } } }, Buffer.concat([data, Buffer.from('p')]))

  assert.throws(() => call(slow, 'der'), /would be hashed 2147483647 times/)
  assert.throws(() => call(keyOf(endless, pbkdf2(0x7fff_ffff, 200)), 'der'), /not written as DER is/)
  assert.throws(() => call(keyOf(padded, pbkdf2(0x7fff_ffff)), 'der'), /not written as DER is/)
  assert.throws(() => call(keyOf(item, scrypt(16_000)), 'der'), /scrypt would mix 2097152000 blocks/)
  assert.throws(() => call(armoured(`${base64}-`), 'pem'), /more than base64/)
  assert.throws(() => call(armoured(`Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,${'01'.repeat(16)}\n\n${base64}`), 'pem'), /more than base64/)
  assert.throws(() => call(armoured(base64, 'PRIVATE KEY'), 'pem'), /would be hashed 2147483647 times/)
  assert.match(call(keyOf(item, pbkdf2(2048)), 'der').text, /bad decrypt/)
  assert.match(call(keyOf(item, scrypt(1)), 'der').text, /bad decrypt/)
})
