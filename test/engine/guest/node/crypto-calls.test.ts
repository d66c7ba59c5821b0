import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'
import { call, mostly, object, odd, SEED } from './drawn-calls.ts'

const guest = await openGuest()

const PUBLIC = { type: 'spki', format: 'pem' }
const PRIVATE = { type: 'pkcs8', format: 'pem' }
/** Each kind of key has a type of options of its own, of which none is looked for here. */
const makePair = (type: string, options: object = {}) => generateKeyPairSync(type as 'ed25519', { publicKeyEncoding: PUBLIC, privateKeyEncoding: PRIVATE, ...options } as never) as unknown as Record<'publicKey' | 'privateKey', string>
/** Keys that both sides have. */
const KEYS = {
  rsa: makePair('rsa', { modulusLength: 1024 }),
  pss: makePair('rsa-pss', { modulusLength: 1024, hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256', saltLength: 16 }),
  ec: makePair('ec', { namedCurve: 'P-256' }),
  ec384: makePair('ec', { namedCurve: 'secp384r1' }),
  k256: makePair('ec', { namedCurve: 'secp256k1' }),
  ed: makePair('ed25519'),
  ed448: makePair('ed448'),
  x: makePair('x25519'),
  dh: makePair('dh', { group: 'modp14' }),
  locked: makePair('rsa', { modulusLength: 1024, privateKeyEncoding: { ...PRIVATE, cipher: 'aes-128-cbc', passphrase: 'open' } }),
}
const SETUP = `
const crypto = require("crypto"); const { Buffer } = require("buffer"); const { promisify } = require("util")
const KEYS = ${JSON.stringify(KEYS)}
const hold = (name) => KEYS[name].held ??= { publicKey: crypto.createPublicKey(KEYS[name].publicKey), privateKey: crypto.createPrivateKey(name === "locked" ? { key: KEYS.locked.privateKey, passphrase: "open" } : KEYS[name].privateKey) }
const show = (key) => [key.constructor.name, key.type, key.asymmetricKeyType, key.asymmetricKeyDetails, key.symmetricKeySize]
const caught = (work) => { try { return work() } catch (error) { return [error.name, error.code, error.message] } }
const later = (method, ...args) => new Promise((resolve) => { crypto[method](...args, (...outcome) => resolve(outcome.map((x) => x instanceof Error ? [x.name, x.code, x.message] : x))) })`

/** Each begins with nothing left of what OpenSSL said of the one before. */
const compare = (setup: string, expressions: string[]) => assertSameAsNode(guest, setup, expressions.map((expression) => `(crypto.randomFillSync(Buffer.alloc(1)), ${expression})`))
const sample = <T> (arbitrary: fc.Arbitrary<T>, numRuns: number) => fc.sample(arbitrary, { numRuns, seed: SEED })
const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength }).map((content) => `Buffer.from("${Buffer.from(content).toString('hex')}", "hex")`)
const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((content) => JSON.stringify(content))
const data = mostly(fc.oneof(bytes(0, 40), text, fc.constantFrom('new Uint16Array([1, 2])', 'new DataView(new ArrayBuffer(3))', 'new ArrayBuffer(3)')))
const encoding = mostly(fc.constantFrom('undefined', '"hex"', '"base64"', '"base64url"', '"latin1"', '"utf8"', '"buffer"', '"nope"', '"ucs2"'))
const digest = mostly(fc.constantFrom('"sha256"', '"SHA1"', '"sha512"', '"md5"', '"sha3-256"', '"RSA-SHA256"', '"nope"', '""'), 20)
const number = (...values: number[]) => mostly(fc.constantFrom(...values.map(String)), 12)
const keyName = fc.constantFrom(...Object.keys(KEYS).map((name) => JSON.stringify(name)))
const both = (sync: string, method: string, args: fc.Arbitrary<string[]>) => fc.oneof(args.map((all) => `crypto.${sync}(${all.join(', ')})`), args.map((all) => `later("${method}", ${all.join(', ')})`))

test('ciphers are Node\'s', async () => {
  const shapes = fc.constantFrom(['aes-128-cbc', 16, 16], ['aes-192-cbc', 24, 16], ['aes-256-cbc', 32, 16], ['AES-256-CTR', 32, 16], ['aes-128-ctr', 16, 16], ['aes-128-gcm', 16, 12], ['aes-256-gcm', 32, 12], ['aes-256-gcm', 32, 16], ['aes-128-ecb', 16, 0], ['aes-256-cfb', 32, 16],
    ['aes-128-ofb', 16, 16], ['aes-128-ccm', 16, 12], ['aes-256-ocb', 32, 12], ['chacha20-poly1305', 32, 12], ['chacha20', 32, 16], ['des-ede3-cbc', 24, 8], ['camellia-128-cbc', 16, 16], ['aes128', 16, 16], ['nope', 16, 16], ['aes-128-xts', 32, 16])
  const begun = fc.tuple(shapes, fc.nat(30), fc.nat(30), mostly(fc.oneof({ weight: 3, arbitrary: fc.constant('undefined') }, object({ authTagLength: number(4, 12, 16, 17), encoding })), 20)).chain(([[name, keySize, ivSize], offKey, offIv, options]) => {
    return fc.tuple(bytes(Number(keySize), Number(keySize)), bytes(Number(ivSize), Number(ivSize))).map(([key, iv]) => `"${name}", ${offKey === 0 ? 'Buffer.alloc(5)' : key}, ${offIv === 0 ? 'null' : offIv === 1 ? '"abc"' : iv}, ${options}`)
  })
  const step = fc.oneof({ weight: 6, arbitrary: call('c.update', data, encoding, encoding) }, call('c.setAutoPadding', fc.constantFrom('', 'false', 'true', '1')), call('c.setAAD', data, fc.constantFrom('undefined', '{ plaintextLength: 5 }', '{ plaintextLength: -1 }')), call('c.final', encoding), call('c.getAuthTag'), call('c.setAuthTag', fc.oneof(bytes(16, 16), data), encoding))
  const used = fc.tuple(fc.constantFrom('createCipheriv', 'createDecipheriv'), begun, fc.array(step, { minLength: 1, maxLength: 6 })).map(([method, args, steps]) => `(() => { const c = crypto.${method}(${args}); return [${steps.map((one) => `caught(() => { const made = ${one}; return made === c ? "itself" : made })`).join(', ')}] })()`)
  const there = fc.tuple(shapes, bytes(32, 32), bytes(16, 16), bytes(0, 60), bytes(0, 8)).map(([[name, keySize, ivSize], key, iv, content, aad]) => `(() => { const key = ${key}.subarray(0, ${keySize}), iv = ${iv}.subarray(0, ${ivSize}); const e = crypto.createCipheriv("${name}", key, iv); const tagged = /gcm|ocb|1305/.test("${name}"); if (tagged) e.setAAD(${aad})
    const sealed = Buffer.concat([e.update(${content}), e.final()]); const d = crypto.createDecipheriv("${name}", key, iv); if (tagged) { d.setAuthTag(e.getAuthTag()); d.setAAD(${aad}) } return [sealed, d.update(sealed, null, "hex") + d.final("hex")] })()`)

  await compare(SETUP, [
    ...sample(used, 1600), ...sample(there, 500), ...sample(call('crypto.getCipherInfo', mostly(fc.constantFrom('"aes-128-cbc"', '"AES-256-GCM"', '"nope"', '419', '""')), mostly(object({ keyLength: number(16, 32, 5), ivLength: number(12, 16, 99) }))), 150),
    'crypto.getCiphers()', 'crypto.getCurves()', 'crypto.getMacs()', ...['aes-128-cbc', 'aes-256-ctr', 'aes-128-gcm'].map((name) => `(() => { const c = crypto.createCipheriv("${name}", ${name.includes('256') ? 'Buffer.alloc(32)' : 'Buffer.alloc(16)'}, Buffer.alloc(16)); return crypto.hash("sha256", Buffer.concat([c.update(Buffer.alloc(300_000, "ab")), c.final()])) })()`),
  ])
})

test('message authentication codes are Node\'s', async () => {
  const options = object({ digest, cipher: mostly(fc.constantFrom('"aes-128-cbc"', '"aes-128-gcm"', '"nope"')), iv: bytes(12, 12), customization: bytes(0, 5), salt: bytes(0, 16), outputLength: number(8, 16, 32) })
  const made = fc.tuple(mostly(fc.constantFrom('"hmac"', '"cmac"', '"gmac"', '"kmac128"', '"poly1305"', '"siphash"', '"blake2bmac"', '"nope"')), fc.oneof(bytes(16, 16), bytes(32, 32), data), fc.oneof(options, fc.constant('{ digest: "sha256" }'), fc.constant('{ cipher: "aes-128-cbc" }')), fc.array(fc.tuple(data, encoding), { maxLength: 2 }), encoding).map(([name, key, more, pieces, as]) => `crypto.createMac(${name}, ${key}, ${more})${pieces.map(([piece, of]) => `.update(${piece}, ${of})`).join('')}.final(${as})`)

  await compare(SETUP, [...sample(made, 500), 'crypto.createMac("hmac", Buffer.alloc(5), { digest: "sha256" }).update("x".repeat(200000)).final("hex")', '(() => { const m = crypto.createMac("hmac", Buffer.alloc(5), { digest: "sha256" }); m.final(); return m.update("a") })()'])
})

test('derivations are Node\'s', async () => {
  const password = data
  const pbkdf2 = fc.tuple(password, data, number(1, 2, 100), number(0, 1, 16, 70), digest).map((args) => args as string[])
  const scrypt = fc.tuple(password, data, number(0, 16, 64), mostly(object({ N: number(2, 16, 1024, 3), r: number(1, 8), p: number(1, 2), cost: number(16), blockSize: number(8), maxmem: number(1000, 100_000, 2 ** 25) }).map((options) => /N:|cost:/.test(options) ? options : `{ N: 4, ...${options} }`), 60)).map((args) => args as string[])
  const hkdf = fc.tuple(digest, password, data, fc.oneof(data, fc.constant('Buffer.alloc(1025)')), fc.constantFrom('0', '1', '42', '9000', '-1', '1.5', '"x"', 'null')).map((args) => args as string[])
  const argon2 = fc.tuple(mostly(fc.constantFrom('"argon2id"', '"argon2i"', '"argon2d"', '"argon"'), 20), mostly(object({ message: data, nonce: fc.oneof(bytes(8, 16), data), parallelism: number(1, 2), tagLength: number(4, 32), memory: number(16, 64, 4), passes: number(1, 2), secret: data, associatedData: data }), 20)).map((args) => args as string[])

  await compare(SETUP, [
    ...sample(both('pbkdf2Sync', 'pbkdf2', pbkdf2), 500), ...sample(both('scryptSync', 'scrypt', scrypt), 400), ...sample(both('hkdfSync', 'hkdf', hkdf), 500), ...sample(both('argon2Sync', 'argon2', argon2), 200),
    'promisify(crypto.pbkdf2)("a", "b", 1, 8, "sha1")', 'promisify(crypto.scrypt)("a", "b", 8)', 'crypto.pbkdf2("a", "b", 1, 8, "sha1")', 'crypto.hkdfSync("sha256", crypto.createSecretKey(Buffer.from("k")), "s", "i", 9)',
  ])
})

test('signatures are Node\'s', async () => {
  const options = object({ padding: number(1, 3, 4, 6), saltLength: number(-1, -2, 0, 16, 32), dsaEncoding: fc.constantFrom('"der"', '"ieee-p1363"', '"x"'), context: mostly(fc.constantFrom('Buffer.alloc(3)')) })
  const algorithm = fc.oneof({ weight: 5, arbitrary: digest }, fc.constantFrom('null', 'undefined'))
  const form = (part: string) => fc.tuple(keyName, fc.constantFrom('held', 'spread', 'pem', 'pass'), options, fc.nat(20)).map(([name, kind, more, off]) => off === 0 ? 'undefined' : off === 1 ? '"no key"' : kind === 'held' ? `hold(${name}).${part}` : kind === 'pem' ? `KEYS[${name}].${part}` : kind === 'pass' ? `{ key: KEYS[${name}].${part}, passphrase: "open", ...${more} }` : `{ key: hold(${name}).${part}, ...${more} }`)
  // What is random of a signature is not looked at: only whether it is one.
  const signed = fc.tuple(algorithm, data, keyName, options).map(([name, content, key, more]) => `(() => { const made = crypto.sign(${name}, ${content}, { key: hold(${key}).privateKey, ...${more} }); return [made.length > 8, crypto.verify(${name}, ${content}, { key: hold(${key}).publicKey, ...${more} }, made), ["ed", "ed448"].includes(${key}) && made] })()`)
  const streamed = fc.tuple(digest, fc.array(fc.tuple(data, encoding), { maxLength: 3 }), form('privateKey'), form('publicKey'), encoding).map(([name, pieces, secret, open, as]) => `(() => { const s = crypto.createSign(${name}), v = crypto.createVerify(${name}); for (const of of [s, v]) { ${pieces.map(([piece, of]) => `of.update(${piece}, ${of})`).join(';')} } const made = s.sign(${secret}); return [typeof made, caught(() => v.verify(${open}, made)), caught(() => s.sign(${secret}, ${as}))] })()`)

  await compare(SETUP, [
    ...sample(signed, 600), ...sample(streamed, 500), ...sample(both('verify', 'verify', fc.tuple(algorithm, data, form('publicKey'), data).map((args) => args as string[])), 400),
    ...sample(fc.tuple(algorithm, data, form('privateKey')).map((args) => `later("sign", ${args.join(', ')}).then(([error, made]) => [error, typeof made])`), 200), ...sample(fc.tuple(digest, data).map(([name, content]) => `crypto.createSign(${name}).update(${content}).sign(KEYS.rsa.privateKey, "hex")`), 150),
    ...['"sha256"', 'null'].map((name) => `[crypto.sign("sha256", Buffer.alloc(200_000, "ab"), KEYS.rsa.privateKey), crypto.verify(${name}, Buffer.alloc(${name === 'null' ? 100 : 200_000}, "ab"), hold("ec").publicKey, crypto.sign(${name}, Buffer.alloc(${name === 'null' ? 100 : 200_000}, "ab"), hold("ec").privateKey))]`),
  ])
})

test('what RSA seals is Node\'s', async () => {
  const options = object({ padding: number(1, 3, 4, 5), oaepHash: digest, oaepLabel: data, mgf1Hash: digest, encoding })
  const pair = fc.constantFrom(['publicEncrypt', 'publicKey', 'privateDecrypt', 'privateKey'], ['privateEncrypt', 'privateKey', 'publicDecrypt', 'publicKey'], ['publicEncrypt', 'privateKey', 'privateDecrypt', 'privateKey'])
  const there = fc.tuple(pair, options, data, fc.constantFrom('rsa', 'rsa', 'rsa', 'locked', 'ec', 'pss')).map(([[seal, one, open, other], more, content, key]) => `(() => { const sealed = crypto.${seal}({ key: hold("${key}").${one}, ...${more} }, ${content}); return [sealed.length, crypto.${open}({ key: hold("${key}").${other}, ...${more} }, sealed)] })()`)

  await compare(SETUP, [...sample(there, 500), ...sample(fc.tuple(fc.constantFrom('publicDecrypt', 'privateDecrypt', 'privateEncrypt'), fc.oneof(bytes(128, 128), data)).map(([method, content]) => `crypto.${method}({ key: KEYS.rsa.privateKey, padding: 3 }, ${content})`), 200)])
})

test('keys are Node\'s', async () => {
  const shape = object({ format: mostly(fc.constantFrom('"pem"', '"der"', '"jwk"', '"raw-public"', '"raw-private"', '"raw-seed"', '"buffer"'), 20), type: mostly(fc.constantFrom('"spki"', '"pkcs8"', '"pkcs1"', '"sec1"', '"compressed"'), 20) })
  const exported = fc.tuple(keyName, fc.constantFrom('publicKey', 'privateKey'), shape).map(([name, part, options]) => `hold(${name}).${part}.export(${options})`)
  const back = fc.tuple(keyName, fc.constantFrom('publicKey', 'privateKey'), fc.constantFrom('spki', 'pkcs8', 'pkcs1', 'sec1'), fc.constantFrom('pem', 'der', 'jwk'), fc.constantFrom('createPublicKey', 'createPrivateKey')).map(([name, part, type, format, create]) => `(() => { const held = hold(${name}).${part}; const of = { format: "${format}", type: "${type}" }; const key = crypto.${create}({ ...of, key: held.export(of) }); return [show(key), caught(() => key.equals(held)), key.export({ format: "jwk" })] })()`)
  const jwk = object({ kty: mostly(fc.constantFrom('"RSA"', '"EC"', '"OKP"', '"oct"', '"AKP"', '"X"'), 9), crv: mostly(fc.constantFrom('"P-256"', '"Ed25519"', '"X25519"', '"secp256k1"', '"P-1"'), 9), n: mostly(fc.constantFrom('"sXchDaQebHnPiGvyDOAT"', '"a b"')), e: mostly(fc.constantFrom('"AQAB"')), x: mostly(fc.constantFrom('"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"', '"AQ"')), y: mostly(fc.constantFrom('"AQ"')), d: mostly(fc.constantFrom('"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"')) })
  const made = fc.tuple(fc.constantFrom('createPublicKey', 'createPrivateKey'), fc.oneof(jwk.map((key) => `{ key: ${key}, format: "jwk" }`), fc.tuple(mostly(fc.oneof(keyName.map((name) => `KEYS[${name}].privateKey`), keyName.map((name) => `KEYS[${name}].publicKey`), bytes(0, 40), fc.constant('"-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----"'))), shape, object({ passphrase: mostly(fc.constantFrom('"open"', '"shut"', 'Buffer.from("open")')), encoding })).map(([key, options, more]) => `{ key: ${key}, ...${options}, ...${more} }`), odd)).map(([create, key]) => `(() => { const key = crypto.${create}(${key}); return [show(key), key.export({ format: "jwk" })] })()`)
  const raw = fc.tuple(fc.constantFrom('createPublicKey', 'createPrivateKey'), fc.oneof(bytes(32, 32), bytes(0, 70)), fc.constantFrom('raw-public', 'raw-private', 'raw-seed'), mostly(fc.constantFrom('"ed25519"', '"x25519"', '"ec"', '"ed448"', '"rsa"', '"ml-dsa-44"')), mostly(fc.constantFrom('"P-256"', '"prime256v1"', '"nope"'))).map(([create, key, format, type, curve]) => `(() => { const key = crypto.${create}({ key: ${key}, format: "${format}", asymmetricKeyType: ${type}, namedCurve: ${curve} }); return [show(key), key.export({ format: "jwk" })] })()`)
  const locked = fc.tuple(keyName, object({ format: fc.constantFrom('"pem"', '"der"'), type: fc.constantFrom('"pkcs8"', '"pkcs1"', '"sec1"'), cipher: mostly(fc.constantFrom('"aes-128-cbc"', '"aes-256-cbc"', '"nope"')), passphrase: data })).map(([name, options]) => `(() => { const made = hold(${name}).privateKey.export(${options}); return [typeof made, crypto.createPrivateKey({ ...${options}, key: made }).equals(hold(${name}).privateKey)] })()`)
  const secret = fc.tuple(data, encoding, shape).map(([content, of, options]) => `(() => { const key = crypto.createSecretKey(${content}, ${of}); return [show(key), key.export(${options}), key.equals(crypto.createSecretKey(key.export())), key.equals(hold("ec").publicKey), String(key)] })()`)
  const equal = fc.tuple(keyName, keyName, fc.constantFrom('publicKey', 'privateKey'), fc.constantFrom('publicKey', 'privateKey')).map(([a, b, one, other]) => `hold(${a}).${one}.equals(hold(${b}).${other})`)

  await compare(SETUP, [
    ...sample(exported, 500), ...sample(back, 500), ...sample(made, 700), ...sample(raw, 200), ...sample(locked, 200), ...sample(secret, 200), ...sample(equal, 200), ...Object.keys(KEYS).map((name) => `show(hold("${name}").privateKey)`),
    'new crypto.KeyObject("secret", {})', 'new crypto.KeyObject("x")', 'crypto.KeyObject.from({})', 'Object.getOwnPropertyDescriptor(crypto.KeyObject.prototype, "type").get.call({})', 'hold("ec").publicKey.equals({})', 'crypto.createPublicKey(hold("ec").publicKey)', 'show(crypto.createPublicKey(hold("ec").privateKey))', 'crypto.createPrivateKey(hold("ec").privateKey)', 'hold("rsa").publicKey instanceof crypto.KeyObject',
  ])
})

test('pairs of keys are made as Node makes them', async () => {
  const encodings = object({ publicKeyEncoding: mostly(object({ format: fc.constantFrom('"pem"', '"der"', '"jwk"', '"x"'), type: fc.constantFrom('"spki"', '"pkcs1"', '"pkcs8"') }), 9), privateKeyEncoding: mostly(object({ format: fc.constantFrom('"pem"', '"der"', '"jwk"'), type: fc.constantFrom('"pkcs8"', '"sec1"', '"pkcs1"'), cipher: fc.constantFrom('"aes-128-cbc"', '"nope"', '5'), passphrase: fc.constantFrom('"p"', '7') }), 9) })
  const small = object({ namedCurve: mostly(fc.constantFrom('"P-256"', '"secp384r1"', '"prime256v1"', '"nope"'), 9), paramEncoding: mostly(fc.constantFrom('"named"', '"explicit"'), 9), modulusLength: number(512, 100), divisorLength: number(160), publicExponent: number(3, 65_537), hashAlgorithm: fc.constantFrom('"sha256"', '"nope"'), saltLength: number(16), group: mostly(fc.constantFrom('"modp14"', '"modp1"'), 9), primeLength: number(2), generator: number(2) })
  const type = mostly(fc.constantFrom('"ec"', '"ec"', '"ed25519"', '"x25519"', '"ed448"', '"x448"', '"rsa"', '"rsa-pss"', '"dh"', '"ml-dsa-44"', '"ml-kem-512"', '"nope"'), 20)
  const shapeOf = '(key) => key === undefined ? key : typeof key === "string" ? key.split("\\n")[0] : Buffer.isBuffer(key) ? "DER" : key.kty ? Object.keys(key) : [show(key).slice(0, 3), key.asymmetricKeyDetails]'

  await compare(`${SETUP}\nconst shapeOf = ${shapeOf}`, [
    ...sample(fc.tuple(type, mostly(fc.tuple(small, encodings).map(([a, b]) => `{ ...${a}, ...${b} }`))).map(([name, options]) => `(() => { const { publicKey, privateKey } = crypto.generateKeyPairSync(${name}, ${options}); return [shapeOf(publicKey), shapeOf(privateKey)] })()`), 350),
    ...sample(fc.tuple(type, fc.tuple(small, encodings).map(([a, b]) => `{ ...${a}, ...${b} }`)).map(([name, options]) => `later("generateKeyPair", ${name}, ${options}).then(([error, publicKey, privateKey]) => [error, shapeOf(publicKey), shapeOf(privateKey)])`), 150),
    ...sample(fc.tuple(mostly(fc.constantFrom('"hmac"', '"aes"', '"x"'), 9), mostly(object({ length: number(64, 128, 256, 7) }), 9)).map((args) => `show(crypto.generateKeySync(${args.join(', ')}))`), 100),
    'promisify(crypto.generateKeyPair)("ed25519").then(({ publicKey, privateKey }) => [show(publicKey), show(privateKey)])', 'later("generateKey", "hmac", { length: 64 }).then(([error, key]) => [error, show(key)])',
  ])
})

test('secrets that are agreed on are Node\'s', async () => {
  const pair = fc.tuple(keyName, keyName, fc.constantFrom('publicKey', 'privateKey'), fc.constantFrom('publicKey', 'privateKey')).map(([a, b, one, other]) => [`{ privateKey: hold(${a}).${one}, publicKey: hold(${b}).${other} }`])
  const curve = mostly(fc.constantFrom('"prime256v1"', '"secp256k1"', '"P-384"', '"nope"', '"x25519"'), 20)
  const secret = fc.oneof(bytes(32, 32), bytes(0, 40))
  const ecdh = fc.tuple(curve, secret, fc.oneof({ weight: 3, arbitrary: fc.constant('KEYS.point') }, data), encoding, fc.constantFrom('"compressed"', '"hybrid"', 'undefined', '"x"'), encoding).map(([name, key, other, of, form, as]) => `(() => { const e = crypto.createECDH(${name}); return [caught(() => e.setPrivateKey(${key}) === e), caught(() => e.getPublicKey(${as}, ${form})), caught(() => e.getPrivateKey(${as})), caught(() => e.computeSecret(${other}, ${of}, ${as})), caught(() => crypto.ECDH.convertKey(${other}, ${name}, ${of}, ${as}, ${form}))] })()`)
  const group = fc.tuple(fc.constantFrom('getDiffieHellman("modp5")', 'createDiffieHellmanGroup("modp2")', 'createDiffieHellman(KEYS.prime)', 'createDiffieHellman(KEYS.prime, "hex")', 'createDiffieHellman(KEYS.prime, "hex", 5)', 'createDiffieHellman(KEYS.prime, "hex", Buffer.from([5]))', 'getDiffieHellman("nope")', 'createDiffieHellman(Buffer.from([7]))', 'createDiffieHellman(1)', 'createDiffieHellman(Buffer.from([23]), -1)'), secret, secret, encoding).map(([begun, key, other, as]) => `(() => { const d = crypto.${begun}; return [d.verifyError, caught(() => d.getPrime(${as})), caught(() => d.getGenerator("hex")), caught(() => d.setPrivateKey(${key}) === d), caught(() => d.getPrivateKey(${as})), caught(() => d.getPublicKey(${as})), caught(() => d.computeSecret(${other}, null, ${as})), caught(() => d.setPublicKey(${other}) === d), caught(() => d.generateKeys().length > 0)] })()`)
  const setup = `${SETUP}\nKEYS.point = hold("ec").publicKey.export({ format: "raw-public" }); KEYS.prime = crypto.getDiffieHellman("modp1").getPrime("hex")`

  await compare(setup, [
    ...sample(both('diffieHellman', 'diffieHellman', pair), 200), ...sample(ecdh, 300), ...sample(group, 40), ...sample(call('crypto.diffieHellman', odd), 10), ...sample(call('crypto.createDiffieHellman', odd.filter((value) => !value.includes('40')), odd), 40), ...sample(call('crypto.createECDH', odd), 20),
    '(() => { const a = crypto.createECDH("secp256k1"), b = crypto.createECDH("secp256k1"); const at = a.generateKeys("hex", "compressed"), bt = b.generateKeys(); return [at.length, bt.length, a.computeSecret(bt, null, "hex") === b.computeSecret(at, "hex", "hex"), crypto.ECDH.convertKey(at, "secp256k1", "hex", "hex", "uncompressed") === a.getPublicKey("hex")] })()',
    '(() => { const a = crypto.getDiffieHellman("modp14"), b = crypto.createDiffieHellmanGroup("modp14"); a.generateKeys(); b.generateKeys(); return a.computeSecret(b.getPublicKey(), null, "hex") === b.computeSecret(a.getPublicKey("base64"), "base64", "hex") })()',
    '(() => { const { publicKey, privateKey } = crypto.generateKeyPairSync("ml-kem-512"); const { sharedKey, ciphertext } = crypto.encapsulate(publicKey); return [sharedKey.length, ciphertext.length, crypto.decapsulate(privateKey, ciphertext).equals(sharedKey)] })()', 'crypto.encapsulate(hold("ed").publicKey)', 'crypto.decapsulate(hold("x").privateKey, Buffer.alloc(3))',
  ])
})

test('primes, spkacs, streams and names are Node\'s', async () => {
  const candidate = fc.oneof(fc.bigInt(0n, 1n << 80n).map((n) => `${n}n`), bytes(0, 20), fc.constantFrom('new ArrayBuffer(2)', '-3n', '2n', '3n', '(1n << 521n) - 1n'), odd.filter((value) => !value.endsWith('n')))
  const prime = fc.tuple(number(1, 2, 3, 16, 64, 0, -1), mostly(object({ safe: fc.constantFrom('true', 'false', '1'), bigint: fc.constantFrom('true', 'false'), add: mostly(fc.constantFrom('4n', '(1n << 70n)', 'Buffer.from([12])')), rem: mostly(fc.constantFrom('3n', 'Buffer.from([11])')) }), 9)).filter(([, options]) => !/rem|add/.test(options)).map(([size, options]) => `(() => { const p = crypto.generatePrimeSync(${size}, ${options}); return typeof p === "bigint" ? crypto.checkPrimeSync(p) : [p.byteLength, crypto.checkPrimeSync(p)] })()`)
  const streams = fc.tuple(bytes(0, 40), fc.constantFrom('createCipheriv("aes-128-cbc", Buffer.alloc(16), Buffer.alloc(16))', 'createDecipheriv("aes-128-cbc", Buffer.alloc(16), Buffer.alloc(16))', 'createCipheriv("aes-128-gcm", Buffer.alloc(16), Buffer.alloc(12))', 'createHash("sha1")', 'createHmac("md5", "k")', 'createCipheriv("aes-256-ctr", Buffer.alloc(32), Buffer.alloc(16), { highWaterMark: 3 })')).map(([content, begun]) => `new Promise((resolve) => { const s = crypto.${begun}; const parts = []; s.on("data", (part) => parts.push(part)).on("end", () => resolve(Buffer.concat(parts))).on("error", (error) => resolve([error.name, error.code, error.message])); s.write(${content}); s.end("end") })`)

  await compare(SETUP, [
    ...sample(both('checkPrimeSync', 'checkPrime', fc.tuple(candidate, mostly(object({ checks: number(0, 5) }))).map((args) => args as string[])), 300), ...sample(prime, 150), ...sample(streams, 200), ...sample(fc.tuple(fc.constantFrom('verifySpkac', 'exportPublicKey', 'exportChallenge'), data).map(([method, content]) => `crypto.Certificate.${method}(${content})`), 60),
    'Object.keys(crypto)', 'Object.getOwnPropertyNames(crypto).sort()', 'crypto.getFips()', 'crypto.setEngine("x")', 'crypto.constants.defaultCipherList', 'Object.entries(crypto).map(([name, value]) => [name, typeof value, value?.length, value?.name]).filter(([name]) => !["webcrypto", "subtle", "getRandomValues", "X509Certificate", "timingSafeEqual"].includes(name))',
    ...['Sign', 'Verify', 'Cipheriv', 'Decipheriv', 'ECDH', 'DiffieHellman', 'DiffieHellmanGroup', 'KeyObject', 'Certificate', 'Hash', 'Hmac'].map((name) => `[Object.getOwnPropertyNames(crypto.${name}).sort(), Object.getOwnPropertyNames(crypto.${name}.prototype).sort()]`), 'crypto.prng === crypto.randomBytes', 'crypto.generatePrimeSync(64, { add: 12n, rem: 11n, bigint: true }) % 12n', 'later("generatePrime", 32).then(([error, p]) => [error, p.byteLength])',
  ])
})
