import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { sha256 } from '../../src/core/digest.ts'
import { newId } from '../../src/core/ids.ts'
import { stepSweep } from '../../src/store/dead-letters/step.ts'
import { removeExpired } from '../../src/store/reap.ts'
import { startApi } from '../helpers/api.ts'
import { die } from '../helpers/dead-letters.ts'
import { beginRun, playWorker } from '../helpers/play-worker.ts'

const CODE = 'export default (x) => x'

async function startWithTwo (t: TestContext) {
  const api = await startApi(t)
  const [ours, theirs] = await Promise.all(['one', 'other'].map((tenant) => api.holder(tenant, 'jobs:read', 'jobs:write')))
  assert.ok(ours && theirs)
  const submit = async (headers: Record<string, string>, job: Record<string, unknown> = {}) => String((await api.post('/v1/jobs', { code: CODE, ...job }, headers)).json()['id'])
  return { ...api, ours, theirs, submit }
}

test('whatever state a job is in, another tenant is answered as for an id that never was', async (t) => {
  const { db, get, post, remove, ours, theirs, submit } = await startWithTwo(t)
  const [queued, scheduled, running, ended, removed] = [await submit(ours), await submit(ours, { delayMs: 60_000 }), await submit(ours), await submit(ours), await submit(ours)]
  await beginRun(db, running)
  await playWorker(db, ended)
  await playWorker(db, removed, { retentionMs: 0 })
  await removeExpired(db, 10)
  const never = newId('job')
  const ask = async (id: string, headers: Record<string, string>) => {
    const answers = [
      await get(`/v1/jobs/${id}`, headers),
      await get(`/v1/jobs/${id}?wait=1`, headers),
      await get(`/v1/jobs/${id}/result`, headers),
      await get(`/v1/jobs/${id}/logs`, headers),
      await get(`/v1/jobs/${id}/events`, headers),
      await get(`/v1/jobs/${id}/events?after=1&wait=1`, headers),
      await get(`/v1/jobs/${id}/trace`, headers),
      await get(`/v1/jobs/${id}`, { ...headers, 'if-none-match': `"${id}-1"` }),
      await post(`/v1/jobs/${id}/cancel`, {}, headers),
      await remove(`/v1/jobs/${id}`, headers),
    ]
    return answers.map(({ statusCode, body }) => [statusCode, body.replaceAll(id, 'ID').replaceAll(/"(?:requestId|instance|traceId)":"[^"]*",?/g, '')])
  }

  const expected = await ask(never, theirs)
  for (const id of [queued, scheduled, running, ended, removed]) assert.deepEqual(await ask(id, theirs), expected)

  assert.deepEqual([...new Set(expected.map(([status]) => status))], [404])
  assert.equal((await get(`/v1/jobs/${removed}`, ours)).statusCode, 410)
  assert.equal((await get(`/v1/jobs/${queued}`, ours)).json()['status'], 'queued', 'nobody cancelled it')
  assert.equal((await get(`/v1/jobs/${ended}`, ours)).statusCode, 200, 'nobody deleted it')
})

test('a batch of another tenant, open or over, is answered as one that never was, and is on nobody else\'s list', async (t) => {
  const { db, get, post, ours, theirs } = await startWithTwo(t)
  const batch = (await post('/v1/batches', { job: { code: CODE }, inputs: [1, 2] }, ours)).json() as { id: string, items: { jobId: string }[] }
  const ask = async (id: string) => {
    const answers = [
      ...await Promise.all(['', '?wait=1', '/results', '/events', '/events?wait=1'].map((path) => get(`/v1/batches/${id}${path}`, theirs))),
      await post(`/v1/batches/${id}/cancel`, {}, theirs),
    ]
    return answers.map(({ statusCode, body }) => [statusCode, body.replaceAll(id, 'ID')])
  }

  const expected = await ask(newId('batch'))
  const open = await ask(batch.id)
  for (const { jobId } of batch.items) await playWorker(db, jobId)
  const over = await ask(batch.id)

  assert.deepEqual([open, over], [expected, expected])
  assert.deepEqual([...new Set(expected.map(([status]) => status))], [404])
  assert.deepEqual((await get('/v1/batches', theirs)).json()['data'], [])
  assert.equal((await get(`/v1/batches/${batch.id}`, ours)).json()['status'], 'completed')
})

test('lists show a tenant its own jobs alone, by whatever filter, and nobody\'s cursor leads to another\'s', async (t) => {
  const { get, ours, theirs, submit } = await startWithTwo(t)
  const ids = [await submit(ours, { tags: { a: 'b' } }), await submit(ours, { tags: { a: 'b' } })]
  const mine = await submit(theirs, { tags: { a: 'b' } })
  const { nextCursor } = (await get('/v1/jobs?limit=1', ours)).json()

  for (const query of ['', '?status=queued', '?tag=a:b', '?since=2020-01-01T00:00:00Z', `?cursor=${String(nextCursor)}`]) {
    const { data } = (await get(`/v1/jobs${query}`, theirs)).json() as { data: { id: string }[] } // a page of jobs
    assert.ok(data.every(({ id }) => id === mine), query)
  }
  assert.equal(((await get('/v1/jobs', ours)).json()['data'] as unknown[]).length, ids.length)
})

test('dead letters and orders about them are a tenant\'s own, and nothing that another asks touches them', async (t) => {
  const { db, get, post, send, submit, holder } = await startWithTwo(t)
  const [ours, theirs] = await Promise.all(['one', 'other'].map((tenant) => holder(tenant, 'jobs:read', 'jobs:write', 'dead-letters:write')))
  assert.ok(ours && theirs)
  const id = await submit(ours)
  await die(db, id)
  const order = String((await post('/v1/dead-letters/replay', { all: true }, ours)).headers['location'])

  const purge = (query: string) => send({ method: 'DELETE', url: `/v1/dead-letters?${query}`, headers: theirs })
  const purged = [await purge(`ids=${id}`), await purge('all=true')].map((answer) => answer.json()['done'])
  const replays = [await post('/v1/dead-letters/replay', { ids: [id] }, theirs), await post('/v1/dead-letters/replay', { all: true }, theirs)]
  for (const answer of replays) await stepSweep(db, { perSecond: 1000, inFlight: 1000 }, String(answer.json()['id']))

  assert.deepEqual((await get('/v1/dead-letters', theirs)).json(), { data: [], nextCursor: null })
  assert.deepEqual((await get('/v1/dead-letters/counts', theirs)).json(), { total: 0, byCode: {} })
  assert.deepEqual([(await get(order, theirs)).statusCode, (await post(`${order}/cancel`, {}, theirs)).statusCode, (await get(order, ours)).json()['status']], [404, 404, 'running'])
  assert.deepEqual(purged, [0, 0])
  assert.equal(await db.redis.zcard(db.keys.jobs('other')), 0)
  assert.deepEqual((await get('/v1/dead-letters/counts', ours)).json(), { total: 1, byCode: { WORKER_CRASHED: 1 } })
})

test('reading dead letters needs jobs:read, replaying and purging many needs dead-letters:write', async (t) => {
  const { get, post, send, holder } = await startApi(t)
  const [reader, writer] = [await holder('one', 'jobs:read', 'jobs:write'), await holder('one', 'dead-letters:write')]
  const ask = async (headers: Record<string, string>) => [
    await get('/v1/dead-letters', headers), await get('/v1/dead-letters/counts', headers), await get(`/v1/dead-letters/replays/${newId('sweep')}`, headers),
    await post('/v1/dead-letters/replay', { all: true }, headers), await send({ method: 'DELETE', url: '/v1/dead-letters?all=true', headers }),
    await post(`/v1/dead-letters/replays/${newId('sweep')}/cancel`, {}, headers),
  ].map(({ statusCode }) => statusCode)

  assert.deepEqual(await ask(reader), [200, 200, 404, 403, 403, 403])
  assert.deepEqual(await ask(writer), [403, 403, 403, 202, 200, 404])
})

test('the same code and the same keys of two tenants are theirs each, and the end of one is nothing to the other', async (t) => {
  const { db, post, ours, theirs } = await startWithTwo(t)
  const submit = (headers: Record<string, string>, input: unknown) => post('/v1/jobs', { code: CODE, input }, { ...headers, 'idempotency-key': 'k' })
  const [one, other] = [await submit(ours, 1), await submit(theirs, 2)]

  await playWorker(db, String(one.json()['id']), { retentionMs: 0 })
  await removeExpired(db, 10)

  assert.deepEqual([one.statusCode, other.statusCode, (await submit(theirs, 2)).statusCode, (await submit(theirs, 1)).statusCode], [202, 202, 202, 409])
  assert.equal((await submit(ours, 1)).statusCode, 410)
  assert.deepEqual(await Promise.all(['one', 'other'].map((tenant) => db.redis.exists(db.keys.code(tenant, sha256(CODE))))), [0, 1])
})

test('what a tenant may post depends on nothing that another has posted', async (t) => {
  const { post, ours, theirs, submit } = await startWithTwo(t)
  const fresh = await post('/v1/jobs', { code: CODE }, theirs)
  await submit(ours, { code: 'export default () => "theirs"' })

  const known = await post('/v1/jobs', { code: 'export default () => "theirs"' }, theirs)

  assert.deepEqual([known.statusCode, Object.keys(known.json())], [fresh.statusCode, Object.keys(fresh.json())])
})

test('keys and what was done with them are their tenant\'s alone, as if another had never had any', async (t) => {
  const { get, post, remove, holder } = await startApi(t)
  const [ours, theirs] = [await holder('one', 'admin'), await holder('other', 'admin')]
  const made = (await post('/v1/keys', { name: 'ours', scopes: ['jobs:read'] }, ours)).json()
  const revoked = (await post('/v1/keys', { name: 'ours, too', scopes: ['jobs:read'] }, ours)).json()
  await remove(`/v1/keys/${String(revoked['id'])}`, ours)
  const ask = async (id: string) => {
    const answers = [await get(`/v1/keys/${id}`, theirs), await post(`/v1/keys/${id}/rotate`, {}, theirs), await remove(`/v1/keys/${id}`, theirs)]
    return answers.map(({ statusCode, body }) => [statusCode, body.replaceAll(id, 'ID')])
  }
  const idsOf = async (path: string) => ((await get(path, theirs)).json()['data'] as { id?: string, target?: string }[]).map(({ id, target }) => target ?? id)

  const expected = await ask(newId('key'))
  for (const { id } of [made, revoked]) assert.deepEqual(await ask(String(id)), expected)

  assert.deepEqual([...new Set(expected.map(([status]) => status))], [404])
  assert.equal((await get(`/v1/keys/${String(made['id'])}`, ours)).statusCode, 200)
  for (const path of ['/v1/keys', `/v1/keys?cursor=${String(made['id'])}`, '/v1/audit']) {
    for (const id of await idsOf(path)) assert.ok(id !== made['id'] && id !== revoked['id'], path)
  }
  assert.deepEqual([(await get('/v1/keys?tenant=one', theirs)).statusCode, (await get('/v1/audit?tenant=one', theirs)).statusCode], [403, 403])
})
