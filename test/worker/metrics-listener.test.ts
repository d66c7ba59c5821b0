import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createMetricsListener, type MetricsListenerOptions } from '../../src/worker/metrics-listener.ts'

async function listen (t: TestContext, options: Partial<MetricsListenerOptions> = {}) {
  const errors: unknown[] = []
  const listener = await createMetricsListener({ host: '127.0.0.1', port: 0, token: null, open: false, scrape: async () => 'up 1\n', onError: (error) => errors.push(error), ...options })
  t.after(() => listener.close())
  const get = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(new URL(path, listener.url), init)
    return { status: response.status, text: await response.text(), headers: response.headers }
  }
  return { get, errors }
}

test('on loopback the metrics and the health of a worker need no token, and there is nothing else', async (t) => {
  const { get } = await listen(t)

  const metrics = await get('/metrics?x=1')
  const others = [await get('/'), await get('/metrics/x'), await get('/metrics', { method: 'POST', body: 'x' })]

  assert.deepEqual([metrics.status, metrics.text, metrics.headers.get('content-type')], [200, 'up 1\n', 'text/plain; version=0.0.4; charset=utf-8'])
  assert.equal((await get('/healthz')).text, '{"status":"ok"}')
  assert.deepEqual(others.map(({ status }) => status), [404, 404, 404])
})

test('with a token, /metrics needs it and /healthz does not', async (t) => {
  const { get } = await listen(t, { token: 'a token of sixteen' })
  const read = (authorization?: string) => get('/metrics', authorization === undefined ? {} : { headers: { authorization } })

  const refused = [await read(), await read('Bearer '), await read('Bearer a token of sixteem'), await read('Basic a token of sixteen')]

  for (const { status, headers } of refused) assert.deepEqual([status, headers.get('www-authenticate')], [401, 'Bearer'])
  assert.equal((await read('Bearer a token of sixteen')).status, 200)
  assert.equal((await get('/healthz')).status, 200)
})

test('it does not listen where others could read what nobody opened', async (t) => {
  await assert.rejects(listen(t, { host: '0.0.0.0' }), /BATCHBOX_METRICS_HOST "0\.0\.0\.0".*BATCHBOX_METRICS_TOKEN/)

  const { get } = await listen(t, { host: '0.0.0.0', open: true })
  assert.equal((await get('/metrics')).status, 200)
})

test('a collection that fails is answered without its reason, which is reported', async (t) => {
  const { get, errors } = await listen(t, { scrape: () => Promise.reject(new Error('secret')) })

  const { status, text } = await get('/metrics')

  assert.equal(status, 500)
  assert.doesNotMatch(text, /secret/)
  assert.deepEqual(errors.map(String), ['Error: secret'])
})
