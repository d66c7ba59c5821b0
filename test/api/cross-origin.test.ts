import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADMIN_HEADERS, startApi } from '../helpers/api.ts'

const PAGE = 'https://app.example.com'
const ASKS = { origin: PAGE, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization, content-type, idempotency-key' }

test('no page of another origin may use the API unless it is allowed', async (t) => {
  const api = await startApi(t)

  const preflight = await api.send({ method: 'OPTIONS', url: '/v1/jobs', headers: ASKS })
  const answer = await api.get('/v1/jobs', { ...ADMIN_HEADERS, origin: PAGE })

  assert.deepEqual([preflight.statusCode, preflight.headers['access-control-allow-origin']], [401, undefined])
  assert.deepEqual([answer.statusCode, answer.headers['access-control-allow-origin']], [200, undefined])
})

test('pages of an allowed origin may, with any header, and read what they need of the answer, refusals included', async (t) => {
  const api = await startApi(t, { BATCHBOX_CORS_ORIGINS: `${PAGE}, http://localhost:5173` })

  const preflight = await api.send({ method: 'OPTIONS', url: '/v1/jobs', headers: ASKS })
  const answer = await api.get('/v1/jobs', { ...ADMIN_HEADERS, origin: PAGE })
  const refusal = await api.get('/v1/jobs', { origin: PAGE })
  const events = await api.get('/v1/events?tag=k:v', { ...ADMIN_HEADERS, origin: PAGE })
  const stranger = await api.get('/v1/jobs', { ...ADMIN_HEADERS, origin: `${PAGE}.evil.example` })

  assert.deepEqual([preflight.statusCode, preflight.headers['access-control-allow-origin'], preflight.headers['access-control-allow-headers']], [204, PAGE, ASKS['access-control-request-headers']])
  const { paths } = (await api.get('/openapi.json')).json() as { paths: Record<string, object> } // OpenAPI 3.1
  const used = new Set(Object.values(paths).flatMap((operations) => Object.keys(operations).map((method) => method.toUpperCase())))
  const allowed = String(preflight.headers['access-control-allow-methods']).split(', ')
  assert.deepEqual([...used].filter((method) => !allowed.includes(method)), [])
  for (const { headers } of [answer, refusal, events]) {
    assert.equal(headers['access-control-allow-origin'], PAGE)
    assert.match(String(headers['access-control-expose-headers']), /Location.*Retry-After.*RateLimit-Limit/)
    assert.equal(headers['access-control-allow-credentials'], undefined)
    assert.match(String(headers['vary']), /Origin/i)
  }
  assert.deepEqual([answer.statusCode, refusal.statusCode, stranger.headers['access-control-allow-origin']], [200, 401, undefined])
})

test('any origin may be allowed, and unknown paths and methods are told as before', async (t) => {
  const api = await startApi(t, { BATCHBOX_CORS_ORIGINS: '*' })

  const [answer, unknown, wrong] = await Promise.all([
    api.get('/v1/jobs', { ...ADMIN_HEADERS, origin: PAGE }),
    api.get('/v1/nothing', { ...ADMIN_HEADERS, origin: PAGE }),
    api.send({ method: 'PATCH', url: '/v1/jobs', headers: { ...ADMIN_HEADERS, origin: PAGE } }),
  ])

  assert.deepEqual([answer, unknown, wrong].map(({ headers }) => headers['access-control-allow-origin']), ['*', '*', '*'])
  assert.deepEqual([unknown.statusCode, wrong.statusCode, wrong.headers['allow']], [404, 405, 'POST, GET, HEAD'])
})

test('what is no origin stops the boot', async (t) => {
  for (const wrong of ['https://app.example.com/', 'app.example.com', 'null', 'https://*.example.com/x']) {
    await assert.rejects(startApi(t, { BATCHBOX_CORS_ORIGINS: wrong }), /BATCHBOX_CORS_ORIGINS: Expected origins like https:\/\/app.example.com/)
  }
})
