import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { NewEvent } from '../../src/core/events.ts'
import { append } from '../../src/store/moves/progress.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { ADMIN_HEADERS, startApi, type TestApi } from '../helpers/api.ts'
import { beginRun, logEvent } from '../helpers/play-worker.ts'
import { beginJob, settlement } from '../helpers/store.ts'
import { connectStream, isEvent, type StreamClient, type StreamClientOptions } from '../helpers/stream-client.ts'

/** What a job has when it was begun: `job.queued` and `job.started`. */
const BEGUN = 2
/** Events of one write; small enough that several make a history. */
const LINES = 250

test('a job is followed to its end, each event in the envelope, in either format', async (t) => {
  const { api, connect } = await startStreams(t)
  const id = await postJob(api)
  const clients = await Promise.all((['batchbox.v1.json', 'batchbox.v1.msgpack'] as const).map((protocol) => connect({ protocol })))
  for (const client of clients) client.subscribe(`job:${id}`, { subscription: 'mine' })
  await Promise.all(clients.map((client) => client.next(({ type }) => type === 'job.queued')))

  const { run } = await beginJob(api.db, id)
  await append(api.db, run, [logEvent('log', 'hello "world" é')])
  await settle(api.db, run, settlement())
  const ends = await Promise.all(clients.map((client) => client.next(({ type }) => type === 'ended')))

  const [asJson, asMsgpack] = clients.map(({ messages }) => messages.filter(isEvent))
  assert.deepEqual(asJson, asMsgpack)
  assert.deepEqual(asJson?.map(({ type }) => type), ['job.queued', 'job.started', 'job.log', 'job.succeeded'])
  assert.deepEqual(asJson?.map(({ headers }) => headers.cursor), [1, 2, 3, 4])
  const { timestamp: _, ...line } = asJson?.[2] ?? assert.fail('there is a line')
  assert.deepEqual(line, {
    id: `${id}-3`, type: 'job.log', version: 1, source: `job:${id}`, correlationId: 'mine', ttl: null, priority: 'normal', payload: { level: 'log', message: 'hello "world" é' },
    headers: { cursor: 3, sequence: 3, attempt: 1, subject: id, eventVersion: 1, subscription: 'mine' },
  })
  assert.deepEqual(ends.map(({ payload }) => payload), clients.map(() => ({ subscription: 'mine', cursor: 4, reason: 'over' })))
})

test('many topics share a connection, and one that is left sends nothing more', async (t) => {
  const { api, connect } = await startStreams(t)
  const ids = await Promise.all(Array.from({ length: 3 }, () => postJob(api)))
  const client = await connect()
  client.send(...ids.map((id, index) => ({ type: 'subscribe', id: `m${index}`, payload: { subscription: id, topic: `job:${id}` } })))
  for (const id of ids) await client.next((message) => isEvent(message) && message.correlationId === id)

  client.send({ type: 'unsubscribe', id: 'm9', payload: { subscription: ids[0] } })
  const left = await client.next(({ type }) => type === 'ended')
  for (const id of ids) await beginRun(api.db, id)
  for (const id of ids.slice(1)) await client.next(({ type, correlationId }) => type === 'job.started' && correlationId === id)

  assert.deepEqual([left.payload, left.correlationId], [{ subscription: ids[0], cursor: 1, reason: 'unsubscribed' }, 'm9'])
  assert.deepEqual(client.messages.filter(({ type }) => type === 'subscribed').map(({ correlationId }) => correlationId).sort(), ['m0', 'm1', 'm2'])
  assert.equal(client.messages.some(({ type, correlationId }) => type === 'job.started' && correlationId === ids[0]), false)
})

test('a subscription begins after the cursor that is asked for, and one of the same name takes its place', async (t) => {
  const { api, connect } = await startStreams(t)
  const { id } = await postLong(api, 10)
  const client = await connect()

  client.subscribe(`job:${id}`, { after: BEGUN + 8 })
  await client.next((message) => isEvent(message) && message.headers.cursor === BEGUN + 10)
  client.subscribe(`job:${id}`, { after: BEGUN + 9 })
  await client.next((message) => message.type === 'subscribed' && 'cursor' in message.payload && message.payload.cursor === BEGUN + 9)
  client.send({ type: 'ping', payload: {} })
  await client.next(({ type }) => type === 'pong')

  assert.deepEqual(cursorsOf(client).slice(0, 2), [BEGUN + 9, BEGUN + 10])
})

test('at most 1,000 events are sent ahead of what the client has acknowledged', async (t) => {
  const { api, connect } = await startStreams(t)
  const { id } = await postLong(api, 5 * LINES)
  const client = await connect()
  client.subscribe(`job:${id}`)
  await client.next((message) => isEvent(message) && message.headers.cursor === 1000)

  client.send({ type: 'ack', id: 'far', payload: { subscription: 's', cursor: 1001 } }, { type: 'ack', payload: { subscription: 'nobody', cursor: 1 } }, { type: 'ping', payload: {} })
  const refusal = await client.next(({ type }) => type === 'error')
  await client.next(({ type }) => type === 'pong')
  const held = cursorsOf(client)
  client.send({ type: 'ack', payload: { subscription: 's', cursor: 100 } })
  await client.next((message) => isEvent(message) && message.headers.cursor === 1100)

  assert.deepEqual(held, Array.from({ length: 1000 }, (_, index) => index + 1))
  assert.deepEqual([refusal.correlationId, refusal.payload], ['far', { code: 'INVALID', detail: 'Cannot acknowledge event 1001 of subscription "s": the last that was sent is 1000', subscription: 's' }])
})

test('events are put into frames of as many as were asked for, and wait for each other as long as was asked for', async (t) => {
  const { api, connect } = await startStreams(t)
  const { id } = await postLong(api, 18)
  const client = await connect()
  const startedAt = performance.now()
  client.subscribe(`job:${id}`, { batch: { maxMessages: 8, maxDelayMs: 1000 } })
  await client.next(({ type }) => type === 'subscribed')

  await client.next((message) => isEvent(message) && message.headers.cursor === BEGUN + 18)

  assert.deepEqual(client.frames, [8, 8, 4])
  assert.ok(performance.now() - startedAt > 990)
})

test('who reads too slowly for at-most-once is told what was left out, and can have it after all', async (t) => {
  const { api, connect } = await startStreams(t, { BATCHBOX_SOCKET_SLOW_MS: '0', BATCHBOX_SOCKET_BUFFER_BYTES: '1024' })
  const { id, run } = await postLong(api, 0)
  const client = await connect({ perMessageDeflate: false })
  client.subscribe(`job:${id}`, { delivery: 'at-most-once' })
  await client.next(({ type }) => type === 'job.started')

  const [socket] = api.app.websocketServer.clients
  const write = () => append(api.db, run, Array.from({ length: LINES }, () => logEvent('log', 'x'.repeat(1000))))
  while (!client.messages.some(({ type }) => type === 'dropped')) {
    client.socket.pause()
    do await write() // as much as the kernel keeps for both, and more
    while (socket?.bufferedAmount === 0)
    await write()
    client.socket.resume()
    const asked = `after ${client.messages.length}`
    client.send({ type: 'ping', id: asked })
    await client.next(({ correlationId }) => correlationId === asked)
  }
  const dropped = await client.next(({ type }) => type === 'dropped')
  await settle(api.db, run, settlement())
  await client.next(({ type }) => type === 'ended')

  const { count, after, cursor } = dropped.payload as { count: number, after: number, cursor: number } // the protocol was checked
  const seen = cursorsOf(client)
  assert.equal(count, cursor - after)
  assert.deepEqual([seen.includes(after), seen.includes(after + 1), seen.includes(cursor)], [true, false, false])
  client.subscribe(`job:${id}`, { subscription: 'again', after })
  await client.next((message) => isEvent(message) && message.correlationId === 'again' && message.headers.cursor === after + 1)
})

test('all jobs with a tag are followed from now on, and from a cursor on', async (t) => {
  const { api, connect } = await startStreams(t)
  const tags = { team: 'a:b' }
  await postJob(api, tags)
  const client = await connect()
  client.subscribe('tag:team:a:b')
  await client.next(({ type }) => type === 'subscribed')

  const ids = [await postJob(api, tags), await postJob(api, tags)]
  await client.next((message) => isEvent(message) && message.headers.subject === ids[1])
  const first = client.messages.find(isEvent)
  client.subscribe('tag:team:a:b', { subscription: 'again', after: first?.headers.cursor ?? 0 })
  const next = await client.next((message) => isEvent(message) && message.correlationId === 'again')

  assert.deepEqual(client.messages.filter((message) => isEvent(message) && message.correlationId === 's').map((message) => isEvent(message) && message.headers.subject), ids)
  assert.deepEqual([next.source, isEvent(next) && next.headers.subject], ['tag:team:a:b', ids[1]])
})

test('what is not there, or is not the tenant\'s, or is no topic, is an error of the subscription alone', async (t) => {
  const { api, connect } = await startStreams(t)
  const id = await postJob(api)
  const stranger = await connect({ headers: await api.holder('other', 'jobs:read') })

  stranger.subscribe(`job:${id}`, { subscription: 'theirs' })
  stranger.subscribe('job:nope', { subscription: 'unknown' })
  stranger.subscribe('nope', { subscription: 'no topic' })
  const errors = await Promise.all(['theirs', 'unknown', 'no topic'].map((name) => stranger.next(({ type, payload }) => type === 'error' && 'subscription' in payload && payload.subscription === name)))
  stranger.send({ type: 'ping', payload: {} })
  await stranger.next(({ type }) => type === 'pong')

  assert.deepEqual(errors.map(({ payload }) => 'code' in payload && payload.code), ['NOT_FOUND', 'NOT_FOUND', 'INVALID'])
})

async function startStreams (t: TestContext, env: Record<string, string> = {}) {
  const api = await startApi(t, env)
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 })
  return { api, url, connect: (options: StreamClientOptions = {}) => connectStream(t, url, { headers: ADMIN_HEADERS, ...options }) }
}

async function postJob (api: TestApi, tags: Record<string, string> = {}): Promise<string> {
  const answer = await api.post('/v1/jobs', { code: 'export default 1', tags })
  return String(answer.json()['id'])
}

/** A job that runs and has logged so many lines. */
async function postLong (api: TestApi, lines: number) {
  const id = await postJob(api)
  const run = await beginRun(api.db, id)
  for (let left = lines; left > 0; left -= LINES) {
    const events: NewEvent[] = Array.from({ length: Math.min(LINES, left) }, (_, index) => logEvent('log', `line ${index}`))
    await append(api.db, run, events)
  }
  return { id, run }
}

function cursorsOf ({ messages }: StreamClient): number[] {
  return messages.filter(isEvent).map(({ headers }) => headers.cursor)
}
