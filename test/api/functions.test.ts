import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { EncryptionKeys } from '../../src/core/encryption-keys.ts'
import { FUNCTION_VERSIONS } from '../../src/core/function.ts'
import { renewEncryption } from '../../src/store/encryption/renew.ts'
import { readFunction } from '../../src/store/functions/functions.ts'
import { begin } from '../../src/store/moves/begin.ts'
import { startApi } from '../helpers/api.ts'
import { dumpLines } from '../helpers/dump.ts'
import { redisForTest } from '../helpers/redis.ts'
import { openSameStore } from '../helpers/store.ts'

const CODE = 'export default (n) => n + 1'

async function start (t: TestContext, env: Record<string, string> = {}) {
  const redis = await redisForTest(t)
  const api = { ...await startApi(t, env, { redis }), redis }
  const holder = await api.holder('acme', 'functions:write', 'jobs:write', 'jobs:read')
  const put = (name: string, request: unknown, headers: Record<string, string> = holder) => (
    api.send({ method: 'PUT', url: `/v1/functions/${name}`, headers: { ...headers, 'content-type': 'application/json' }, payload: JSON.stringify(request) })
  )
  const call = (name: string, body: unknown = {}, headers: Record<string, string> = {}) => api.post(`/v1/functions/${name}/jobs`.replace(/(\?.*)\/jobs$/, '/jobs$1'), body, { ...holder, ...headers })
  /** What a worker would run of the job that was posted. */
  const jobOf = async (response: Awaited<ReturnType<typeof call>>) => {
    const begun = await begin(api.db, { jobId: String(response.json()['id']), turn: 1 }, { worker: 'w1', retentionMs: 60_000 })
    assert.ok(begun.type === 'run')
    return begun.job
  }
  return { ...api, own: holder, put, call, jobOf }
}

test('a function is stored in versions, read, listed and deleted', async (t) => {
  const api = await start(t)

  const [first, same, second] = [await api.put('double', { code: CODE }), await api.put('double', { code: CODE }), await api.put('double', { code: `${CODE} // new`, tags: { a: 'b' } })]
  await api.put('another', { code: CODE })
  const listed = await api.get('/v1/functions', api.own)
  const [latest, former] = [await api.get('/v1/functions/double', api.own), await api.get('/v1/functions/double?version=1', api.own)]
  const removed = [await api.remove('/v1/functions/double', api.own), await api.remove('/v1/functions/double', api.own), await api.get('/v1/functions/double', api.own), await api.call('double')]

  assert.deepEqual([first, same, second].map((each) => each.json()['version']), [1, 1, 2])
  assert.equal(second.json()['createdAt'], first.json()['createdAt'])
  assert.deepEqual((listed.json()['data'] as Record<string, unknown>[]).map(({ name, version }) => [name, version]), [['another', 1], ['double', 2]])
  assert.deepEqual([latest.json()['version'], latest.json()['request'], former.json()['version'], former.json()['request']], [2, { code: `${CODE} // new`, tags: { a: 'b' } }, 1, { code: CODE }])
  assert.deepEqual(removed.map(({ statusCode }) => statusCode), [204, 404, 404, 404])
  assert.equal((await dumpLines(api.db)).filter((line) => line.includes('double') && !line.startsWith('audit:')).length, 0)
})

test('a call is a job of the function with what it asks for besides, and says whose it is', async (t) => {
  const api = await start(t)
  await api.put('f', { code: CODE, input: 1, limits: { timeoutMs: 1000 }, tags: { team: 'a' }, priority: 'low' })
  await api.put('f', { code: `${CODE} // new` })

  const former = await api.jobOf(await api.call('f?version=1', { priority: 'high', tags: { for: 'me' } }))
  const latest = await api.jobOf(await api.call('f', { input: 5 }))
  const bare = await api.jobOf(await api.send({ method: 'POST', url: '/v1/functions/f/jobs', headers: api.own }))

  assert.deepEqual([former.code, former.input, former.spec.limits.timeoutMs, former.spec.priority, former.spec.tags], [CODE, '1', 1000, 'high', { team: 'a', for: 'me', function: 'f', functionVersion: '1' }])
  assert.deepEqual([latest.code, latest.input, latest.spec.limits.timeoutMs, latest.spec.tags], [`${CODE} // new`, '5', 30_000, { function: 'f', functionVersion: '2' }])
  assert.deepEqual([bare.code, bare.input], [`${CODE} // new`, 'null'])
})

test('the same Idempotency-Key answers the same job, also when the function has changed; another version is another request', async (t) => {
  const api = await start(t)
  await api.put('f', { code: CODE })
  const key = { 'idempotency-key': 'once' }

  const first = await api.call('f', { input: 1 }, key)
  await api.put('f', { code: `${CODE} // new` })
  const [again, other, version] = [await api.call('f', { input: 1 }, key), await api.call('f', { input: 2 }, key), await api.call('f?version=1', { input: 1 }, key)]

  assert.equal(again.json()['id'], first.json()['id'])
  assert.deepEqual([other, version].map(({ statusCode }) => statusCode), [409, 409])
})

test('what is not valid is refused when it is stored and when it is called', async (t) => {
  const api = await start(t)
  await api.put('f', { code: CODE })

  const stored = [await api.put('f', {}), await api.put('f', { code: CODE, tools: ['teleport'] }), await api.put('1f', { code: CODE }), await api.put('a:b', { code: CODE }), await api.put('f', { code: 'x'.repeat(100_001) })]
  const called = [
    await api.call('f', { code: CODE }), await api.call('f', { codeBase64: '' }), await api.call('f', { files: {} }), await api.call('f', []), await api.call('f', { tags: 'abc' }), await api.call('f', { limits: { memoryMb: 1e6 } }),
    await api.call('f?version=0'), await api.call('f?version=3'), await api.call('none'),
  ]

  assert.deepEqual(stored.map(({ statusCode }) => statusCode), [422, 422, 422, 422, 413])
  assert.deepEqual(called.map(({ statusCode }) => statusCode), [422, 422, 422, 422, 422, 422, 422, 404, 404])
  assert.match(called[0]?.body ?? '', /the code is the function's/)
})

test('functions are their tenant\'s; storing them needs a scope of its own, and calls are held to the ceilings of their key', async (t) => {
  const api = await start(t)
  await api.put('f', { code: CODE, limits: { memoryMb: 512 } })
  const [other, caller] = [await api.holder('other', 'functions:write', 'jobs:write'), await api.holder('acme', 'jobs:write')]
  const { token } = (await api.post('/v1/keys', { tenant: 'acme', name: 'small', scopes: ['jobs:write'], ceilings: { limits: { memoryMb: 64 } } })).json() as { token: string }

  const statuses = [
    await api.get('/v1/functions/f', other), await api.call('f', {}, other), await api.remove('/v1/functions/f', other), await api.put('g', { code: CODE }, caller), await api.get('/v1/functions', caller), await api.call('f', {}, caller),
    await api.call('f', {}, { authorization: `Bearer ${token}` }),
  ].map(({ statusCode }) => statusCode)

  assert.deepEqual(statuses, [404, 404, 404, 403, 403, 202, 422])
})

test('versions, functions and their bytes are bounded, exactly', async (t) => {
  const api = await start(t, { BATCHBOX_TENANT_FUNCTIONS: '2', BATCHBOX_TENANT_FUNCTION_BYTES: '4000' })

  for (let i = 1; i <= FUNCTION_VERSIONS + 2; i++) await api.put('f', { code: `export default () => ${i}` })
  const versions = [await api.get('/v1/functions/f?version=2', api.own), await api.get('/v1/functions/f?version=3', api.own)]
  const more = await Promise.all(['g', 'h', 'i'].map((name) => api.put(name, { code: CODE })))
  const large = await api.put('f', { code: `export default "${randomBytes(4000).toString('hex')}"` })

  assert.deepEqual(versions.map(({ statusCode }) => statusCode), [404, 200])
  assert.deepEqual(more.map(({ statusCode }) => statusCode).sort(), [200, 429, 429])
  assert.match(more.find(({ statusCode }) => statusCode === 429)?.body ?? '', /BATCHBOX_TENANT_FUNCTIONS/)
  assert.deepEqual([large.statusCode, /BATCHBOX_TENANT_FUNCTION_BYTES/.test(large.body)], [429, true])
})

test('functions are encrypted where payloads are, and a new key renews them', async (t) => {
  const [old, fresh] = ['old', 'new'].map((id) => `${id}=${randomBytes(32).toString('base64')}`)
  const api = await start(t, { BATCHBOX_ENCRYPTION_KEYS: String(old) })
  await api.put('f', { code: `${CODE} // hush` })
  const openWith = (keys: string) => openSameStore(t, { url: api.redis.url, keys: api.redis }, EncryptionKeys.parse(keys))

  const before = await dumpLines(api.db)
  await renewEncryption(openWith(`${fresh},${old}`))

  assert.deepEqual(before.filter((line) => line.includes('hush')), [])
  assert.equal((await readFunction(openWith(String(fresh)), { tenant: 'acme', name: 'f' }))?.request, JSON.stringify({ code: `${CODE} // hush` }))
})

test('a function has room for the tags that its calls add', async (t) => {
  const api = await start(t)
  const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, 'x']))

  const [most, over] = [await api.put('f', { code: CODE, tags: tags(14) }), await api.put('g', { code: CODE, tags: tags(15) })]

  assert.deepEqual([most.statusCode, (await api.call('f')).statusCode, over.statusCode], [200, 202, 422])
  assert.match(over.body, /it may have 14 tags/)
})

test('the reference says of a call what it takes: no code', async (t) => {
  const api = await start(t)
  type Body = { requestBody: { content: Record<string, { schema: { properties: Record<string, object> } }> } }
  const { paths } = (await api.get('/openapi.json')).json() as { paths: Record<string, Record<string, Body>> }
  const membersOf = (path: string, method: string) => Object.keys(paths[path]?.[method]?.requestBody.content['application/json']?.schema.properties ?? {})

  const [called, stored] = [membersOf('/v1/functions/{name}/jobs', 'post'), membersOf('/v1/functions/{name}', 'put')]

  assert.deepEqual(stored.filter((name) => !called.includes(name)), ['code', 'codeBase64', 'files'])
  assert.equal(called.includes('input'), true)
})

test('a call has its own time, by whichever member it says it', async (t) => {
  const api = await start(t)
  const runAt = new Date(Date.now() + 60_000).toISOString()
  await api.put('waits', { code: CODE, delayMs: 1000 })
  await api.put('scheduled', { code: CODE, runAt })

  const called = [await api.call('waits', { runAt }), await api.call('scheduled', { delayMs: 1000 }), await api.call('waits', { runAt, delayMs: 1000 })]

  assert.deepEqual(called.map(({ statusCode }) => statusCode), [202, 202, 422])
})
