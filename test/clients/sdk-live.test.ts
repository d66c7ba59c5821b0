import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { AuthenticationError, createClient, NotFoundError, type ClientOptions, type Codec, type LiveEvent, type LiveSignals } from '../../clients/sdk/src/index.ts'
import { freePort } from '../helpers/free-port.ts'
import { startHttpProxy } from '../helpers/http-proxy.ts'
import { INHERITED } from '../helpers/inherited.ts'
import { startProxy } from '../helpers/proxy.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { WAYS } from '../helpers/sdk-ways.ts'
import { redisForTest } from '../helpers/redis.ts'
import { KEY, SMALL, startPart, startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const HEARTBEAT_MS = 1000
const LINES = 250
/** Writes so many lines, and rests now and then. */
const TALK = `export default async ({ lines, restMs = 5 }) => {
  for (let i = 0; i < lines; i++) {
    console.log('line ' + i)
    if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, restMs))
  }
}`

test('live following', async (t) => {
  const scope = lastInFirstOut(t)
  const redis = await redisForTest(scope)
  const env = { BATCHBOX_HEARTBEAT_MS: String(HEARTBEAT_MS) }
  const other = { ...SMALL, ...INHERITED, ...env, REDIS_URL: redis.url, BATCHBOX_PREFIX: redis.prefix, BATCHBOX_ADMIN_KEY: KEY, PORT: '0' }
  const [service, leaving] = await Promise.all([startService(scope, { redis, env }), startPart(scope, 'api', other)])
  const connect = (t: TestContext, options: Partial<ClientOptions> = {}) => {
    const client = createClient({ url: service.url, apiKey: service.key, reconnect: { delayMs: 10, maxDelayMs: 100 }, ...options })
    t.after(() => client.close())
    return client
  }
  const connectAll = (t: TestContext) => Object.entries(WAYS).map(([name, options]) => ({ name, client: connect(t, options) }))
  const talk = async (lines: number, more: object = {}) => (await service.post({ code: TALK, input: { lines, ...more } })).id
  /** Posts a job that waits: its first event is there, and the last comes once it is cancelled. */
  const queueForLater = async () => (await service.post({ code: 'export default () => 1', delayMs: 600_000 })).id
  const cancel = (id: string) => service.request('POST', `/v1/jobs/${id}/cancel`)
  const sequenceOf = async (id: string) => (await service.events(id)).map(({ sequence }) => sequence)

  await t.test('a job is told the same from its first event to its last over every transport, while it runs and after', async (t) => {
    const clients = connectAll(t)
    const id = await talk(LINES)

    const live = await Promise.all(clients.map(({ client }) => readAll(client.jobs.events(id))))
    const after = await Promise.all(clients.map(({ client }) => readAll(client.jobs.events(id, { after: 100, batch: { maxMessages: 50, maxDelayMs: 100 } }))))

    const whole = await sequenceOf(id)
    assert.ok(whole.length > LINES)
    for (const [i, { name, client }] of clients.entries()) {
      assert.deepEqual(live[i]?.map(({ sequence }) => sequence), whole, name)
      assert.deepEqual(live[i], live[0], name)
      assert.deepEqual(after[i]?.map(({ cursor }) => cursor), whole.slice(100), name)
      assert.equal(client.live.transport, WAYS[name]?.transport)
    }
  })

  await t.test('a cursor beyond the end, as after a Redis that lost writes, is told what comes next over every transport', async (t) => {
    const id = await queueForLater()
    const followers = connectAll(t).map(({ client }) => client.jobs.events(id, { after: 1000 }))
    const reading = followers.map((follower) => readAll(follower))
    await until('every follower knows where it begins', () => followers.every(({ cursor }) => cursor === 1))

    await cancel(id)

    assert.deepEqual((await Promise.all(reading)).map((events) => events.map(({ type }) => type)), followers.map(() => ['job.cancelled']))
  })

  await t.test('a batch and the jobs of a tag are told the same over every transport', async (t) => {
    const clients = connectAll(t)
    const byTag = clients.map(({ client }) => client.events('tag:of:live'))
    const first = byTag.map((follower) => follower.next())
    await until('every follower knows where it begins', () => byTag.every(({ cursor }) => cursor !== null))

    const { id } = await createClient({ url: service.url, apiKey: service.key }).batches.create({ job: { code: 'export default (n) => n', tags: { of: 'live' } }, inputs: [1, 2, 3] })
    const batches = await Promise.all(clients.map(({ client }) => readAll(client.batches.events(id))))
    const tagged = await Promise.all(byTag.map(async (follower, i) => {
      const events = [(await first[i])?.value as LiveEvent] // a tag is never over
      for (let ended = 0; ended < 3;) {
        const { value } = await follower.next()
        events.push(value as LiveEvent)
        if (value?.type === 'job.succeeded') ended++
      }
      return events
    }))

    for (const [i, { name }] of clients.entries()) {
      assert.equal(batches[i]?.at(-1)?.type, 'batch.completed', name)
      assert.deepEqual(batches[i]?.map(({ cursor }) => cursor), batches[i]?.map((_, i) => i + 1), name)
      assert.deepEqual(tagged[i], tagged[0], name)
      assert.deepEqual(tagged[i]?.map(({ cursor }) => cursor), tagged[i]?.map((_, j) => (tagged[0]?.[0]?.cursor ?? 0) + j), name)
    }
  })

  for (const [streams, expected] of [['passed', 'sse'], ['refused', 'poll'], ['buffered', 'poll']] as const) {
    await t.test(`where a WebSocket is refused and streams of events are ${streams}, ${expected} is used, and by the next client at once`, async (t) => {
      const proxy = await startHttpProxy(t, service.url, { streams })
      const options = { url: proxy.url, connectTimeoutMs: streams === 'buffered' ? 400 : 15_000 }
      const id = await talk(LINES, { restMs: 40 })

      const events = await readAll(connect(t, options).jobs.events(id))
      const before = proxy.requests.length
      const next = connect(t, options)
      await readAll(next.jobs.events(id))

      assert.deepEqual(events.map(({ sequence }) => sequence), await sequenceOf(id))
      assert.equal(next.live.transport, expected)
      assert.deepEqual(proxy.requests.slice(before).filter((request) => request.includes('/v1/stream')), [])
    })
  }

  await t.test('what is asked for while the service is away is followed once it is back, from where it was', async (t) => {
    const proxy = await startProxy(t, await freePort())
    for (const [name, options] of Object.entries(WAYS)) {
      proxy.point(await freePort())
      proxy.cut() // what was kept open of the way before
      const client = connect(t, { url: `http://127.0.0.1:${proxy.port}`, connectTimeoutMs: 1000, ...options })
      const states: string[] = []
      client.live.on('state', ({ state }) => states.push(state))
      const id = await queueForLater()

      const follower = client.jobs.events(id)
      const first = follower.next()
      await until('it has been tried', () => client.live.metrics().errors > 0)
      proxy.point(Number(new URL(service.url).port))
      const { value } = await first
      proxy.point(await freePort())
      proxy.cut()
      const rest = readAll(follower)
      await until('it is looked for again', () => states.includes('reconnecting'))
      await cancel(id)
      proxy.point(Number(new URL(service.url).port))

      assert.deepEqual([value as LiveEvent, ...await rest].map(({ type }) => type), ['job.scheduled', 'job.cancelled'], name)
      assert.deepEqual(states.slice(0, 3), ['connecting', 'open', 'reconnecting'], name)
      assert.ok(client.live.metrics().reconnects > 0, name)
    }
  })

  await t.test('a connection on which nothing comes any more is left for another', async (t) => {
    const proxy = await startProxy(t, Number(new URL(service.url).port))
    const id = await queueForLater()
    const clients = (['websocket', 'sse'] as const).map((transport) => connect(t, { url: `http://127.0.0.1:${proxy.port}`, transport, heartbeatTimeoutMs: 2.5 * HEARTBEAT_MS, connectTimeoutMs: 2.5 * HEARTBEAT_MS }))
    const followers = clients.map((client) => client.jobs.events(id))

    const first = await Promise.all(followers.map((follower) => follower.next()))
    const release = proxy.hold()
    const rest = followers.map(readAll)
    await until('the silence is noticed', () => clients.every(({ live }) => live.metrics().errors > 0))
    await cancel(id)
    release()

    for (const [i, { live }] of clients.entries()) {
      assert.deepEqual([first[i]?.value?.type, ...(await rest[i])?.map(({ type }) => type) ?? []], ['job.scheduled', 'job.cancelled'], String(live.transport))
    }
  })

  await t.test('a service that stops says so, and its followers go on with another', async (t) => {
    const proxy = await startProxy(t, Number(new URL(String(leaving.ready['url'])).port))
    const id = await queueForLater()
    const clients = Object.entries(WAYS).map(([name, options]) => ({ name, client: connect(t, { url: `http://127.0.0.1:${proxy.port}`, ...options }) }))
    const followers = clients.map(({ client }) => client.jobs.events(id))
    const errors: string[] = []
    for (const { client } of clients) client.live.on('error', ({ error }) => errors.push(error.message))

    const first = await Promise.all(followers.map((follower) => follower.next()))
    const rest = followers.map(readAll)
    proxy.point(Number(new URL(service.url).port))
    await leaving.stop()
    await cancel(id)

    for (const [i, { name }] of clients.entries()) {
      assert.deepEqual([first[i]?.value?.type, ...(await rest[i])?.map(({ type }) => type) ?? []], ['job.scheduled', 'job.cancelled'], name)
    }
    assert.match(errors.join('\n'), /the service stops/i)
  })

  await t.test('a follower whose key is taken back is told', async (t) => {
    for (const [name, options] of Object.entries(WAYS).filter(([, { transport }]) => transport !== 'poll')) { // it is told by its next request
      const { id: keyId, token } = (await service.request('POST', '/v1/keys', { body: { name: 'reader', scopes: ['jobs:read'] } })).json
      const follower = connect(t, { apiKey: String(token), ...options }).jobs.events(await queueForLater())

      await follower.next()
      const next = follower.next()
      const told = assert.rejects(next, AuthenticationError, name)
      await service.request('DELETE', `/v1/keys/${String(keyId)}`)

      await told
    }
  })

  await t.test('state, figures and interceptors are there to be seen', async (t) => {
    const client = connect(t, { transport: 'websocket' })
    const states: string[] = []
    const sent: string[] = []
    client.live.on('state', ({ state, transport }) => states.push(`${state} ${transport}`))
    client.live.intercept({ outgoing: (message) => { sent.push(message.type); return message } })
    const stop = client.live.intercept({ incoming: (event, topic) => event.type === 'job.log' ? { ...event, payload: { ...event.payload, topic } } : event })
    client.live.intercept({ incoming: (event) => event.type === 'job.started' ? null : event })
    const id = await talk(LINES)

    const events = await readAll(client.jobs.events(id))
    stop()
    const { received, sent: { messages }, types, uptimeMs, errors, latencyMs, state } = client.live.metrics()
    await client.close()

    assert.ok(events.filter(({ type }) => type === 'job.log').every(({ payload }) => payload['topic'] === `job:${id}`))
    assert.ok(!events.some(({ type }) => type === 'job.started'))
    assert.deepEqual([received.messages, errors, state], [events.length + 1, 0, 'open'])
    assert.ok(received.bytes > LINES * 100 && uptimeMs > 0 && messages >= sent.length)
    assert.equal(types['job.log']?.count, LINES)
    const { p50 = 0, p99 = 0 } = types['job.log']?.sizeBytes ?? {}
    assert.ok(p50 > 100 && p99 >= p50 && latencyMs.p99 >= latencyMs.p50)
    assert.deepEqual(sent.filter((type) => type !== 'ack' && type !== 'unsubscribe'), ['ping', 'subscribe'])
    assert.ok(sent.includes('ack'))
    assert.deepEqual(states, ['connecting null', 'open websocket', 'closed websocket'])
  })

  await t.test('a slow reader at most once is skipped ahead, and told of what it missed and how to catch up', async (t) => {
    const arrived: string[] = []
    const codec: Codec = {
      subprotocol: 'batchbox.v1.json',
      encode: (message) => JSON.stringify(message),
      decode (data) { // as messages arrive, before they are read
        const message = JSON.parse(String(data)) as { type: string } | { type: string }[]
        arrived.push(...[message].flat().map(({ type }) => type))
        return message
      },
    }
    const client = connect(t, { transport: 'websocket', codec })
    const dropped: LiveSignals['dropped'][] = []
    client.live.on('dropped', (signal) => dropped.push(signal))
    const { id } = await service.post({ code: TALK, input: { lines: 3000 }, limits: { logLines: 5000 } })

    const follower = client.jobs.events(id, { delivery: 'at-most-once' })
    const events = [(await follower.next()).value as LiveEvent]
    await service.end(id)
    await until('everything has come, or was left out by the service', () => arrived.includes('ended'))
    events.push(...await readAll(follower))

    assert.equal(events.length + follower.missed, events.at(-1)?.sequence)
    assert.equal(events.at(-1)?.type, 'job.succeeded')
    assert.ok(follower.missed > 0)
    assert.equal(dropped.reduce((sum, { count }) => sum + count, 0), follower.missed)
    const [gap] = dropped
    const [missed] = await readAll(client.jobs.events(id, { after: gap?.after ?? 0 }))
    assert.equal(missed?.cursor, (gap?.after ?? 0) + 1)
  })

  await t.test('types and members that this release does not know are passed on, or left out where it asks for others', async (t) => {
    const { id } = await service.post({ code: 'export default () => 1', delayMs: 2000 })
    const { redis, keys } = service.db
    await redis.xadd(keys.events(id), '2-0', 'type', 'job.from_a_later_release', 'time', String(Date.now()), 'attempt', '0', 'payload', '{"new":[1]}')
    await redis.hset(keys.job(id), 'sequence', 2)

    for (const { name, client } of connectAll(t)) {
      const [events, known] = await Promise.all([readAll(client.jobs.events(id)), readAll(client.jobs.events(id, { types: ['job.succeeded'] }))])

      assert.deepEqual(events[1] && [events[1].type, events[1].payload], ['job.from_a_later_release', { new: [1] }], name)
      assert.deepEqual(known.map(({ type }) => type), ['job.succeeded'], name)
    }
  })

  await t.test('a follower says what it cannot follow, ends when it is left or its signal is aborted, and with the client', async (t) => {
    const id = await queueForLater()
    for (const { name, client } of connectAll(t)) {
      const leaving = new AbortController()
      const left = client.jobs.events(id)
      const aborted = client.jobs.events(id, { signal: leaving.signal })
      const idle = client.jobs.events(id)
      await Promise.all([left.next(), aborted.next(), idle.next()])
      const [nothing, never, more] = [left.next(), aborted.next(), client.jobs.events(id, { after: 1 }).next()]
      const closed = assert.rejects(more, { code: 'CLOSED' }, name)

      await left.return()
      leaving.abort(new Error('seen enough'))

      await assert.rejects(never, /seen enough/, name)
      assert.deepEqual(await nothing, { done: true, value: undefined }, name)
      await assert.rejects(client.jobs.events('job_01980000-0000-7000-8000-000000000000').next(), NotFoundError, name)
      assert.throws(() => client.events('jobs:1'), /a topic is "job:<id>"/)
      await client.close()
      await closed
      await assert.rejects(idle.next(), { code: 'CLOSED' }, name)
      assert.equal(client.live.state, 'closed')
    }
  })
})

function readAll (events: AsyncIterable<LiveEvent>): Promise<LiveEvent[]> {
  return Array.fromAsync(events)
}
