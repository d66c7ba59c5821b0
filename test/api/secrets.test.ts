import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { EncryptionKeys } from '../../src/core/encryption-keys.ts'
import { buildCipher } from '../../src/store/cipher.ts'
import { readRecord } from '../../src/store/read.ts'
import { buildSecrets } from '../../src/store/secrets/secrets.ts'
import { startApi } from '../helpers/api.ts'
import { dumpLines } from '../helpers/dump.ts'
import { playWorker } from '../helpers/play-worker.ts'

const VALUE = 'hunter2-is-my-password'
const KEYS = `first=${randomBytes(32).toString('base64')}`

async function startWithKeys (t: TestContext, env: Record<string, string> = {}) {
  const api = await startApi(t, { BATCHBOX_ENCRYPTION_KEYS: KEYS, ...env })
  const holder = await api.holder('acme', 'secrets:write')
  const put = (name: string, value: unknown, headers: Record<string, string> = holder) => (
    api.send({ method: 'PUT', url: `/v1/secrets/${name}`, headers: { ...headers, 'content-type': 'application/json' }, payload: JSON.stringify({ value }) })
  )
  const secrets = buildSecrets({ ...api.db, cipher: buildCipher(EncryptionKeys.parse(KEYS)) })
  return { ...api, own: holder, put, read: (tenant: string, name: string) => secrets.read(tenant, name) }
}

test('a secret is stored, replaced, listed and deleted; its value is nowhere but where it is decrypted', async (t) => {
  const api = await startWithKeys(t)

  const stored = await api.put('TOKEN', VALUE)
  await api.put('OTHER', `${VALUE}!`)
  const again = await api.put('TOKEN', `${VALUE}?`)
  const listed = await api.get('/v1/secrets', api.own)
  const value = await api.read('acme', 'TOKEN')
  const removed = [await api.remove('/v1/secrets/TOKEN', api.own), await api.remove('/v1/secrets/TOKEN', api.own)]
  const rest = await api.get('/v1/secrets', api.own)

  assert.equal(stored.statusCode, 200)
  assert.deepEqual(Object.keys(stored.json()), ['name', 'createdAt', 'updatedAt'])
  assert.equal(again.json()['createdAt'], stored.json()['createdAt'])
  assert.deepEqual((listed.json()['data'] as Record<string, unknown>[]).map(({ name }) => name), ['OTHER', 'TOKEN'])
  assert.equal(value, `${VALUE}?`)
  assert.deepEqual(removed.map(({ statusCode }) => statusCode), [204, 404])
  assert.deepEqual((rest.json()['data'] as Record<string, unknown>[]).map(({ name }) => name), ['OTHER'])
  for (const text of [stored, again, listed, ...removed, rest].map(({ body }) => body)) assert.ok(!text.includes('hunter2'))
  assert.ok(!JSON.stringify(api.lines).includes('hunter2'))
  assert.deepEqual((await dumpLines(api.db)).filter((line) => line.includes('hunter2')), [])
})

test('administrators and holders of secrets:write change the secrets of their tenant alone; it is noted', async (t) => {
  const api = await startWithKeys(t)
  const [admin, reader, other] = [await api.holder('acme', 'admin'), await api.holder('acme', 'jobs:read', 'jobs:write'), await api.holder('other', 'secrets:write')]

  const statuses = [await api.put('TOKEN', VALUE, admin), await api.put('TOKEN', VALUE, reader), await api.get('/v1/secrets', reader), await api.remove('/v1/secrets/TOKEN', other), await api.get('/v1/secrets?tenant=acme', other), await api.get('/v1/secrets?tenant=acme')]
  await api.remove('/v1/secrets/TOKEN', admin)
  const acts = ((await api.get('/v1/audit', admin)).json()['data'] as Record<string, unknown>[]).map(({ act, target, details }) => [act, target, details]).filter(([, target]) => target === 'TOKEN')

  assert.deepEqual(statuses.map(({ statusCode }) => statusCode), [200, 403, 403, 404, 403, 200])
  assert.equal(await api.read('other', 'TOKEN'), undefined)
  assert.deepEqual(acts, [['secret.deleted', 'TOKEN', {}], ['secret.stored', 'TOKEN', {}]])
})

test('names and values are bounded, and a refusal has nothing of the value', async (t) => {
  const api = await startWithKeys(t)
  const refused: [name: string, value: unknown][] = [
    ['1TOKEN', VALUE], ['a-b', VALUE], ['a'.repeat(65), VALUE], ['%00', VALUE], ['TOKEN', 'pin'], ['TOKEN', 'hunter2'.repeat(10_000)], ['TOKEN', `hunter2\ud800`], ['TOKEN', { a: 'hunter2' }], ['TOKEN', undefined],
  ]

  for (const [name, value] of refused) {
    const response = await api.put(name, value)
    assert.equal(response.statusCode, 422, name)
    assert.ok(!response.body.includes('hunter2'), response.body)
  }
  assert.equal((await api.put('_'.repeat(64), 'x'.repeat(65_536))).statusCode, 200)
})

test('a tenant has so many secrets, exactly, however many are stored at one time', async (t) => {
  const api = await startWithKeys(t, { BATCHBOX_TENANT_SECRETS: '5' })

  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => api.put(`S${i}`, VALUE)))
  const stored = answers.findIndex(({ statusCode }) => statusCode === 200)
  const replaced = await api.put(`S${stored}`, `${VALUE}!`)

  assert.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 5)
  assert.match(answers.find(({ statusCode }) => statusCode === 429)?.body ?? '', /BATCHBOX_TENANT_SECRETS, is 5; delete one that is not needed/)
  assert.equal(replaced.statusCode, 200)
})

test('without keys a secret is not stored, and the answer says what to set', async (t) => {
  const api = await startWithKeys(t, { BATCHBOX_ENCRYPTION_KEYS: '' })

  const response = await api.put('TOKEN', VALUE)

  assert.deepEqual([response.statusCode, response.json()['code']], [503, 'UNAVAILABLE'])
  assert.match(String(response.json()['detail']), /no key is configured; set BATCHBOX_ENCRYPTION_KEYS to id=base64 of 32 bytes/)
})

test('a job names the secrets that the ceiling of its key has: none unless the key was given some', async (t) => {
  const api = await startWithKeys(t)
  const make = async (ceilings: object, scopes = ['jobs:write', 'jobs:read'], headers = {}) => {
    const { token } = (await api.post('/v1/keys', { tenant: 'acme', name: 'k', scopes, ceilings }, headers)).json()
    return { authorization: `Bearer ${String(token)}` }
  }
  const [none, some, any] = [await make({}), await make({ secrets: ['TOKEN'] }), await make({ secrets: null })]
  const job = { code: 'export default () => 1', tools: ['secrets'] }
  const post = async (headers: Record<string, string>, secrets: string[], path = '/v1/jobs') => api.post(path, { ...job, secrets }, headers)

  const taken = [await post(none, []), await post(some, ['TOKEN']), await post(any, ['TOKEN', 'OTHER'])]
  const refused = [await post(none, ['TOKEN']), await post(some, ['TOKEN', 'OTHER']), await post(some, ['OTHER'], '/execute'), await post(any, ['TOKEN', 'TOKEN']), await post(any, ['no name'])]
  const batch = await api.post('/v1/batches', { job: { ...job, secrets: ['OTHER'] }, inputs: [1] }, some)
  await playWorker(api.db, String(taken[2]?.json()['id']))
  const replays = await Promise.all([some, none, any].map((headers) => api.post(`/v1/jobs/${String(taken[2]?.json()['id'])}/replay`, {}, headers)))
  const stored = await readRecord(api.db, String(taken[2]?.json()['id']))
  const weak = await make({ secrets: ['TOKEN'] }, ['admin', 'jobs:write'])
  const grown = await api.post('/v1/keys', { name: 'more', scopes: ['jobs:write'], ceilings: { secrets: ['OTHER'] } }, weak)
  const inherited = await api.post('/v1/keys', { name: 'as many', scopes: ['jobs:write'], ceilings: { secrets: null } }, weak)

  assert.deepEqual(taken.map(({ statusCode }) => statusCode), [202, 202, 202])
  assert.deepEqual(refused.map(({ statusCode }) => statusCode), [422, 422, 422, 422, 422])
  assert.match(refused[0]?.body ?? '', /Secret \\"TOKEN\\" is beyond the API key's ceiling \(ceilings\.secrets\): none/)
  assert.match(batch.body, /beyond the API key's ceiling \(ceilings\.secrets\): TOKEN/)
  assert.deepEqual(replays.map(({ statusCode }) => statusCode), [422, 422, 202])
  assert.match(replays[0]?.body ?? '', /secret \\"OTHER\\" is beyond/)
  assert.deepEqual(stored?.spec.secrets, ['TOKEN', 'OTHER'])
  assert.equal(grown.statusCode, 403)
  assert.partialDeepStrictEqual(inherited.json(), { ceilings: { secrets: ['TOKEN'] } })
})
