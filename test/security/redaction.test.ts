import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allMessages, startEngine } from '../helpers/engine.ts'

// What code does that has a secret and would have it be read: in everything that a run leaves, in every usual form, and across each place where a text is cut.

const VALUES: Record<string, string> = { TOKEN: 'hunter2-is-my-password', PIN: '1234', PEM: '-----BEGIN KEY-----\nMIIEvQ\'"\\IBADA\n-----END KEY-----\n' }
const { run } = await startEngine({ settings: { services: { secrets: { read: async (_tenant, name) => VALUES[name] } } } })
const options = { tools: ['secrets', 'echo'], secrets: Object.keys(VALUES) }

async function leave (body: string, name: string): Promise<string> {
  const record = await run(`export default async (name, context) => { const value = await secrets.get(name); ${body} }`, { ...options, input: name })
  return [JSON.stringify(record.report), ...allMessages(record), ...record.progress.map(({ message }) => message)].join('\n')
}

/** Code that has `value` and `name`. */
const LEAKS: [what: string, code: string][] = [
  ['the result', 'return { value, list: [value + "!", { [value]: 1 }], json: JSON.stringify({ value }) }'],
  ['a log line', 'console.log("got", value); console.error({ value, nested: [value] }); console.table([{ value }])'],
  ['a log line that was cut', 'console.log("x".repeat(32_768 - 10) + value); console.log({ a: "y".repeat(9990) + value })'],
  ['progress', 'context.progress(0.5, "y".repeat(1015) + value); await new Promise((resolve) => setTimeout(resolve, 150)); context.progress(1, value)'],
  ['an error', 'throw new Error("refused: " + value)'],
  ['an error that was cut', 'throw new Error("z".repeat(8192 - 16) + value)'],
  ['the name and the stack of an error', 'const error = new Error("no"); error.name = value; error.stack = "at " + value; throw error'],
  ['what is thrown that is no error', 'throw value'],
  ['a rejection that nobody handles', 'Promise.reject(new TypeError(value)); await new Promise(() => {})'],
  ['URLs and JSON within JSON', 'console.log(encodeURIComponent(value), JSON.stringify(JSON.stringify({ value })))'],
]
for (const [what, body] of LEAKS) {
  test(`${what} has the name of a secret instead of it`, async () => {
    for (const name of Object.keys(VALUES)) {
      const left = await leave(body, name)

      assert.deepEqual(partsOf(VALUES[name] ?? '').filter((part) => left.includes(part)), [], left.slice(0, 3000))
      assert.match(left, new RegExp(`\\[secret ${name}\\]`), left.slice(0, 3000))
    }
  })
}

const ENCODE = 'const toBase64 = (text) => { const abc = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"; let out = ""; for (let i = 0; i < text.length; i += 3) { const bits = [0, 1, 2].reduce((sum, at) => sum * 256 + (text.charCodeAt(i + at) || 0), 0); for (let at = 3; at >= 0; at--) out += abc[Math.floor(bits / 64 ** at) % 64]; } return out }; '
/** Forms in which it is written, whose every piece of this many characters is to be gone. */
const FORMS: [form: string, code: string, encode: (value: string) => string][] = [
  ['base64', 'toBase64(value)', (value) => Buffer.from(value).toString('base64')],
  ['base64 after one byte', 'toBase64("x" + value)', (value) => Buffer.from(`x${value}`).toString('base64').slice(2)],
  ['base64 after two bytes', 'toBase64("xy" + value)', (value) => Buffer.from(`xy${value}`).toString('base64').slice(3)],
  ['base64url without padding', 'toBase64(value).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")', (value) => Buffer.from(value).toString('base64url')],
  ['a URL', 'encodeURIComponent(value)', encodeURIComponent],
  ['a URL of small digits', 'encodeURIComponent(value).replaceAll(/%../g, (digits) => digits.toLowerCase())', (value) => encodeURIComponent(value).toLowerCase()],
  ['hexadecimal digits', 'Array.from(value, (char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join("")', (value) => Buffer.from(value).toString('hex')],
]
for (const [form, code, encode] of FORMS) {
  test(`a secret in ${form} is gone from results, logs and errors`, async () => {
    for (const name of ['TOKEN', 'PEM']) {
      const left = await leave(`${ENCODE} const text = ${code}; console.log(text, [text]); context.progress(1, text); throw Object.assign(new Error(text), { name: "E" + text })`, name)

      const encoded = encode(VALUES[name] ?? '').replace(/.?.?=*$/, '')
      assert.deepEqual(Array.from({ length: encoded.length - 6 }, (_, at) => encoded.slice(at, at + 7)).filter((part) => left.includes(part) && part.length === 7), [], left)
      assert.match(left, new RegExp(`\\[secret ${name}\\]`))
    }
  })
}

/** What nobody can keep code from: docs/tools/secrets.md says so, and this that it is still true. */
const BEYOND: [what: string, code: string, left: string][] = [
  ['a piece of it', 'return value.slice(0, 12)', '"hunter2-is-m"'],
  ['its characters one by one', 'return [...value.slice(0, 3)]', '["h","u","n"]'],
  ['it backwards', 'return [...value].reverse().join("")', '"drowssap-ym-si-2retnuh"'],
  ['an encoding of its own', 'return value.replaceAll("-", "_")', '"hunter2_is_my_password"'],
  ['how long it is', 'return value.length', '22'],
]
for (const [what, code, left] of BEYOND) {
  test(`${what} is not recognized`, async () => {
    const { report: { outcome } } = await run(`export default async () => { const value = await secrets.get("TOKEN"); ${code} }`, options)

    assert.equal(outcome.type === 'succeeded' && outcome.result, left)
  })
}

test('code that floods its log with what nearly is its secret harms nobody but itself', async () => {
  VALUES['FLOOD'] = `${'a'.repeat(60_000)}b`
  const flood = run('export default async () => { const value = await secrets.get("FLOOD"); for (let i = 0; i < 100; i += 1) console.log(value.slice(0, 30_000)); return value.slice(0, -1).repeat(10) }', { ...options, secrets: ['FLOOD'] })
  const other = run('export default () => echo.say("I am here")', { ...options, tenant: 'other' })

  const [flooded, { report, tookMs }] = await Promise.all([flood, other])

  assert.equal(report.outcome.type === 'succeeded' && report.outcome.result, '"I am here"')
  assert.ok(tookMs < 30_000, `${tookMs} ms`)
  assert.equal(flooded.report.outcome.type === 'succeeded' && flooded.report.outcome.result, '"[withheld: too much of it is like secret FLOOD]"')
})

/** Pieces of a value, of five characters and more, in plain and as JSON has them; or all of a short one. */
function partsOf (value: string): string[] {
  return [value, JSON.stringify(value).slice(1, -1)].flatMap((text) => (
    text.length <= 5 ? [`"${text}`, `${text}!`, ` ${text}`] : Array.from({ length: text.length - 6 }, (_, at) => text.slice(at, at + 7)).filter((part) => !part.includes('-----'))
  ))
}
