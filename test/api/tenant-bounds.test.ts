import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADMIN_HEADERS, startApi } from '../helpers/api.ts'
import { beginRun } from '../helpers/play-worker.ts'

const JOB = { code: 'export default (x) => x' }
const PATH = '/v1/tenants/acme/bounds'

test('an operator bounds what may wait and run of a tenant, whatever its keys say, and the tenant reads it', async (t) => {
  const api = await startApi(t)
  const [admin, other] = [await api.holder('acme', 'admin'), await api.holder('other', 'admin')]
  const put = (body: unknown, headers = {}) => api.send({ method: 'PUT', url: PATH, headers: { ...ADMIN_HEADERS, 'content-type': 'application/json', ...headers }, payload: JSON.stringify(body) })
  const before = (await api.get(PATH, admin)).json()

  const set = await put({ jobsWaiting: 1, jobsRunning: 3 })
  const answers = [await api.post('/v1/jobs', JOB, admin), await api.post('/v1/jobs', JOB, admin), await api.post('/v1/jobs', JOB, other)]

  assert.deepEqual([before, set.statusCode, (await api.get(PATH, admin)).json()], [{ jobsWaiting: null, jobsRunning: null }, 200, { jobsWaiting: 1, jobsRunning: 3 }])
  assert.deepEqual(answers.map(({ statusCode }) => statusCode), [202, 429, 202])
  assert.match(String(answers[1]?.json()['detail']), /1 jobs of the tenant wait, and the bound of the tenant, jobsWaiting of \/v1\/tenants\/acme\/bounds, is 1/)
  assert.deepEqual([(await put({ jobsWaiting: 2, jobsRunning: null }, admin)).statusCode, (await api.get(PATH, other)).statusCode], [403, 403])
  assert.equal((await put({ jobsWaiting: -1, jobsRunning: null })).statusCode, 422)
  await put({ jobsWaiting: null, jobsRunning: null })
  assert.equal((await api.post('/v1/jobs', JOB, admin)).statusCode, 202)
  assert.deepEqual(((await api.get('/v1/audit', admin)).json()['data'] as { act: string, details: unknown }[]).map(({ act, details }) => [act, details]), [
    ['tenant.bounded', { jobsWaiting: null, jobsRunning: null }], ['tenant.bounded', { jobsWaiting: 1, jobsRunning: 3 }],
    ['key.created', { name: '', scopes: ['admin'], expiresAt: null }],
  ])
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
