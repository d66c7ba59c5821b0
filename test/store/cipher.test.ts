import assert from 'node:assert/strict'
import { createCipheriv, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { EncryptionKeys } from '../../src/core/encryption-keys.ts'
import { buildCipher } from '../../src/store/cipher.ts'

const PLACE = ['secret', 'acme', 'TOKEN']
const [OLD, NEW, OTHER] = [{ id: '2025', key: randomBytes(32) }, { id: '2026', key: randomBytes(32) }, { id: '2025', key: randomBytes(32) }]
const plain = Buffer.from('hunter2')

test('what was encrypted is decrypted in its place, and is another text each time', () => {
  const cipher = buildCipher([OLD])

  const [first, second] = [cipher.seal(plain, PLACE), cipher.seal(plain, PLACE)]

  assert.deepEqual(cipher.open(first, PLACE), plain)
  assert.notDeepEqual(first, second)
  assert.ok(!first.includes(plain))
})

test('no two values have the same nonce under the same key, and each process encrypts with a key of its own', () => {
  const ciphers = [buildCipher([OLD]), buildCipher([OLD])]
  const [saltAt, nonceAt] = [2 + OLD.id.length, 2 + OLD.id.length + 16]

  const values = ciphers.map((cipher) => Array.from({ length: 5000 }, () => cipher.seal(plain, PLACE)))

  assert.equal(new Set(values.flat().map((value) => value.toString('hex', nonceAt, nonceAt + 12))).size, 10_000)
  assert.deepEqual(values.map((each) => new Set(each.map((value) => value.toString('hex', saltAt, nonceAt))).size), [1, 1])
  assert.notEqual(values[0]?.[0]?.toString('hex', saltAt, nonceAt), values[1]?.[0]?.toString('hex', saltAt, nonceAt))
  assert.deepEqual(ciphers[0]?.open(values[1]?.[4999] ?? Buffer.of(), PLACE), plain)
})

test('what the version before encrypted is decrypted: with the key itself, in format 3', () => {
  const nonce = randomBytes(12)
  const before = createCipheriv('aes-256-gcm', OLD.key, nonce).setAAD(Buffer.from('6:secret4:acme5:TOKEN'))
  const body = Buffer.concat([before.update(plain), before.final()])
  const value = Buffer.concat([Buffer.of(3, OLD.id.length), Buffer.from(OLD.id), nonce, before.getAuthTag(), body])

  assert.deepEqual(buildCipher([NEW, OLD]).open(value, PLACE), plain)
  assert.throws(() => buildCipher([OLD]).open(Buffer.concat([Buffer.of(4), value.subarray(1)]), PLACE), { code: 'UNAVAILABLE' })
})

test('keys are changed one by one: the first encrypts, all decrypt', () => {
  const before = buildCipher([OLD]).seal(plain, PLACE)
  const between = buildCipher([NEW, OLD])
  const after = between.seal(plain, PLACE)

  assert.deepEqual([between.open(before, PLACE), buildCipher([OLD, NEW]).open(after, PLACE), buildCipher([NEW]).open(after, PLACE)], [plain, plain, plain])
  assert.throws(() => buildCipher([NEW]).open(before, PLACE), { code: 'UNAVAILABLE', message: 'Cannot decrypt: the value was encrypted with key "2025", which is not in BATCHBOX_ENCRYPTION_KEYS' })
})

test('another key of the same name, another place and a change of any byte are errors, never garbage', () => {
  const cipher = buildCipher([OLD])
  const sealed = cipher.seal(plain, PLACE)
  const wrong = { code: 'UNAVAILABLE', message: /^Cannot decrypt/ }

  assert.throws(() => buildCipher([OTHER]).open(sealed, PLACE), { code: 'UNAVAILABLE', message: 'Cannot decrypt: key "2025" of BATCHBOX_ENCRYPTION_KEYS is another one than the value was encrypted with, or the value was changed' })
  for (const place of [['secret', 'other', 'TOKEN'], ['secret', 'acme', 'OTHER'], ['secret', 'acmeT', 'OKEN'], ['secret']]) assert.throws(() => cipher.open(sealed, place), wrong)
  for (const at of sealed.keys()) {
    const changed = Buffer.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.throws(() => cipher.open(changed, PLACE), wrong, `byte ${at}`)
  }
  for (const length of sealed.keys()) assert.throws(() => cipher.open(sealed.subarray(0, length), PLACE), wrong, `${length} bytes`)
})

test('without a key nothing is encrypted, and the error says what to set', () => {
  assert.throws(() => buildCipher([]).seal(plain, PLACE), { code: 'UNAVAILABLE', message: /set BATCHBOX_ENCRYPTION_KEYS to id=base64 of 32 bytes/ })
})

test('keys are read from a list, and what is wrong with it is told without any of it', () => {
  const key = OLD.key.toString('base64')

  assert.deepEqual(EncryptionKeys.parse(`2025=${key}, b=${NEW.key.toString('base64')}`), [OLD, { id: 'b', key: NEW.key }])
  assert.deepEqual(EncryptionKeys.parse(''), [])
  const wrong: [text: string, message: RegExp][] = [[`a=${key},b=${key.slice(4)}`, /entry 2 is not that/], [key, /entry 1/], [`=${key}`, /entry 1/], [`a b=${key}`, /entry 1/], [`a=${key},a=${key}`, /each id once/]]
  for (const [text, message] of wrong) {
    const { error } = EncryptionKeys.safeParse(text)
    assert.match(error?.message ?? '', message)
    assert.ok(!JSON.stringify(error).includes(key.slice(4, 20)))
  }
})
