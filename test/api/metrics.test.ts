import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADMIN_HEADERS, startApi } from '../helpers/api.ts'
import { parseMetrics, type Scrape } from '../helpers/metrics.ts'
import { playWorker } from '../helpers/play-worker.ts'
import { until } from '../helpers/until.ts'

const TOKEN = 'a-token-for-prometheus'
const HOSTILE = 'hostile"} 1\n# evil{x="'

test('/metrics needs a key with its scope, which an administrator of a tenant has not, or the configured token', async (t) => {
  const { get, holder } = await startApi(t, { BATCHBOX_METRICS_TOKEN: TOKEN })
  const token = { authorization: `Bearer ${TOKEN}` }

  const read = async (headers: Record<string, string>) => (await get('/metrics', headers)).statusCode

  assert.deepEqual([await read({}), await read({ authorization: 'Bearer wrong' })], [401, 401])
  assert.deepEqual([await read(await holder('acme', 'jobs:read')), await read(await holder('acme', 'admin'))], [403, 403])
  assert.deepEqual([await read(ADMIN_HEADERS), await read(token), await read(await holder('acme', 'metrics:read'))], [200, 200, 200])
  assert.equal((await get('/v1/jobs', token)).statusCode, 403, 'the token opens nothing else')
})

test('an operator may open /metrics to everybody', async (t) => {
  const { get } = await startApi(t, { BATCHBOX_METRICS_OPEN: '1' })

  const { statusCode, headers, body } = await get('/metrics', {})

  assert.deepEqual([statusCode, headers['content-type']], [200, 'text/plain; version=0.0.4; charset=utf-8'])
  assert.ok(parseMetrics(body).types.has('process_cpu_time_seconds_total'))
})

test('without a token there is none that opens them', async (t) => {
  const { get } = await startApi(t)

  assert.equal((await get('/metrics', { authorization: 'Bearer undefined' })).statusCode, 401)
})

test('requests are counted by the template of their route, method and status, refusals too, and nothing that a client wrote is a label', async (t) => {
  const { get, post, send, db, holder } = await startApi(t)
  const { id } = (await post('/v1/jobs', { code: `${HOSTILE}`, tags: { [HOSTILE]: HOSTILE } }, { traceparent: HOSTILE.replaceAll('\n', '') })).json() as { id: string } // JobView
  await playWorker(db, id)
  await get(`/v1/jobs/${id}?wait=1`)
  await get('/v1/jobs', await holder('hostile-tenant', 'jobs:read'))
  await get(`/v1/jobs/${encodeURIComponent(HOSTILE)}`)
  await get('/nothing/hostile')
  await get('/v1/jobs', { authorization: `Bearer ${encodeURIComponent(HOSTILE)}` })
  await send({ method: 'PROPFIND' as 'GET', url: '/hostile', headers: ADMIN_HEADERS })
  await post('/v1/jobs', { code: 'x', entry: HOSTILE, tools: ['hostile'] })

  let scrape: Scrape | undefined
  await until('all of them are counted', async () => {
    scrape = parseMetrics((await get('/metrics')).body)
    return scrape.value('http_server_request_duration_seconds_count', { http_route: '/v1/jobs' }) >= 4
  })

  assert.ok(scrape)
  const { value, samples } = scrape
  const count = (labels: Record<string, string>) => value('http_server_request_duration_seconds_count', labels)
  assert.equal(count({ http_request_method: 'POST', http_route: '/v1/jobs', http_response_status_code: '202' }), 1)
  assert.equal(count({ http_route: '/v1/jobs', http_response_status_code: '401' }), 1)
  assert.equal(count({ http_route: '/v1/jobs', http_response_status_code: '422' }), 1)
  assert.equal(count({ http_route: '/v1/jobs/:id', batchbox_waited: 'true' }), 0, 'a job that has ended is not waited for')
  assert.ok(!samples.some(({ labels }) => Object.entries(labels).join().includes('hostile')), JSON.stringify(samples.find(({ labels }) => JSON.stringify(labels).includes('hostile'))))
  assert.deepEqual([value('batchbox_jobs_accepted_total'), value('batchbox_jobs_ended_total', { status: 'succeeded' })], [1, 1])
})

test('a client that leaves is counted, and not as being answered for ever', async (t) => {
  const { app, post, get } = await startApi(t, { BATCHBOX_METRICS_OPEN: '1' })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const { id } = (await post('/v1/jobs', { code: 'x' })).json() as { id: string } // JobView
  const active = async () => parseMetrics((await get('/metrics')).body).value('http_server_active_requests', { http_request_method: 'GET' })
  const leaving = new AbortController()

  const asking = fetch(new URL(`/v1/jobs/${id}?wait=60`, url), { headers: ADMIN_HEADERS, signal: leaving.signal })
  await until('it waits', async () => await active() === 2)
  leaving.abort()
  await assert.rejects(asking)

  await until('it is counted', async () => {
    const { value } = parseMetrics((await get('/metrics')).body)
    return value('http_server_request_duration_seconds_count', { http_response_status_code: '499', batchbox_waited: 'true' }) === 1
  })
  assert.equal(await active(), 1, 'the scrape itself')
})
