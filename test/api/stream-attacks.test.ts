import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { encode } from '@msgpack/msgpack'
import { append } from '../../src/store/moves/progress.ts'
import { ADMIN_HEADERS, startApi } from '../helpers/api.ts'
import { beginRun, logEvent } from '../helpers/play-worker.ts'
import { createRandom } from '../helpers/seeded-random.ts'
import { connectStream, type StreamClientOptions } from '../helpers/stream-client.ts'
import { until } from '../helpers/until.ts'

const SUBSCRIBE = { type: 'subscribe', payload: { subscription: 's', topic: 'job:nope' } }
const [MALFORMED, WRONG_KIND, TOO_LARGE] = [1007, 1003, 1009]
const LARGEST = 65_536
const SHORT_BEAT = { BATCHBOX_HEARTBEAT_MS: '100' }

test('frames that cannot be read end the connection, with the code that says why', async (t) => {
  const { connect, isWell } = await startStreams(t)
  const json: [what: string, frame: string | Buffer, code: number][] = [
    ['half a message', '{"type":', MALFORMED],
    ['nothing', '', MALFORMED],
    ['brackets', '['.repeat(LARGEST), MALFORMED],
    ['depth', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, MALFORMED],
    ['depth below a message', JSON.stringify({ ...SUBSCRIBE, payload: JSON.parse(`${'{"a":'.repeat(9)}1${'}'.repeat(9)}`) as object }), MALFORMED],
    ['too many messages', JSON.stringify(Array.from({ length: 101 }, () => SUBSCRIBE)), MALFORMED],
    ['no text', Buffer.from(JSON.stringify(SUBSCRIBE)), WRONG_KIND],
    ['too many bytes', JSON.stringify({ ...SUBSCRIBE, id: 'x'.repeat(LARGEST) }), TOO_LARGE],
    ['too many bytes once decompressed', JSON.stringify({ ...SUBSCRIBE, id: ' '.repeat(10 * 1_048_576) }), TOO_LARGE],
  ]
  const msgpack: [what: string, frame: string | Buffer, code: number][] = [
    ['half a message', Buffer.from(encode(SUBSCRIBE)).subarray(0, 20), MALFORMED],
    ['two messages that are no array', Buffer.concat([encode(1), encode(1)]), MALFORMED],
    ['an array of four billion', Buffer.of(0xdd, 0xff, 0xff, 0xff, 0xff), MALFORMED],
    ['a map of four billion', Buffer.of(0xdf, 0xff, 0xff, 0xff, 0xff), MALFORMED],
    ['a text of four billion', Buffer.of(0xdb, 0xff, 0xff, 0xff, 0xff), MALFORMED],
    ['arrays in arrays', Buffer.alloc(LARGEST, 0x91), MALFORMED],
    ['long arrays in long arrays', Buffer.alloc(LARGEST - 1, Buffer.of(0xdc, 0, 100)), MALFORMED],
    ['an extension', Buffer.of(0xd6, 0xff, 0, 0, 0, 0), MALFORMED],
    ['a prototype', Buffer.concat([Buffer.of(0x81), encode('__proto__'), encode(1)]), MALFORMED],
    ['text', JSON.stringify(SUBSCRIBE), WRONG_KIND],
  ]

  for (const [protocol, cases] of [['batchbox.v1.json', json], ['batchbox.v1.msgpack', msgpack]] as const) {
    await Promise.all(cases.map(async ([what, frame, code]) => {
      const client = await connect({ protocol })
      client.socket.send(frame)
      assert.equal((await client.closed).code, code, what)
      if (code === MALFORMED) assert.equal(client.messages.at(-1)?.type, 'error', what)
    }))
  }
  await isWell()
})

test('messages that say nothing sensible are refused one by one, and the connection goes on', async (t) => {
  const { connect } = await startStreams(t)
  const client = await connect()
  const wrong: [unknown, RegExp][] = [
    [null, /Cannot take the message/],
    [7, /Cannot take the message/],
    [{ type: 'job.succeeded', payload: {} }, /\/type/],
    [{ type: 'subscribe' }, /\/payload/],
    [{ type: 'subscribe', payload: { subscription: '', topic: 'job:x' } }, /\/payload\/subscription/],
    [{ type: 'subscribe', payload: { subscription: 'x'.repeat(129), topic: 'job:x' } }, /\/payload\/subscription/],
    [{ type: 'subscribe', payload: { subscription: 's', topic: 'job:x', after: -1 } }, /\/payload\/after/],
    [{ type: 'subscribe', payload: { subscription: 's', topic: 'job:x', delivery: 'exactly-once' } }, /\/payload\/delivery/],
    [{ type: 'subscribe', payload: { subscription: 's', topic: 'job:x', batch: { maxMessages: 101 } } }, /\/payload\/batch\/maxMessages/],
    [{ type: 'ack', payload: { subscription: 's', cursor: 1.5 } }, /\/payload\/cursor/],
    [{ type: 'ping', id: 'x'.repeat(129) }, /\/id/],
    [{ type: 'subscribe', payload: { subscription: 's', topic: 'tag:a' } }, /a topic is/],
  ]

  client.socket.send(JSON.stringify(wrong.map(([message]) => message)))
  client.send({ type: 'ping', id: 'last' })
  await client.next(({ type }) => type === 'pong')

  const errors = client.messages.filter(({ type }) => type === 'error').map(({ payload }) => payload as { code: string, detail: string }) // the protocol was checked
  assert.deepEqual(errors.map(({ code }) => code), wrong.map(() => 'INVALID'))
  errors.forEach(({ detail }, index) => assert.match(detail, wrong[index]?.[1] ?? /^$/))
})

test('whatever bytes come, the service stays well', async (t) => {
  const { connect, isWell } = await startStreams(t)
  const random = createRandom(7)
  const whole = Buffer.from(encode([SUBSCRIBE, { type: 'ping' }]))

  await Promise.all(Array.from({ length: 30 }, async (_, index) => {
    const client = await connect({ protocol: 'batchbox.v1.msgpack' })
    for (let frame = 0; frame < 10; frame++) {
      const bytes = index % 2 === 0 ? Buffer.from(whole) : Buffer.alloc(Math.floor(random() * 200))
      for (let change = index % 2 === 0 ? 3 : bytes.length; change > 0; change--) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
      client.socket.send(bytes)
    }
    client.socket.close()
    await client.closed
  }))

  await isWell()
})

test('a connection and a tenant have as many subscriptions as they may, and no more', async (t) => {
  const { api, connect } = await startStreams(t, { BATCHBOX_SOCKET_SUBSCRIPTIONS: '100', BATCHBOX_TENANT_SUBSCRIPTIONS: '150' })
  const id = String((await api.post('/v1/jobs', { code: 'export default 1' })).json()['id'])
  const asks = Array.from({ length: 400 }, (_, index) => ({ type: 'subscribe', payload: { subscription: `s${index}`, topic: `job:${id}` } }))
  const ask = async () => {
    const client = await connect()
    for (let from = 0; from < asks.length; from += 100) client.send(...asks.slice(from, from + 100))
    client.send({ type: 'ping' })
    await client.next(({ type }) => type === 'pong')
    return { client, refusals: client.messages.filter(({ type }) => type === 'error').map(({ payload }) => 'detail' in payload && String(payload.detail)) }
  }

  const first = await ask()
  const second = await ask()
  first.client.socket.close()
  await first.client.closed
  const third = await ask()

  assert.deepEqual([first, second, third].map(({ refusals }) => refusals.length), [300, 350, 300])
  assert.match(String(first.refusals[0]), /the connection has 100 subscriptions, which is the most/)
  assert.match(String(second.refusals[0]), /the tenant has 150 subscriptions here.*BATCHBOX_TENANT_SUBSCRIPTIONS/)
})

test('a tenant has as many connections as it may, and a place is free again when one closes', async (t) => {
  const { connect } = await startStreams(t, { BATCHBOX_TENANT_STREAMS: '2' })
  const [first] = await Promise.all([connect(), connect()])

  await assert.rejects(connect(), /the answer is 429/)
  first?.socket.terminate()

  await until('there is a place', () => connect().then(() => true, () => false))
})

test('a client that sends faster than it may is read more slowly, and loses nothing', async (t) => {
  const { connect } = await startStreams(t)
  const client = await connect()

  for (let frame = 0; frame < 8; frame++) client.send(...Array.from({ length: 100 }, (_, index) => ({ type: 'ping', id: `${frame}-${index}` })))
  await client.next(({ correlationId }) => correlationId === '7-99')

  assert.equal(client.messages.filter(({ type }) => type === 'pong').length, 800)
})

test('nothing more is read for a client that takes nothing, nor from it', async (t) => {
  const { api, connect } = await startStreams(t, { BATCHBOX_SOCKET_BUFFER_BYTES: '4096' })
  const { jobId, run } = await beginJob(api)
  const client = await connect({ perMessageDeflate: false })
  client.subscribe(`job:${jobId}`, { delivery: 'at-most-once' })
  await client.next(({ type }) => type === 'job.started')
  const [socket] = api.app.websocketServer.clients
  assert.ok(socket)

  client.socket.pause()
  const lines = Array.from({ length: 250 }, () => logEvent('log', 'x'.repeat(1000)))
  do await append(api.db, run, lines)
  while (socket.bufferedAmount === 0)
  for (let more = 0; more < 4; more++) await append(api.db, run, lines)
  do client.send({ type: 'ping' })
  while (!socket.isPaused && await once(socket, 'message', { signal: AbortSignal.timeout(10_000) }))

  assert.ok(socket.bufferedAmount < 2 * LARGEST + 4096, `${socket.bufferedAmount} bytes wait`)
})

test('who takes nothing, or does not answer, is cut off', async (t) => {
  const { api, connect } = await startStreams(t, SHORT_BEAT)
  const { jobId, run } = await beginJob(api)
  const [paused, silent, lively] = await Promise.all([connect(), connect({ autoPong: false }), connect()])
  paused.subscribe(`job:${jobId}`)
  await paused.next(({ type }) => type === 'job.started')

  paused.socket.pause()
  await append(api.db, run, [logEvent('log', 'x')])

  await silent.closed
  await until('the one that takes nothing is gone', () => api.app.websocketServer.clients.size === 1)
  assert.equal(lively.socket.readyState, lively.socket.OPEN)
  assert.ok(lively.messages.some(({ type }) => type === 'system.heartbeat'))
})

test('a key that expires ends its streams', async (t) => {
  const { api, connect } = await startStreams(t, SHORT_BEAT)
  const made = await api.post('/v1/keys', { name: 'short', scopes: ['jobs:read'], expiresAt: new Date(Date.now() + 2000).toISOString() })
  const client = await connect({ headers: { authorization: `Bearer ${String(made.json()['token'])}` } })

  assert.equal((await client.closed).code, 4401)
})

async function startStreams (t: TestContext, env: Record<string, string> = {}) {
  const api = await startApi(t, env)
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 })
  const connect = (options: StreamClientOptions = {}) => connectStream(t, url, { headers: ADMIN_HEADERS, ...options })
  return {
    api,
    connect,
    async isWell () {
      const client = await connect()
      client.send({ type: 'ping' })
      await client.next(({ type }) => type === 'pong')
      assert.deepEqual(api.lines.filter(({ level }) => Number(level) >= 50), [])
    },
  }
}

async function beginJob (api: Awaited<ReturnType<typeof startApi>>) {
  const jobId = String((await api.post('/v1/jobs', { code: 'export default 1' })).json()['id'])
  return { jobId, run: await beginRun(api.db, jobId) }
}
