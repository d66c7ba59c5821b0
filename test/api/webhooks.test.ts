import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { EncryptionKeys } from '../../src/core/encryption-keys.ts'
import { buildCipher } from '../../src/store/cipher.ts'
import { startApi } from '../helpers/api.ts'
import { dumpLines } from '../helpers/dump.ts'
import { playDeliveries } from '../helpers/play-webhooks.ts'
import { playWorker } from '../helpers/play-worker.ts'
import { redisForTest } from '../helpers/redis.ts'

const KEYS = `first=${randomBytes(32).toString('base64')}`
const url = 'https://example.com/hook?token=hunter2'
const JOB = { code: 'export default () => 1' }
type Members = Record<string, unknown>

async function start (t: TestContext, env: Record<string, string> = {}, redis?: { url: string, prefix: string }) {
  const api = await startApi(t, { BATCHBOX_ENCRYPTION_KEYS: KEYS, ...env }, redis ? { redis } : {})
  const [own, reader, stranger] = [await api.holder('acme', 'webhooks:write', 'jobs:write', 'jobs:read'), await api.holder('acme', 'jobs:read'), await api.holder('other', 'admin')]
  const make = async (body: object = {}) => {
    const answer = await api.post('/v1/webhooks', { url, ...body }, own)
    assert.equal(answer.statusCode, 201, answer.body)
    return answer.json()
  }
  const patch = (id: unknown, body: object, headers: Record<string, string> = own) => api.send({ method: 'PATCH', url: `/v1/webhooks/${String(id)}`, headers: { ...headers, 'content-type': 'application/json' }, payload: JSON.stringify(body) })
  const list = async (path: string, headers = own) => (await api.get(path, headers)).json()['data'] as Members[]
  /** Posts a job that ends at once, and answers its id. */
  const end = async (body: object = {}) => {
    const id = String((await api.post('/v1/jobs', { ...JOB, ...body }, own)).json()['id'])
    await playWorker(api.db, id)
    return id
  }
  return { ...api, own, reader, stranger, make, patch, list, end }
}

test('an endpoint is made, listed, read, changed and deleted; it is noted, and nothing secret is told', async (t) => {
  const api = await start(t)

  const { secret, ...made } = await api.make({ events: ['job.failed'], headers: { Authorization: 'Bearer swordfish' }, description: 'alerts' })
  const other = await api.make()
  const listed = [await api.list('/v1/webhooks'), await api.list('/v1/webhooks?limit=1')]
  const read = await api.get(`/v1/webhooks/${String(made['id'])}`, api.reader)
  const changed = await api.patch(made['id'], { events: ['job.dead'], enabled: false })
  const enabled = await api.patch(made['id'], { enabled: true })
  const job = await api.end({ webhook: { url, headers: { 'x-key': 'swordfish' } } })
  const stored = await dumpLines(api.db)
  const removed = [await api.remove(`/v1/webhooks/${String(made['id'])}`, api.own), await api.remove(`/v1/webhooks/${String(made['id'])}`, api.own)]
  const acts = (await api.list('/v1/audit?tenant=acme', { authorization: 'Bearer an-administrator-of-this-test-only' })).filter(({ target }) => target === made['id'])

  assert.match(String(secret), /^whsec_/)
  assert.partialDeepStrictEqual(made, { url, events: ['job.failed'], headers: ['authorization'], description: 'alerts', enabled: true, disabledReason: null })
  assert.deepEqual(listed.map((each) => each.map(({ id }) => id)), [[other['id'], made['id']], [other['id']]])
  assert.partialDeepStrictEqual(read.json(), { ...made, circuit: { state: 'closed', failures: 0, openUntil: null, waiting: 0, sending: 0 } })
  assert.partialDeepStrictEqual(changed.json(), { url, events: ['job.dead'], headers: ['authorization'], enabled: false, disabledReason: 'asked' })
  assert.partialDeepStrictEqual(enabled.json(), { events: ['job.dead'], enabled: true, disabledReason: null })
  assert.deepEqual(removed.map(({ statusCode }) => statusCode), [204, 404])
  assert.deepEqual(acts.map(({ act }) => act), ['webhook.deleted', 'webhook.updated', 'webhook.updated', 'webhook.created'])
  for (const text of [read, changed, enabled].map(({ body }) => body).concat(JSON.stringify([...api.lines, listed, acts]))) assert.ok(!text.includes('swordfish') && !text.includes(String(secret)), text)
  assert.ok(!JSON.stringify([...api.lines, acts]).includes('hunter2'))
  assert.ok(stored.some((line) => line.includes(job)) && stored.some((line) => line.includes(String(made['id']))))
  assert.deepEqual(stored.filter((line) => /swordfish|hunter2/.test(line) || line.includes(String(secret).slice(6))), [])
})

test('whoever may not write webhooks changes none and reads no secret, and those of another tenant are unknown', async (t) => {
  const api = await start(t)
  const path = `/v1/webhooks/${String((await api.make())['id'])}`
  const job = await api.end()
  const delivery = `/v1/webhooks/deliveries/${String((await api.list(`/v1/jobs/${job}/webhooks`))[0]?.['id'])}`
  const changes: [method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string][] = [
    ['PATCH', path], ['DELETE', path], ['GET', `${path}/secret`], ['POST', `${path}/rotate`], ['POST', `${path}/test`], ['POST', `${delivery}/redeliver`],
  ]
  const reads = [path, delivery, `/v1/jobs/${job}/webhooks`]
  const ask = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, headers: Record<string, string>) => {
    const takesBody = method === 'PATCH' || url.endsWith('rotate')
    return (await api.send({ method, url, headers: { ...headers, ...(takesBody ? { 'content-type': 'application/json' } : {}) }, ...(takesBody ? { payload: method === 'PATCH' ? '{"enabled":false}' : '{}' } : {}) })).statusCode
  }

  for (const [method, url] of changes) assert.deepEqual([await ask(method, url, api.reader), await ask(method, url, api.stranger)], [403, 404], `${method} ${url}`)
  for (const url of reads) assert.deepEqual([await ask('GET', url, api.reader), await ask('GET', url, api.stranger)], [200, 404], url)
  assert.equal((await api.post('/v1/webhooks', { url }, api.reader)).statusCode, 403)
  assert.equal((await api.get('/v1/webhooks/secret', api.reader)).statusCode, 403)
  assert.deepEqual([await api.list('/v1/webhooks', api.stranger), await api.list('/v1/webhooks/deliveries', api.stranger)], [[], []])
  for (const id of ['nope', 'whk_', `whk_${'0'.repeat(36)}`, '%2e%2e', 'whd_x', 'deliveries%2F']) assert.equal((await api.get(`/v1/webhooks/${id}`, api.own)).statusCode, 404, id)
  for (const id of ['nope', 'whd_', `whd_${'g'.repeat(32)}`, `whd_${'0'.repeat(32)}`]) assert.equal((await api.get(`/v1/webhooks/deliveries/${id}`, api.own)).statusCode, 404, id)
})

test('a tenant has so many endpoints, exactly, and what is wrong with one is named', async (t) => {
  const api = await start(t, { BATCHBOX_TENANT_WEBHOOKS: '3' })

  const answers = await Promise.all(Array.from({ length: 20 }, () => api.post('/v1/webhooks', { url }, api.own)))
  const wrong = await api.post('/v1/webhooks', { url: 'ftp://example.com', headers: { host: 'a' }, events: ['job.log'], secret: 'mine' }, api.own)
  const empty = await api.patch('whk_019f2c5e-7a10-7cc3-98c4-dc0c0c07398f', {})

  assert.equal(answers.filter(({ statusCode }) => statusCode === 201).length, 3)
  assert.match(answers.find(({ statusCode }) => statusCode === 429)?.body ?? '', /BATCHBOX_TENANT_WEBHOOKS, is 3; delete one that is not needed/)
  assert.equal(wrong.statusCode, 422)
  assert.deepEqual((wrong.json()['errors'] as { pointer: string }[]).map(({ pointer }) => pointer), ['/url', '/events/0', '/headers/host', '/secret'])
  assert.equal(empty.statusCode, 422)
})

test('a secret is read again, and rotated: the former one goes on for the grace that is asked for', async (t) => {
  const api = await start(t)
  const { id, secret } = await api.make()
  const path = `/v1/webhooks/${String(id)}`

  const before = await api.list(`${path}/secret`)
  const rotated = (await api.post(`${path}/rotate`, { graceMs: 60_000 }, api.own)).json()['data'] as Members[]
  const atOnce = (await api.post(`${path}/rotate`, { graceMs: 0 }, api.own)).json()['data'] as Members[]
  const own = await api.list('/v1/webhooks/secret')
  const again = await api.list('/v1/webhooks/secret')
  const ownRotated = (await api.post('/v1/webhooks/secret/rotate', {}, api.own)).json()['data'] as Members[]
  const wrong = await api.post(`${path}/rotate`, { graceMs: 31 * 86_400_000 }, api.own)

  assert.deepEqual(before.map((each) => [each['secret'], each['expiresAt']]), [[secret, null]])
  assert.deepEqual(rotated.map((each) => each['secret']).slice(1), [secret])
  assert.equal(Date.parse(String(rotated[1]?.['expiresAt'])) - Date.parse(String(rotated[0]?.['createdAt'])), 60_000)
  assert.equal(atOnce[0]?.['expiresAt'], null)
  assert.ok(!atOnce.some((each) => each['secret'] === rotated[0]?.['secret']))
  assert.deepEqual(own, again)
  assert.equal(own.length, 1)
  assert.deepEqual(ownRotated.map((each) => each['secret']).slice(1), [own[0]?.['secret']])
  assert.equal(wrong.statusCode, 422)
})

test('a key makes endpoints, jobs and batches with webhooks of its ceiling alone', async (t) => {
  const api = await start(t)
  const { token } = (await api.post('/v1/keys', { tenant: 'acme', name: 'k', scopes: ['webhooks:write', 'jobs:write', 'jobs:read'], ceilings: { webhooks: ['*.example.org'] } })).json()
  const held = { authorization: `Bearer ${String(token)}` }
  const job = String((await api.post('/v1/jobs', { ...JOB, webhook: { url } }, api.own)).json()['id'])
  await playWorker(api.db, job)
  const bodies = (at: string): [path: string, body: object][] => [
    ['/v1/webhooks', { url: at }], ['/v1/jobs', { ...JOB, webhook: { url: at } }], ['/v1/batches', { job: JOB, inputs: [1], webhook: { url: at } }], ['/v1/batches', { job: { ...JOB, webhook: { url: at } }, inputs: [1] }],
  ]

  for (const [path, body] of bodies(url)) {
    const refused = await api.post(path, body, held)
    assert.equal(refused.statusCode, 422, refused.body)
    assert.match(refused.body, /\\"example\.com\\" is beyond the API key's ceiling \(ceilings\.webhooks\): \*\.example\.org/)
  }
  for (const [path, body] of bodies('https://a.example.org')) assert.ok((await api.post(path, body, held)).statusCode < 300)
  assert.match((await api.post(`/v1/jobs/${job}/replay`, {}, held)).body, /host \\"example\.com\\" is beyond the API key's ceiling/)
})

test('a job and a batch show their webhooks without the values of headers, and what is made of them again has them too', async (t) => {
  const api = await start(t)
  const webhook = { url, headers: { 'x-env': 'swordfish' } }
  const shown = { url, events: ['job.succeeded', 'job.failed', 'job.dead', 'job.cancelled', 'job.expired'], headers: ['x-env'] }
  const post = async (path: string, body: object) => {
    const answer = await api.post(path, body, api.own)
    assert.equal(answer.statusCode, 202, answer.body)
    assert.ok(!answer.body.includes('swordfish'))
    return answer.json()
  }

  const job = await post('/v1/jobs', { ...JOB, webhook })
  const batch = await post('/v1/batches', { job: { ...JOB, webhook }, inputs: [1, 2], webhook })
  const items = (await api.list(`/v1/jobs?batch=${String(batch['id'])}`))
  for (const id of [job['id'], ...items.map((item) => item['id'])]) await playWorker(api.db, String(id), { status: 'failed', error: { code: 'USER_ERROR', name: 'Error', message: 'no', retryable: true } })
  const read = await api.get(`/v1/jobs/${String(job['id'])}`, api.own)
  const replayed = await post(`/v1/jobs/${String(job['id'])}/replay`, {})
  const again = await post(`/v1/batches/${String(batch['id'])}/replay`, {})
  const without = await post('/v1/jobs', JOB)

  for (const each of [job, read.json(), replayed, ...items]) assert.deepEqual(each['webhook'], shown)
  for (const each of [batch, again]) assert.deepEqual(each['webhook'], { ...shown, events: ['batch.completed'] })
  assert.ok(!read.body.includes('swordfish'))
  assert.equal(without['webhook'], null)
  assert.equal((await api.post('/v1/batches', { job: JOB, inputs: [1], webhook: { url, events: ['job.failed'] } }, api.own)).statusCode, 422)
})

test('where a key of the operator is missing, endpoints and deliveries are seen, mended and deleted all the same', async (t) => {
  const redis = await redisForTest(t)
  const before = await start(t, {}, redis)
  const [one, other] = [await before.make({ description: 'one' }), await before.make({ headers: { 'x-a': 'b' } })]
  await before.end()
  const [delivery] = await playDeliveries({ ...before.db, cipher: buildCipher(EncryptionKeys.parse(KEYS)) })
  await before.close()
  const api = await start(t, { BATCHBOX_ENCRYPTION_KEYS: `other=${randomBytes(32).toString('base64')}` }, redis)
  const path = (id: unknown) => `/v1/webhooks/${String(id)}`

  const listed = await api.list('/v1/webhooks')
  const read = await api.get(path(one['id']), api.own)
  const half = await api.patch(one['id'], { url })
  const named = await api.patch(one['id'], { description: 'two' })
  const mended = await api.patch(one['id'], { url, headers: {} })
  const removed = await api.remove(path(other['id']), api.own)

  assert.deepEqual(listed.map((each) => [each['id'], each['url']]), [[other['id'], null], [one['id'], null]])
  assert.partialDeepStrictEqual(read.json(), { url: null, headers: [], description: 'one', enabled: true })
  assert.equal(half.statusCode, 503)
  assert.match(String(half.json()['detail']), /Cannot decrypt: the value was encrypted with key "first".*; give it a URL and headers anew, or delete it/)
  assert.partialDeepStrictEqual(named.json(), { url: null, description: 'two' })
  assert.partialDeepStrictEqual(mended.json(), { url, headers: [], description: 'two' })
  assert.equal(removed.statusCode, 204)
  assert.equal((await api.list('/v1/webhooks/deliveries')).length, 2)
  assert.match((await api.get(`/v1/webhooks/deliveries/${String(delivery)}`, api.own)).body, /Cannot read the try: Cannot decrypt/)
})

test('what is delivered of a job stands in the log, and is found by each of its members', async (t) => {
  const api = await start(t)
  const { id: endpoint } = await api.make()
  await api.make({ events: ['job.dead'] })
  const job = await api.end({ webhook: { url } })
  await api.end()
  const found = async (query: string) => (await api.list(`/v1/webhooks/deliveries?${query}`)).length

  const [first, second, ...others] = await api.list(`/v1/jobs/${job}/webhooks`)
  const whole = await api.get(`/v1/webhooks/deliveries/${String(first?.['id'])}`, api.reader)

  assert.deepEqual(others, [])
  assert.deepEqual(new Set([first?.['endpointId'], second?.['endpointId']]), new Set([endpoint, null]))
  assert.equal(first?.['eventId'], second?.['eventId'])
  assert.partialDeepStrictEqual(whole.json(), { ...first, tries: [], type: 'job.succeeded', subject: job, status: 'pending', reason: null, tried: 0 })
  assert.deepEqual([
    await found(''), await found(`job=${job}`), await found(`endpoint=${String(endpoint)}`), await found('endpoint=own'), await found('status=pending'), await found('status=dead'), await found('type=job.succeeded'), await found('type=job.failed'),
    await found(`batch=${job}`), await found('since=2020-01-01T00:00:00Z'), await found('until=2020-01-01T00:00:00Z'), await found(`endpoint=${String(endpoint)}&job=${job}`),
  ], [3, 2, 2, 1, 3, 0, 3, 0, 2, 3, 0, 1])
  for (const query of ['status=lost', 'type=job.log', 'since=today', 'limit=0', 'limit=201', 'cursor=%00', 'job=a&batch=b', 'color=red']) assert.equal((await api.get(`/v1/webhooks/deliveries?${query}`, api.own)).statusCode, 422, query)
})
