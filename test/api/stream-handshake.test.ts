import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { readKey, revokeKey } from '../../src/store/keys.ts'
import { OPERATOR } from '../../src/store/audit.ts'
import { ADMIN_HEADERS, ADMIN_KEY, startApi } from '../helpers/api.ts'
import { connectStream } from '../helpers/stream-client.ts'
import { until } from '../helpers/until.ts'

const UPGRADE = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }
const JSON_PROTOCOL = { 'sec-websocket-protocol': 'batchbox.v1.json' }

test('a browser names its key in a subprotocol, which is neither answered nor logged', async (t) => {
  const { api, url } = await listen(t)
  const { authorization } = await api.holder('acme', 'jobs:read')
  const token = authorization.slice('Bearer '.length)

  const client = await connectStream(t, url, { offer: [`batchbox.bearer.${token}`] })
  const answer = await upgrade(url, { 'sec-websocket-protocol': `batchbox.bearer.${token}, batchbox.v9.json, batchbox.v1.msgpack, batchbox.v1.json` })

  assert.equal(client.socket.protocol, 'batchbox.v1.json')
  assert.deepEqual([answer.statusCode, answer.headers['sec-websocket-protocol']], [101, 'batchbox.v1.msgpack'])
  assert.equal(JSON.stringify(api.lines).includes(token), false)
})

test('whoever may not have a stream is told so before the connection is upgraded', async (t) => {
  const { api, url } = await listen(t)
  const writer = await api.holder('acme', 'jobs:write')
  const cases: [Record<string, string>, number, string][] = [
    [{ ...JSON_PROTOCOL }, 401, 'UNAUTHENTICATED'],
    [{ 'sec-websocket-protocol': 'batchbox.v1.json, batchbox.bearer.bbx_wrong' }, 401, 'UNAUTHENTICATED'],
    [{ 'sec-websocket-protocol': 'batchbox.v1.json, batchbox.bearer.' }, 401, 'UNAUTHENTICATED'],
    [{ ...JSON_PROTOCOL, ...writer }, 403, 'FORBIDDEN'],
    [{ ...JSON_PROTOCOL, ...ADMIN_HEADERS, origin: 'https://elsewhere.example' }, 403, 'FORBIDDEN'],
    [{ ...JSON_PROTOCOL, ...ADMIN_HEADERS, origin: 'null' }, 403, 'FORBIDDEN'],
    [{ ...ADMIN_HEADERS }, 400, 'BAD_REQUEST'],
    [{ ...ADMIN_HEADERS, 'sec-websocket-protocol': 'graphql-ws' }, 400, 'BAD_REQUEST'],
  ]

  for (const [headers, status, code] of cases) {
    const answer = await upgrade(url, headers)
    assert.deepEqual([answer.statusCode, (await json(answer) as { code: string }).code], [status, code], JSON.stringify(headers))
    assert.equal(answer.headers.connection, 'close')
  }
  const { server } = api.app
  await until('no refused connection is left', async () => await promisify(server.getConnections.bind(server))() === 0)
})

test('pages of the API\'s own origin, and of those that are allowed, may open a stream', async (t) => {
  const { url } = await listen(t, { BATCHBOX_CORS_ORIGINS: 'https://app.example.com' })

  const answers = await Promise.all([url, 'https://app.example.com', 'https://app.example.com.evil.example'].map((origin) => upgrade(url, { ...JSON_PROTOCOL, ...ADMIN_HEADERS, origin })))

  assert.deepEqual(answers.map(({ statusCode }) => statusCode), [101, 101, 403])
})

test('a request that is no WebSocket is told that there is one, and no other path is ever upgraded', async (t) => {
  const { api, url } = await listen(t)

  const plain = await api.get('/v1/stream')
  const other = await upgrade(url, { ...JSON_PROTOCOL, ...ADMIN_HEADERS }, '/v1/jobs')
  const cleartext = await upgrade(url, { ...ADMIN_HEADERS, upgrade: 'h2c' })
  const malformed = await upgrade(url, { ...JSON_PROTOCOL, ...ADMIN_HEADERS, 'sec-websocket-key': 'short' })

  assert.deepEqual([plain.statusCode, plain.headers['upgrade'], plain.json()['code']], [426, 'websocket', 'UPGRADE_REQUIRED'])
  assert.deepEqual([other.statusCode, cleartext.statusCode, malformed.statusCode], [200, 426, 400])
})

test('a stream ends when its key is revoked', async (t) => {
  const { api, url } = await listen(t)
  const { json } = await api.post('/v1/keys', { name: 'mine', scopes: ['jobs:read'] })
  const { id, token } = json() as { id: string, token: string } // the service's own answer
  const client = await connectStream(t, url, { offer: [`batchbox.bearer.${token}`] })
  const key = await readKey(api.db, { tenant: 'default', scopes: ['operator'] }, id)
  assert.ok(key)

  await revokeKey(api.db, key, { actor: OPERATOR, audit: { maxEntries: 100, maxAgeMs: 60_000 } })

  assert.deepEqual(await client.closed, { code: 4401, reason: 'The API key was rotated, revoked or has expired: connect again with one that is valid' })
})

test('a service that stops says so, and when to come back, before it closes', async (t) => {
  const { api, url } = await listen(t)
  const client = await connectStream(t, url, { headers: ADMIN_HEADERS })

  const stopped = api.close()
  const { code } = await client.closed
  await stopped

  const { type, payload } = client.messages.at(-1) ?? assert.fail('there is a message')
  assert.deepEqual([code, type, 'reconnectInMs' in payload && Number(payload.reconnectInMs) < 5000], [1001, 'system.shutdown', true])
})

test('a connection counts as one that was upgraded, by the template of its route', async (t) => {
  const { api, url } = await listen(t, { BATCHBOX_METRICS_OPEN: '1' })
  const client = await connectStream(t, url, { headers: ADMIN_HEADERS })

  client.socket.close()
  await client.closed

  await until('it was counted', async () => (await api.get('/metrics')).body.split('\n').some((line) => (
    line.startsWith('http_server_request_duration_seconds_count') && line.includes('http_route="/v1/stream"') && line.includes('http_response_status_code="101"')
  )))
})

test('the key of the operator is found in a subprotocol too', async (t) => {
  const { url } = await listen(t)

  const answer = await upgrade(url, { 'sec-websocket-protocol': `batchbox.v1.json,batchbox.bearer.${ADMIN_KEY}` })

  assert.equal(answer.statusCode, 101)
})

async function listen (t: TestContext, env: Record<string, string> = {}) {
  const api = await startApi(t, env)
  return { api, url: await api.app.listen({ host: '127.0.0.1', port: 0 }) }
}

/** Asks for an upgrade, and answers what comes back. */
async function upgrade (url: string, headers: Record<string, string>, path = '/v1/stream'): Promise<IncomingMessage> {
  const request = get(new URL(path, url), { headers: { ...UPGRADE, ...headers } })
  request.on('error', () => {}) // the socket is cut once it was upgraded
  const [answer] = await Promise.race([once(request, 'response'), once(request, 'upgrade')]) as [IncomingMessage]
  if (answer.statusCode === 101) answer.socket.destroy()
  return answer
}
