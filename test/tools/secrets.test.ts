import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JobError } from '../../src/core/failures.ts'
import { startEngine } from '../helpers/engine.ts'

const VALUES: Record<string, string> = { TOKEN: 'hunter2-is-my-password', PIN: '1234', PEM: '-----BEGIN KEY-----\nMIIEvQ\'"\\IBADA\n-----END KEY-----\n' }
const { run, resultOf, failureOf } = await startEngine({
  settings: {
    services: {
      secrets: {
        async read (tenant, name) {
          if (name === 'SEALED') throw new JobError('UNAVAILABLE', 'Cannot read secret "SEALED": Cannot decrypt: its key is not there')
          return tenant === 'acme' ? VALUES[name] : undefined
        },
      },
    },
  },
})
const options = { tools: ['secrets'], secrets: ['TOKEN', 'PIN', 'PEM', 'SEALED', 'MISSING'] }

test('a job gets the secrets that it names, as they are, and a receipt says so', async () => {
  const code = 'export default async () => { const value = await secrets.get("PEM"); return [value.length, [...value].map((char) => char.charCodeAt(0))] }'

  const { report } = await run(code, options)

  assert.equal(report.outcome.type, 'succeeded')
  const [length, codes] = JSON.parse(report.outcome.result) as [number, number[]]
  assert.deepEqual([length, String.fromCharCode(...codes)], [VALUES['PEM']?.length, VALUES['PEM']])
  assert.partialDeepStrictEqual(report.receipt.lines, [{ grant: 'secret', target: 'PEM', denied: null, count: 1 }])
})

test('a secret that the job does not name is denied, and the receipt has the denial', async () => {
  const { report } = await run('export default () => secrets.get("TOKEN")', { ...options, secrets: ['PIN'] })

  assert.equal(report.outcome.type, 'failed')
  assert.partialDeepStrictEqual(report.outcome.error, { code: 'PERMISSION_DENIED', message: 'Cannot get secret "TOKEN": the job does not name it among its secrets' })
  assert.partialDeepStrictEqual(report.receipt.lines, [{ grant: 'secret', target: 'TOKEN', denied: 'The job does not name it', count: 1 }])
})

test('one that is missing, of another tenant or cannot be decrypted is an error that says so', async () => {
  const code = (name: string) => `export default () => secrets.get("${name}")`

  const [missing, other, sealed] = [await failureOf(code('MISSING'), options), await failureOf(code('TOKEN'), { ...options, tenant: 'other' }), await failureOf(code('SEALED'), options)]

  assert.match(missing.message, /^Cannot get secret "MISSING": the tenant has none of that name; store it with PUT \/v1\/secrets\/MISSING$/)
  assert.match(other.message, /the tenant has none of that name/)
  assert.equal(sealed.message, 'Cannot read secret "SEALED": Cannot decrypt: its key is not there')
})

test('what a runner leaves that dies has the name as well', async () => {
  const code = `export default async () => { console.log("last words: " + await secrets.get("TOKEN")); await new Promise((resolve) => setTimeout(resolve, 100)); const all = []; for (;;) all.push(new Array(1e6).fill(all)) }`

  const record = await run(code, options)

  const left = JSON.stringify([record.report, record.logs])
  assert.ok(!left.includes('hunter2'), left)
  assert.match(left, /last words: \[secret TOKEN\]/)
})

test('a number that is a secret becomes a text, and the result is JSON', async () => {
  assert.deepEqual(await resultOf('export default async () => { const pin = Number(await secrets.get("PIN")); return { pin, other: 51234.5, fine: 12 } }', options), { pin: '[secret PIN]', other: '5[secret PIN].5', fine: 12 })
})

test('a result that is too large with the names in it is RESULT_TOO_LARGE', async () => {
  const failure = await failureOf('export default async () => (await secrets.get("PIN")).repeat(300)', { ...options, limits: { resultBytes: 2000 } })

  assert.deepEqual([failure.code, failure.limit?.configured, failure.limit?.observed], ['RESULT_TOO_LARGE', 2000, 3602])
})

test('a run that gets no secret leaves what it leaves', async () => {
  assert.deepEqual(await resultOf('export default () => ["hunter2-is-my-password", 1234]', options), ['hunter2-is-my-password', 1234])
})

test('a run is given 256 KB of secrets at the most, each counted once', async () => {
  const names = ['A', 'B', 'C', 'D', 'E'].map((letter) => `LARGE_${letter}`)
  for (const name of names) VALUES[name] = `${name} ${'grüß'.repeat(10_920)}` // nearly 64 KB
  VALUES['TINY'] = 'a'.repeat(32)
  const code = 'export default async (names) => { const found = []; for (const name of names) found.push(await secrets.get(name).then((value) => value.length, ({ code, message }) => [code, message])); return found }'

  const found = await resultOf(code, { tools: ['secrets'], secrets: [...names, 'TINY'], input: [...names.slice(0, 4), 'LARGE_A', 'LARGE_E', 'TINY'] })

  const length = 43_688
  assert.deepEqual(found, [length, length, length, length, length, ['TOOL_LIMIT', 'Cannot get secret "LARGE_E": with it the run would have 327640 bytes of secrets, allowed are 262144'], 32])
})
