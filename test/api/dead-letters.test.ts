import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import type { DeadLetter, JobView } from '../../src/core/job.ts'
import { stepSweep } from '../../src/store/dead-letters/step.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { removeExpired } from '../../src/store/reap.ts'
import { startApi, type TestApi } from '../helpers/api.ts'
import { die, EVIDENCE } from '../helpers/dead-letters.ts'
import { beginJob, settlement } from '../helpers/store.ts'

const CODE = 'export default (x) => x'
const FAST = { perSecond: 1000, inFlight: 1000 }
type Headers = Record<string, string>

async function openApi (t: TestContext) {
  const api = await startApi(t)
  const submit = async (job: Record<string, unknown> = {}, headers: Headers = {}) => String((await api.post('/v1/jobs', { code: CODE, ...job }, headers)).json()['id'])
  const submitDead = async (job: Record<string, unknown> = {}, headers: Headers = {}) => {
    const id = await submit(job, headers)
    await die(api.db, id)
    return id
  }
  return { ...api, submit, submitDead, remove: (path: string, headers?: Headers) => remove(api, path, headers) }
}

function remove ({ send, holder: _ }: TestApi, path: string, headers: Headers = {}) {
  return send({ method: 'DELETE', url: path, headers: { authorization: 'Bearer an-administrator-of-this-test-only', ...headers } })
}

async function list ({ get }: Pick<TestApi, 'get'>, query = '', headers?: Headers): Promise<DeadLetter[]> {
  const answer = await get(`/v1/dead-letters${query}`, headers)
  assert.equal(answer.statusCode, 200, answer.body)
  return answer.json()['data'] as DeadLetter[] // what the route answers
}

test('dead letters are listed newest first, with their runs and what killed them, and counted by code', async (t) => {
  const api = await openApi(t)
  const crashed = await api.submitDead({ tags: { a: 'b' }, input: { n: 1 } })
  const timedOut = await api.submit()
  await die(api.db, timedOut, 'TIMEOUT')
  await api.submit()

  const letters = await list(api)

  assert.deepEqual(letters.map(({ id }) => id), [timedOut, crashed])
  const [, letter] = letters
  assert.deepEqual([letter?.status, letter?.error?.code, letter?.attempts[0]?.runs.length, letter?.replayedAs], ['dead', 'WORKER_CRASHED', 1, null])
  assert.deepEqual(letter?.losses.map(({ run, attempt, worker, reason, evidence }) => ({ run, attempt, worker, reason, evidence })), [{ run: 1, attempt: 1, worker: 'w1', reason: 'crash', evidence: EVIDENCE }])
  assert.deepEqual((await list(api, '?code=WORKER_CRASHED')).map(({ id }) => id), [crashed])
  assert.deepEqual((await list(api, '?tag=a:b')).map(({ id }) => id), [crashed])
  assert.deepEqual((await list(api, '?code=TIMEOUT&tag=a:b')), [])
  assert.deepEqual((await list(api, '?until=2020-01-01T00:00:00Z')), [])
  const page = (await api.get('/v1/dead-letters?limit=1')).json()
  assert.deepEqual((await list(api, `?limit=1&cursor=${String(page['nextCursor'])}`)).map(({ id }) => id), [crashed])
  assert.deepEqual((await api.get('/v1/dead-letters/counts')).json(), { total: 2, byCode: { TIMEOUT: 1, WORKER_CRASHED: 1 } })
})

test('the dead items of a batch are found, replayed and purged by its id', async (t) => {
  const api = await openApi(t)
  const other = await api.submitDead()
  const batch = String((await api.post('/v1/batches', { job: { code: CODE }, inputs: [1, 2, 3] })).json()['id'])
  const [dead = '', late = ''] = ((await api.get(`/v1/jobs?batch=${batch}`)).json()['data'] as { id: string }[]).map(({ id }) => id)
  await die(api.db, dead)
  await die(api.db, late, 'TIMEOUT')

  const found = (await list(api, `?batch=${batch}&code=WORKER_CRASHED`)).map(({ id, batchId }) => [id, batchId])
  const order = await api.post('/v1/dead-letters/replay', { filter: { batch, code: 'WORKER_CRASHED' } })
  await stepSweep(api.db, FAST, String(order.json()['id']))
  const purged = await api.remove(`/v1/dead-letters?batch=${batch}`)

  assert.deepEqual(found, [[dead, batch]])
  assert.equal((await api.get(String(order.headers['location']))).json()['done'], 1)
  assert.equal(purged.json()['done'], 2)
  assert.deepEqual((await list(api)).map(({ id }) => id), [other])
})

test('filters and cursors that are none are refused by name', async (t) => {
  const { get, post, remove } = await openApi(t)
  const bad = [
    '?code=NOPE', '?code=__proto__', '?code=dead:x', '?code=*', '?tag=:x', '?tag=x', '?since=yesterday', '?limit=0', '?limit=201', '?cursor=nonsense', '?status=failed',
    `?cursor=${Buffer.from('1 a b').toString('base64url')}`, `?cursor=${Buffer.from('-1 job').toString('base64url')}`,
  ]

  for (const query of bad) assert.equal((await get(`/v1/dead-letters${query}`)).statusCode, 422, query)
  for (const query of ['', '?all=false', '?ids=', '?all=true&code=TIMEOUT', `?ids=${newId('job')}&tag=a:b`, `?ids=${'x'.repeat(65)}`]) {
    assert.equal((await remove(`/v1/dead-letters${query}`)).statusCode, 422, query)
  }
  for (const body of [{}, { all: false }, { ids: [] }, { filter: {} }, { filter: { status: 'failed' } }, { all: true, ids: ['x'] }, { all: true, limits: { memoryMb: 1 } }, { all: true, limits: { other: 1 } }, { all: true, priority: 'urgent' }]) {
    const answer = await post('/v1/dead-letters/replay', body)
    assert.equal(answer.statusCode, 422, JSON.stringify(body))
    assert.equal(answer.json()['code'], 'INVALID')
  }
})

test('a job that has ended is made again with what is to be other, once unless told', async (t) => {
  const { post, get, db, submitDead, ...api } = await openApi(t)
  const source = await submitDead({ input: [1, { deep: true }], limits: { memoryMb: 64, timeoutMs: 1000 }, retry: { attempts: 2 }, tags: { a: 'b' }, delayMs: 1 })

  const answer = await post(`/v1/jobs/${source}/replay`, { limits: { memoryMb: 256 }, priority: 'high' })
  const made = answer.json() as unknown as JobView // what the route answers
  const second = await post(`/v1/jobs/${source}/replay`, { limits: { memoryMb: 512 } })
  const third = await post(`/v1/jobs/${source}/replay`, { again: true })

  assert.deepEqual([answer.statusCode, answer.headers['location'], made.replayOf, made.status, made.priority, made.tags], [202, `/v1/jobs/${made.id}`, source, 'queued', 'high', { a: 'b' }])
  const { job } = await beginJob(db, made.id)
  assert.deepEqual([job.code, job.input, job.spec.limits.memoryMb, job.spec.limits.timeoutMs, job.spec.retry.attempts], [CODE, '[1,{"deep":true}]', 256, 1000, 2])
  assert.deepEqual([second.statusCode, second.json()['id']], [200, made.id])
  assert.deepEqual([third.statusCode, third.json()['replayOf']], [202, source])
  assert.notEqual(third.json()['id'], made.id)
  assert.equal((await list({ get, ...api }))[0]?.replayedAs, third.json()['id'])
  const job2 = (await get(`/v1/jobs/${made.id}`)).json()
  assert.equal(job2['replayOf'], source)
})

test('any job that has ended can be replayed, without a body, too; one that goes on cannot', async (t) => {
  const { post, send, db, submit } = await openApi(t)
  const [succeeded, waiting] = [await submit(), await submit()]
  await settle(db, (await beginJob(db, succeeded)).run, settlement())

  const answer = await send({ method: 'POST', url: `/v1/jobs/${succeeded}/replay`, headers: { authorization: 'Bearer an-administrator-of-this-test-only' } })

  assert.deepEqual([answer.statusCode, answer.json()['replayOf']], [202, succeeded])
  assert.deepEqual(((await post(`/v1/jobs/${waiting}/replay`, {})).json())['code'], 'NOT_FINISHED')
  assert.equal((await post(`/v1/jobs/${newId('job')}/replay`, {})).statusCode, 404)
  assert.equal((await post('/v1/jobs/nonsense/replay', {})).statusCode, 404)
})

test('a replay is validated as a request is, also where the service takes less than before', async (t) => {
  const { post, submitDead, db, ...api } = await openApi(t)
  const source = await submitDead({ limits: { memoryMb: 512 } })
  const small = await startApi(t, { BATCHBOX_MAX_MEMORY_MB: '256' }, { redis: { url: String(db.redis.options.path ? `unix://${db.redis.options.path}` : ''), prefix: db.keys.prefix } })

  const over = await post(`/v1/jobs/${source}/replay`, { limits: { memoryMb: 100_000 } })
  const logs = await post(`/v1/jobs/${source}/replay`, { limits: { logBytes: 16_777_216 }, retry: { attempts: 100 } })
  const lowered = await small.post(`/v1/jobs/${source}/replay`, {})
  const fitting = await small.post(`/v1/jobs/${source}/replay`, { limits: { memoryMb: 200 } })

  assert.equal(over.statusCode, 422)
  assert.deepEqual([logs.statusCode, logs.json()['errors']], [422, [{ pointer: '/retry/attempts', message: 'retry.attempts times limits.logBytes is 1677721600 bytes of logs, more than the maximum of 268435456 bytes' }]])
  assert.deepEqual([lowered.statusCode, lowered.json()['errors']], [422, [{ pointer: '/limits/memoryMb', message: 'limits.memoryMb is 512 MB, more than the maximum of 256 MB' }]])
  assert.equal(fitting.statusCode, 202)
  assert.equal(api.lines.some(({ level }) => level === 'error'), false)
})

test('an idempotency key stands for one replay, of one job or of many', async (t) => {
  const { post, submitDead } = await openApi(t)
  const [one, other] = [await submitDead(), await submitDead()]
  const key = (name: string) => ({ 'idempotency-key': name })

  const ids = [await post(`/v1/jobs/${one}/replay`, { again: true }, key('a')), await post(`/v1/jobs/${one}/replay`, { again: true }, key('a'))].map((answer) => answer.json()['id'])
  const orders = [await post('/v1/dead-letters/replay', { all: true }, key('b')), await post('/v1/dead-letters/replay', { all: true }, key('b'))].map((answer) => answer.json()['id'])

  assert.equal(ids[0], ids[1])
  assert.equal(orders[0], orders[1])
  assert.equal((await post(`/v1/jobs/${one}/replay`, { again: false }, key('a'))).statusCode, 409)
  assert.equal((await post(`/v1/jobs/${other}/replay`, { again: true }, key('a'))).statusCode, 409, 'another job is another request')
})

test('a replay of a job that was removed meanwhile is gone, and so is that of one whose replay was removed', async (t) => {
  const { post, db, submitDead } = await openApi(t)
  const [source, removed] = [await submitDead(), await submitDead()]
  await db.redis.zadd(db.keys.expiring, 0, removed)
  await removeExpired(db, 10)
  const made = String((await post(`/v1/jobs/${source}/replay`, {})).json()['id'])
  await settle(db, (await beginJob(db, made)).run, settlement({ retentionMs: 0 }))
  await removeExpired(db, 10)

  const answers = [await post(`/v1/jobs/${removed}/replay`, {}), await post(`/v1/jobs/${source}/replay`, {}), await post(`/v1/jobs/${source}/replay`, { again: true })]

  assert.deepEqual(answers.map(({ statusCode }) => statusCode), [410, 410, 202])
  assert.match(String(answers[1]?.json()['detail']), /"again": true/)
})

test('many are replayed by an order that can be followed and cancelled', async (t) => {
  const { post, get, db, submitDead } = await openApi(t)
  const ids = [await submitDead(), await submitDead(), await submitDead()]

  const order = await post('/v1/dead-letters/replay', { ids: [ids[0], ids[2], newId('job')], limits: { memoryMb: 256 } })
  const path = String(order.headers['location'])
  await stepSweep(db, FAST)
  const after = (await get(path)).json()
  const rest = await post('/v1/dead-letters/replay', { filter: { code: 'WORKER_CRASHED' } })
  const cancelled = await post(`${String(rest.headers['location'])}/cancel`, {})
  await stepSweep(db, FAST, String(rest.json()['id']))

  assert.deepEqual([order.statusCode, order.json()['status'], order.json()['total']], [202, 'running', 3])
  assert.deepEqual([after['seen'], after['done'], after['skipped'], after['jobs']], [3, 2, 1, { inFlight: 2, ended: {} }])
  assert.deepEqual([cancelled.statusCode, cancelled.json()['status']], [200, 'cancelled'])
  assert.equal((await get(String(rest.headers['location']))).json()['done'], 0)
  const jobs = (await get('/v1/jobs?status=queued')).json()['data'] as JobView[] // a page of jobs
  assert.deepEqual(jobs.map(({ replayOf, priority }) => [replayOf, priority]).toSorted(), [[ids[0], 'low'], [ids[2], 'low']].toSorted())
  for (const bad of [newId('sweep'), 'nonsense', `${String(order.json()['id'])}:flight`]) assert.equal((await post(`/v1/dead-letters/replays/${bad}/cancel`, {})).statusCode, 404)
})

test('a purge answers how many are gone; a large one goes on in steps', async (t) => {
  const { get, db, remove, submitDead } = await openApi(t)
  const ids = [await submitDead({ tags: { a: 'b' } }), await submitDead(), await submitDead()]

  const one = await remove(`/v1/dead-letters?ids=${ids[1]},${newId('job')}`)
  const tagged = await remove('/v1/dead-letters?tag=a:b')
  const all = await remove('/v1/dead-letters?all=true')

  assert.deepEqual([one, tagged, all].map((answer) => [answer.statusCode, answer.json()['status'], answer.json()['done'], answer.json()['skipped']]), [[200, 'done', 1, 1], [200, 'done', 1, 0], [200, 'done', 1, 0]])
  assert.deepEqual((await get('/v1/dead-letters/counts')).json(), { total: 0, byCode: {} })
  assert.equal((await get(`/v1/jobs/${ids[1]}`)).statusCode, 410)
  assert.equal((await get(String(all.headers['location']))).json()['done'], 1)
  assert.equal(await db.redis.exists(db.keys.sweeps()), 0)
})
