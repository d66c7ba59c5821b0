import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as assertProperty, property, string, nat, array, record, jsonValue } from 'fast-check'
import { Concealer } from '../../src/engine/concealer.ts'

const VALUES: Record<string, string> = {
  plain: 'hunter2-is-my-password',
  odd: 'pä$$ w"ör\'d/\\ +&=%\n🚀(!)*~',
  token: 'sk_live_51H8x+/Zq9==',
  pin: '1234',
  pem: '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n',
}

function conceal (values: Record<string, string> = VALUES): Concealer {
  const concealer = new Concealer()
  for (const [name, value] of Object.entries(values)) concealer.add(name, value)
  return concealer
}

const base64 = (text: string, encoding: BufferEncoding = 'base64') => Buffer.from(text).toString(encoding)
/** How a secret is written, and what is left, as a regular expression: LABEL stands for its name. */
const WAYS: [way: string, write: (value: string) => string, left: string][] = [
  ['as it is', (value) => `<${value}>`, '<LABEL>'],
  ['twice', (value) => `${value}${value}`, 'LABELLABEL'],
  ['in JSON', (value) => JSON.stringify({ value }), '\\{"value":"LABEL"\\}'],
  ['in JSON within JSON', (value) => JSON.stringify(JSON.stringify([value])), String.raw`"\[\\"LABEL\\"\]"`],
  ['in JSON of ASCII alone', (value) => JSON.stringify(value).replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`), '"LABEL"'],
  ['in a URL', (value) => `https://x.test/?key=${encodeURIComponent(value)}&more`, 'https://x\\.test/\\?key=LABEL&more'],
  ['in a URL with small digits', (value) => encodeURIComponent(value).replaceAll(/%[0-9A-F]{2}/g, (each) => each.toLowerCase()), 'LABEL'],
  ['in a URL, with all that RFC 3986 reserves', (value) => encodeURIComponent(value).replaceAll(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`), 'LABEL'],
  ['in a form', (value) => new URLSearchParams({ key: value, a: 'b' }).toString(), 'key=LABEL&a=b'],
  ['in base64', (value) => base64(value), 'LABEL=*'],
  ['in base64 without padding', (value) => base64(value).replaceAll('=', ''), 'LABEL'],
  ['in base64 after one byte', (value) => base64(`u${value}`), 'dLABEL=*'],
  ['in base64 after two bytes', (value) => base64(`us${value}`), 'dXLABEL=*'],
  ['in base64 before and after others', (value) => base64(`us${value}er`), 'dXLABEL\\w{1,3}=*'],
  ['in base64 of a header', (value) => `Basic ${base64(`user:${value}`)}`, 'Basic dXNlcjLABEL=*'],
  ['in base64url', (value) => base64(`ab${value}?`, 'base64url'), 'YWLABEL[\\w-]{1,2}'],
  ['in base64 in a URL', (value) => `?key=${encodeURIComponent(base64(value))}`, '\\?key=LABEL(%3D)*'],
  ['in base64 before and after others in a URL', (value) => encodeURIComponent(base64(`us${value}?`)), 'dXLABEL[\\w%]{0,12}'],
  ['in hexadecimal digits', (value) => base64(value, 'hex'), 'LABEL'],
  ['as the digits of bytes', (value) => `<Buffer ${base64(value, 'hex').replaceAll(/..(?!$)/g, '$& ')}>`, '<Buffer LABEL>'],
  ['as a Buffer in JSON', (value) => JSON.stringify(Buffer.from(value)), '\\{"type":"Buffer","data":\\[LABEL\\]\\}'],
  ['as a list of bytes', (value) => `[ ${[...Buffer.from(value)].join(', ')} ]`, '\\[ LABEL \\]'],
  ['in capital hexadecimal digits', (value) => base64(value, 'hex').toUpperCase(), 'LABEL'],
]
for (const [way, write, left] of WAYS) {
  test(`a secret ${way} is concealed, and nothing around it is`, () => {
    for (const [name, value] of Object.entries(VALUES)) {
      const concealed = conceal({ [name]: value }).text(write(value))

      assert.match(concealed, new RegExp(`^${left.replaceAll('LABEL', `\\[secret ${name}\\]`)}$`), name)
    }
  })
}

test('what the guest has cut is concealed up to the cut', () => {
  const concealer = conceal()

  assert.equal(concealer.text('Error: hunter2-is…'), 'Error: [secret plain]…')
  assert.equal(concealer.text(`'aaa hunter2-is-my-pass… 400 more characters'`), `'aaa [secret plain]… 400 more characters'`)
  assert.equal(concealer.text('hunt… and hunter2-is-my-password'), '[secret plain]… and [secret plain]')
  assert.equal(concealer.text('hun… hunter2, which is not all of it'), 'hun… hunter2, which is not all of it')
})

test('of secrets that begin alike the longest is found, and of two that meet each', () => {
  const concealer = conceal({ short: 'abcd', long: 'abcdefgh', other: 'efgh' })

  assert.equal(concealer.text('abcdefgh abcdefg abcdabcdefgh efgh'), '[secret long] [secret short]efg [secret short][secret long] [secret other]')
})

test('three characters are left alone, and a text that has no secret is the same text', () => {
  const concealer = conceal({ tiny: 'abc', ...VALUES })

  assert.equal(concealer.text('abc'), 'abc')
  assert.equal(concealer.text('nothing here'), 'nothing here')
  assert.equal(new Concealer().json('{"a":1}'), '{"a":1}')
})

test('JSON stays JSON: in names, in texts with escapes, and in numbers', () => {
  const concealer = conceal()
  const value = { [VALUES['odd'] ?? '']: [VALUES['odd'], JSON.stringify(VALUES)], pin: 1234, around: -5_123_467, fine: [1.5e-7, true, null, '12 34', 'a"b\\'], text: '1234' }

  const concealed = JSON.parse(concealer.json(JSON.stringify(value)))

  assert.deepEqual(concealed, {
    '[secret odd]': ['[secret odd]', JSON.stringify({ plain: '[secret plain]', odd: '[secret odd]', token: '[secret token]', pin: '[secret pin]', pem: '[secret pem]' })],
    pin: '[secret pin]', around: '-5[secret pin]67', fine: [1.5e-7, true, null, '12 34', 'a"b\\'], text: '[secret pin]',
  })
})

test('whatever the JSON and the secret, no text in it has the secret afterwards, and without it nothing changes', () => {
  assertProperty(property(string({ minLength: 4, maxLength: 12, unit: 'grapheme' }), jsonValue(), array(record({ before: string(), after: string() }), { maxLength: 3 }), (secret, other, around) => {
    const concealer = conceal({ s: secret })
    const json = JSON.stringify({ other, texts: around.map(({ before, after }) => `${before}${secret}${after}`) })

    const { texts } = JSON.parse(concealer.json(json)) as { texts: string[] }

    assert.ok(texts.every((text) => !text.replaceAll('[secret s]', '').includes(secret) && text.includes('[secret s]')))
  }), { numRuns: 300 })
  assertProperty(property(jsonValue(), nat(), (value, number) => {
    const json = JSON.stringify([value, number])
    assert.equal(conceal({ s: 'a text that is in none of them' }).json(json), json)
  }), { numRuns: 300 })
})

test('what a tool threw is concealed for the operator too, with its causes', () => {
  const failure = Object.assign(new TypeError('Cannot fetch https://x.test/?key=1234', { cause: new Error('hunter2-is-my-password') }), { name: 'FetchError' })

  const concealed = conceal().error(failure)

  assert.ok(concealed instanceof Error && concealed.cause instanceof Error)
  assert.deepEqual([concealed.name, concealed.message, concealed.cause.message], ['FetchError', 'Cannot fetch https://x.test/?key=[secret pin]', '[secret plain]'])
  assert.match(concealed.stack ?? '', /^FetchError: Cannot fetch .*key=\[secret pin\]\n {4}at /)
  assert.equal(conceal().error('1234'), '[secret pin]')
  assert.equal(new Concealer().error(failure), failure)
})

test('a run without secrets keeps nothing to find them by', () => {
  const before = process.memoryUsage().arrayBuffers

  const concealers = Array.from({ length: 1000 }, () => new Concealer())

  assert.ok(concealers.every(({ isEmpty }) => isEmpty))
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000)
})

test('what is no JSON is concealed all the same', () => {
  const concealer = conceal()

  assert.equal(concealer.json('{"a": "hunter2-is-my-password'), '{"a": "[secret plain]')
  assert.equal(concealer.json('"\\x hunter2-is-my-password"'), '"\\\\x [secret plain]"')
})

test('a text that nearly is the secret, again and again, is withheld in time that grows with its length alone', () => {
  const concealer = conceal({ same: `${'a'.repeat(60_000)}b` })
  const text = 'a'.repeat(1_000_000)
  const start = process.cpuUsage()

  const concealed = concealer.text(text)

  const { user } = process.cpuUsage(start)
  assert.equal(concealed, '[withheld: too much of it is like secret same]')
  assert.ok(user < 2_000_000, `${user} µs`)
})
