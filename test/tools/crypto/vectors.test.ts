import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCrypto, type Program } from './sandbox.ts'

const { inside } = await startCrypto()

/** Known answers: where they are published, how they are computed, what must come out. */
const VECTORS: [source: string, expected: unknown, program: Program][] = [
  ['SHA-1 of "abc", FIPS 180-4 example', 'a9993e364706816aba3e25717850c26c9cd0d89d', async ({ hex, text }) => hex(await crypto.subtle.digest('SHA-1', text('abc')))],
  ['SHA-256 of "abc", FIPS 180-4 example', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    async ({ hex, text }) => hex(await crypto.subtle.digest('SHA-256', text('abc')))],
  ['SHA-384 of "abc", FIPS 180-4 example', 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
    async ({ hex, text }) => hex(await crypto.subtle.digest('SHA-384', text('abc')))],
  ['SHA-512 of nothing, FIPS 180-4', 'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
    async ({ hex, text }) => hex(await crypto.subtle.digest('SHA-512', text('')))],
  ['HMAC-SHA-256, RFC 4231 test case 2', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843', async ({ hex, text }) => {
    const key = await crypto.subtle.importKey('raw', text('Jefe'), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    return hex(await crypto.subtle.sign('HMAC', key, text('what do ya want for nothing?')))
  }],
  ['HMAC-SHA-512, RFC 4231 test case 1', '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
    async ({ hex, text, bytes }) => {
      const key = await crypto.subtle.importKey('raw', bytes('0b'.repeat(20)), { name: 'HMAC', hash: 'SHA-512' }, false, ['sign'])
      return hex(await crypto.subtle.sign('HMAC', key, text('Hi There')))
    }],
  ['AES-128-CBC, NIST SP 800-38A F.2.1, first two blocks', ['7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2', true], async ({ hex, bytes }) => {
    const key = await crypto.subtle.importKey('raw', bytes('2b7e151628aed2a6abf7158809cf4f3c'), 'AES-CBC', false, ['encrypt', 'decrypt'])
    const algorithm = { name: 'AES-CBC', iv: bytes('000102030405060708090a0b0c0d0e0f') }
    const plain = '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51'
    const sealed = await crypto.subtle.encrypt(algorithm, key, bytes(plain))
    return [hex(sealed).slice(0, 64), hex(await crypto.subtle.decrypt(algorithm, key, sealed)) === plain] // a block of padding follows
  }],
  ['AES-128-CTR, NIST SP 800-38A F.5.1, first block', '874d6191b620e3261bef6864990db6ce', async ({ hex, bytes }) => {
    const key = await crypto.subtle.importKey('raw', bytes('2b7e151628aed2a6abf7158809cf4f3c'), 'AES-CTR', false, ['encrypt'])
    return hex(await crypto.subtle.encrypt({ name: 'AES-CTR', counter: bytes('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'), length: 64 }, key, bytes('6bc1bee22e409f96e93d7e117393172a')))
  }],
  ['AES-128-GCM, McGrew and Viega test case 4', '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47',
    async ({ hex, bytes }) => {
      const key = await crypto.subtle.importKey('raw', bytes('feffe9928665731c6d6a8f9467308308'), 'AES-GCM', false, ['encrypt'])
      const algorithm = { name: 'AES-GCM', iv: bytes('cafebabefacedbaddecaf888'), additionalData: bytes('feedfacedeadbeeffeedfacedeadbeefabaddad2'), tagLength: 128 }
      const plain = 'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39'
      return hex(await crypto.subtle.encrypt(algorithm, key, bytes(plain)))
    }],
  ['AES key wrap of 128 bits with 128 bits, RFC 3394 section 4.1', ['1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5', '00112233445566778899aabbccddeeff'], async ({ hex, bytes }) => {
    const wrapping = await crypto.subtle.importKey('raw', bytes('000102030405060708090a0b0c0d0e0f'), 'AES-KW', false, ['wrapKey', 'unwrapKey'])
    const key = await crypto.subtle.importKey('raw', bytes('00112233445566778899aabbccddeeff'), 'AES-CBC', true, ['encrypt'])
    const wrapped = await crypto.subtle.wrapKey('raw', key, wrapping, 'AES-KW')
    const unwrapped = await crypto.subtle.unwrapKey('raw', wrapped, wrapping, 'AES-KW', 'AES-GCM', true, ['decrypt'])
    return [hex(wrapped), hex(await crypto.subtle.exportKey('raw', unwrapped))]
  }],
  ['HKDF-SHA-256, RFC 5869 A.1', '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865', async ({ hex, bytes }) => {
    const key = await crypto.subtle.importKey('raw', bytes('0b'.repeat(22)), 'HKDF', false, ['deriveBits'])
    const algorithm = { name: 'HKDF', hash: 'SHA-256', salt: bytes('000102030405060708090a0b0c'), info: bytes('f0f1f2f3f4f5f6f7f8f9') }
    return hex(await crypto.subtle.deriveBits(algorithm, key, 42 * 8))
  }],
  ['PBKDF2-SHA-1 of 4096 rounds, RFC 6070', '4b007901b765489abead49d926f721d065a429c1', async ({ hex, text }) => {
    const key = await crypto.subtle.importKey('raw', text('password'), 'PBKDF2', false, ['deriveBits'])
    return hex(await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-1', salt: text('salt'), iterations: 4096 }, key, 160))
  }],
  ['PBKDF2-SHA-256 of 80,000 rounds, RFC 7914 section 11', '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d',
    async ({ hex, text }) => {
      const key = await crypto.subtle.importKey('raw', text('Password'), 'PBKDF2', false, ['deriveBits'])
      return hex(await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt: text('NaCl'), iterations: 80_000 }, key, 512))
    }],
  ['X25519, RFC 7748 section 6.1', '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742', async ({ hex, bytes }) => {
    const secret = bytes('302e020100300506032b656e0422042077076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a') // PKCS #8 of RFC 8410
    const alice = await crypto.subtle.importKey('pkcs8', secret, 'X25519', false, ['deriveBits'])
    const bob = await crypto.subtle.importKey('raw', bytes('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f'), 'X25519', false, [])
    return hex(await crypto.subtle.deriveBits({ name: 'X25519', public: bob }, alice, 256))
  }],
  ['Ed25519, RFC 8032 section 7.1 test 2', ['92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00', true],
    async ({ hex, bytes }) => {
      const secret = bytes('302e020100300506032b6570042204204ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')
      const own = await crypto.subtle.importKey('pkcs8', secret, 'Ed25519', false, ['sign'])
      const open = await crypto.subtle.importKey('raw', bytes('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'), 'Ed25519', false, ['verify'])
      const signature = await crypto.subtle.sign('Ed25519', own, bytes('72'))
      return [hex(signature), await crypto.subtle.verify('Ed25519', open, signature, bytes('72'))]
    }],
  ['ECDSA P-256 with SHA-256 of "sample", RFC 6979 A.2.5', [true, false], async ({ bytes, text }) => {
    const point = '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299'
    const key = await crypto.subtle.importKey('raw', bytes(point), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
    const signature = bytes('efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8')
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
    return [await crypto.subtle.verify(algorithm, key, signature, text('sample')), await crypto.subtle.verify(algorithm, key, signature, text('samplf'))]
  }],
  ['ECDH P-256, RFC 5903 section 8.1', 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de', async ({ hex, bytes }) => {
    const pkcs8 = '308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433a14403420004dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3'
    const own = await crypto.subtle.importKey('pkcs8', bytes(pkcs8), { name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits'])
    const peer = await crypto.subtle.importKey('raw', bytes('04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab'), { name: 'ECDH', namedCurve: 'P-256' }, false, [])
    return hex(await crypto.subtle.deriveBits({ name: 'ECDH', public: peer }, own, 256))
  }],
]

for (const [source, expected, program] of VECTORS) {
  test(source, async () => {
    assert.deepEqual(await inside(program), expected)
  })
}
