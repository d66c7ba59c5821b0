import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADMIN_HEADERS, startApi } from '../helpers/api.ts'
import { beginRun } from '../helpers/play-worker.ts'
import { until } from '../helpers/until.ts'

const JOB = { code: 'export default (x) => x' }
const PATH = '/v1/tenants/acme/bounds'
const ceilings = { limits: {}, tools: null, permissions: null, secrets: null, webhooks: null }

test('an operator bounds what may wait and run of a tenant, whatever its keys say, and the tenant reads it', async (t) => {
  const api = await startApi(t)
  const [admin, other] = [await api.holder('acme', 'admin'), await api.holder('other', 'admin')]
  const put = (body: unknown, headers = {}) => api.send({ method: 'PUT', url: PATH, headers: { ...ADMIN_HEADERS, 'content-type': 'application/json', ...headers }, payload: JSON.stringify(body) })
  const before = (await api.get(PATH, admin)).json()

  const set = await put({ jobsWaiting: 1, jobsRunning: 3 })
  const answers = [await api.post('/v1/jobs', JOB, admin), await api.post('/v1/jobs', JOB, admin), await api.post('/v1/jobs', JOB, other)]

  assert.deepEqual([before, set.statusCode, (await api.get(PATH, admin)).json()], [{ jobsWaiting: null, jobsRunning: null, ceilings }, 200, { jobsWaiting: 1, jobsRunning: 3, ceilings }])
  assert.deepEqual(answers.map(({ statusCode }) => statusCode), [202, 429, 202])
  assert.match(String(answers[1]?.json()['detail']), /1 jobs of the tenant wait, and the bound of the tenant, jobsWaiting of \/v1\/tenants\/acme\/bounds, is 1/)
  assert.deepEqual([(await put({ jobsWaiting: 2, jobsRunning: null }, admin)).statusCode, (await api.get(PATH, other)).statusCode], [403, 403])
  assert.equal((await put({ jobsWaiting: -1, jobsRunning: null })).statusCode, 422)
  await put({ jobsWaiting: null, jobsRunning: null })
  assert.equal((await api.post('/v1/jobs', JOB, admin)).statusCode, 202)
  assert.deepEqual(((await api.get('/v1/audit', admin)).json()['data'] as { act: string, details: unknown }[]).map(({ act, details }) => [act, details]), [
    ['tenant.bounded', { jobsWaiting: null, jobsRunning: null, ceilings }], ['tenant.bounded', { jobsWaiting: 1, jobsRunning: 3, ceilings }],
    ['key.created', { name: '', scopes: ['admin'], expiresAt: null }],
  ])
})

test('an operator holds all jobs of a tenant to ceilings, those of keys that an API knows already too', async (t) => {
  const api = await startApi(t)
  const { token } = (await api.post('/v1/keys', { tenant: 'acme', name: 'k', scopes: ['jobs:write'], ceilings: { limits: { timeoutMs: 5000 }, permissions: { net: ['api.example.com', 'example.org'] } } })).json()
  const key = { authorization: `Bearer ${String(token)}` }
  const submit = async (job: Record<string, unknown>) => (await api.post('/v1/jobs', { ...JOB, ...job }, key)).statusCode
  const before = [await submit({ permissions: { net: ['example.org'] } }), await submit({ tools: ['crypto'] }), await submit({ limits: { memoryMb: 512 } })]

  const put = await api.send({
    method: 'PUT', url: PATH, headers: { ...ADMIN_HEADERS, 'content-type': 'application/json' },
    payload: JSON.stringify({ jobsWaiting: null, jobsRunning: null, ceilings: { limits: { memoryMb: 256, timeoutMs: 9000 }, tools: ['echo'], permissions: { net: ['*.example.com'] } } }),
  })
  await until('the API was told', async () => await submit({ tools: ['crypto'] }) === 422)

  assert.deepEqual([before, put.statusCode], [[202, 202, 202], 200])
  assert.equal(await submit({ tools: ['echo'], permissions: { net: ['api.example.com'] }, limits: { memoryMb: 256, timeoutMs: 5000 } }), 202)
  const beyond: Record<string, unknown>[] = [{ permissions: { net: ['example.org'] } }, { permissions: { net: ['www.example.com'] } }, { limits: { memoryMb: 257 } }, { limits: { timeoutMs: 5001 } }]
  for (const job of beyond) assert.equal(await submit(job), 422)
})

test('no more of a tenant is handed to workers than may run', async (t) => {
  const api = await startApi(t)
  const admin = await api.holder('acme', 'admin')
  await api.send({ method: 'PUT', url: PATH, headers: { ...ADMIN_HEADERS, 'content-type': 'application/json' }, payload: JSON.stringify({ jobsWaiting: null, jobsRunning: 1 }) })

  const ids: string[] = []
  for (let i = 0; i < 3; i++) ids.push(String((await api.post('/v1/jobs', JOB, admin)).json()['id']))
  const handedOut = await api.db.redis.zrange(api.db.keys.owedDispatch, 0, '-1')
  await beginRun(api.db, ids[0] ?? '')

  assert.deepEqual(handedOut, [`${ids[0]} 1`])
  assert.deepEqual(await api.db.redis.zrange(api.db.keys.owedDispatch, 0, '-1'), [], 'it runs, and no other may')
})
