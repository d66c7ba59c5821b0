import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendTrace } from '../../src/store/trace.ts'
import { archive } from '../../src/store/archive.ts'
import { startApi, type TestApi } from '../helpers/api.ts'
import { beginRun, playWorker } from '../helpers/play-worker.ts'
import { allKeys } from '../helpers/store.ts'

async function submit ({ post }: Pick<TestApi, 'post'>, job: Record<string, unknown> = {}): Promise<string> {
  return String((await post('/v1/jobs', { code: 'export default (x) => x', ...job })).json()['id'])
}

test('a finished job is removed with all it stored, archived or not, and its id answers 410', async (t) => {
  const api = await startApi(t)
  const { db } = api
  for (const isArchived of [false, true]) {
    const id = await submit(api, { input: 'x'.repeat(20_000) })
    await playWorker(db, id, { result: JSON.stringify('y'.repeat(20_000)) })
    await appendTrace(db, id, { resourceSpans: [] }, { maxBytes: 10_000, ttlMs: 60_000 })
    if (isArchived) assert.equal(await archive(db, id), true)

    const response = await api.remove(`/v1/jobs/${id}`)

    assert.deepEqual([response.statusCode, response.body], [204, ''])
    for (const path of ['', '/result', '/logs', '/events', '/trace']) assert.deepEqual([(await api.get(`/v1/jobs/${id}${path}`)).statusCode], [410])
    assert.equal((await api.remove(`/v1/jobs/${id}`)).statusCode, 410)
    assert.deepEqual((await allKeys(db)).filter((name) => name.includes(id)), [`gone:${id}`, ...(await allKeys(db)).filter((name) => name.startsWith('queue:') && name.includes(id))])
    assert.deepEqual((await api.get('/v1/jobs')).json()['data'], [])
  }
  assert.deepEqual((await allKeys(db)).filter((name) => name.startsWith('code:') || name === 'tenants'), [])
})

test('a job that has not ended is 409 NOT_FINISHED and stays', async (t) => {
  const api = await startApi(t)
  const [queued, scheduled, running] = [await submit(api), await submit(api, { delayMs: 60_000 }), await submit(api)]
  await beginRun(api.db, running)

  for (const [id, status] of [[queued, 'queued'], [scheduled, 'scheduled'], [running, 'running']] as const) {
    const response = await api.remove(`/v1/jobs/${id}`)

    assert.partialDeepStrictEqual(response.json(), { status: 409, code: 'NOT_FINISHED', detail: `Cannot delete job "${id}": it is ${status}; cancel it first` })
    assert.equal((await api.get(`/v1/jobs/${id}`)).statusCode, 200)
  }
})

test('only who may write jobs deletes one, and the log tells who did', async (t) => {
  const api = await startApi(t)
  const id = await submit(api)
  await playWorker(api.db, id)

  const refused = await api.remove(`/v1/jobs/${id}`, await api.holder('default', 'jobs:read'))
  await api.remove(`/v1/jobs/${id}`)

  assert.equal(refused.statusCode, 403)
  const [entry] = (await api.get('/v1/audit')).json()['data'] as Record<string, unknown>[] // a page of acts
  assert.partialDeepStrictEqual(entry, { act: 'job.deleted', actor: 'operator', target: id, details: {} })
  assert.ok(Math.abs(Date.parse(String(entry?.['time'])) - Date.now()) < 60_000)
})

test('a repeat of the request that made a deleted job is GONE, and of many deletions one deletes', async (t) => {
  const api = await startApi(t)
  const ask = () => api.post('/v1/jobs', { code: 'export default (x) => x' }, { 'idempotency-key': 'k' })
  const id = String((await ask()).json()['id'])
  await playWorker(api.db, id)

  const answers = await Promise.all(Array.from({ length: 5 }, () => api.remove(`/v1/jobs/${id}`)))

  assert.deepEqual(answers.map(({ statusCode }) => statusCode).sort(), [204, 410, 410, 410, 410])
  assert.equal((await ask()).statusCode, 410)
})
