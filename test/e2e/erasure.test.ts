import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dumpLines } from '../helpers/dump.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const TENANT = 'a-tenant-that-goes'
const ID = /(?:job|bat|key|swp)_[0-9a-f-]{36}/g

test('live workers erase a tenant while its jobs run and wait: code that runs is stopped, and nothing is left', async (t) => {
  const service = await startService(t, { env: { BATCHBOX_ERASE_QUIET_MS: '500', BATCHBOX_REAP_EVERY_MS: '500' } })
  await service.startWorker({ BATCHBOX_ERASE_QUIET_MS: '500' })
  const operate = (method: string, path: string, body?: unknown) => service.request(method, path, body === undefined ? {} : { body })
  const key = String((await operate('POST', '/v1/keys', { tenant: TENANT, name: 'all', scopes: ['admin'] })).json['token'])
  const ids = new Set<string>()
  const post = async (path: string, body: unknown) => {
    const response = await fetch(`${service.url}${path}`, { method: 'POST', headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() }, body: JSON.stringify(body) })
    const text = await response.text()
    for (const id of text.match(ID) ?? []) ids.add(id)
    return { status: response.status, json: JSON.parse(text) as Record<string, unknown> }
  }
  const endless = { code: 'export default () => new Promise((resolve) => setTimeout(resolve, 250_000))', limits: { timeoutMs: 300_000 } }
  const others = await Promise.all([service.post({ code: 'export default () => 1' }), service.post({ code: 'export default () => 2', delayMs: 1500 })])
  await Promise.all([post('/v1/jobs', { code: 'export default () => { throw new Error("no") }' }), post('/v1/jobs', { code: 'export default (x) => x', input: 'x'.repeat(20_000) })])
  for (let i = 0; i < 6; i++) await post('/v1/jobs', endless)
  await post('/v1/batches', { job: endless, inputs: Array.from({ length: 300 }, (_, i) => i) })
  await post('/v1/jobs', { ...endless, delayMs: 3_600_000 })
  await until('some run', async () => await service.db.redis.zcard(service.db.keys.jobs(TENANT, 'running')) > 0, 60_000)

  const ordered = await operate('DELETE', `/v1/tenants/${TENANT}`)
  const refused = await post('/v1/jobs', endless)
  const erasure = async () => (await operate('GET', `/v1/tenants/${TENANT}/erasure`)).json
  await until('it is erased', async () => (await erasure())['status'] === 'done', 60_000)

  assert.equal(ordered.status, 202)
  assert.ok([401, 409].includes(refused.status), String(refused.status))
  assert.partialDeepStrictEqual(await erasure(), { running: 0, removed: { keys: 1, jobs: 309, batches: 1 } })
  assert.deepEqual(await Promise.all(others.map(async ({ id }) => (await service.end(id)).result)), [1, 2])
  // Workers give the queue its messages of runs that were stopped back a moment later, which its stream of the last hundred then tells.
  const left = async () => (await dumpLines(service.db)).filter((line) => !line.startsWith('queue:jobs:events ') && (line.includes(TENANT) || (line.match(ID) ?? []).some((id) => ids.has(id))))
  await until('nothing is left', async () => (await left()).length === 0)
})
