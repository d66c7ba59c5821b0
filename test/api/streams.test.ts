import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { append } from '../../src/store/moves/progress.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { ADMIN_HEADERS, ADMIN_TENANT, startApi, type TestApi } from '../helpers/api.ts'
import { beginRun, logEvent, playWorker } from '../helpers/play-worker.ts'
import { settlement } from '../helpers/store.ts'
import { listen, openStream, parseLines, parseSse, type StreamedEvent } from '../helpers/streams.ts'
import { until } from '../helpers/until.ts'

const SSE = { accept: 'text/event-stream' }
const LINES = { accept: 'application/x-ndjson' }

async function postJob (api: TestApi, members: Record<string, unknown> = {}): Promise<string> {
  return String((await api.post('/v1/jobs', { code: 'export default () => 1', ...members })).json()['id'])
}

test('every cursor gives the same rest of a job over each transport', async (t) => {
  const api = await startApi(t)
  const id = await postJob(api)
  await playWorker(api.db, id, { events: [logEvent('info', 'one'), logEvent('info', 'two\nlines\u2028')] })
  const path = `/v1/jobs/${id}/events`

  for (let after = 0; after < 5; after++) {
    const page = (await api.get(`${path}?after=${after}`)).json()['data'] as { cursor: number }[] // a page of events
    const sse = await api.get(`${path}?after=${after}`, { ...ADMIN_HEADERS, ...SSE })
    const resumed = await api.get(`${path}?after=1`, { ...ADMIN_HEADERS, ...SSE, 'last-event-id': String(after) })
    const lines = await api.get(`${path}?after=${after}`, { ...ADMIN_HEADERS, ...LINES })

    assert.deepEqual(page.map(({ cursor }) => cursor), [1, 2, 3, 4, 5].slice(after))
    for (const stream of [sse, resumed]) {
      const blocks = parseSse(stream.body)
      assert.deepEqual(blocks.map(({ data }) => data), page)
      assert.deepEqual(blocks.map(({ id, event }) => [id, event]), page.map(({ cursor }, index) => [String(cursor), page[index]?.['type' as 'cursor']]))
    }
    assert.deepEqual(parseLines(lines.body), page)
    assert.match(String(sse.headers['content-type']), /^text\/event-stream/)
    assert.equal(sse.headers['x-accel-buffering'], 'no')
  }
  const [over, malformed] = [await api.get(`${path}?after=5`, { ...ADMIN_HEADERS, ...SSE }), await api.get(path, { ...ADMIN_HEADERS, ...SSE, 'last-event-id': 'x' })]
  const none = await api.get(`${path}?after=4`, { ...ADMIN_HEADERS, ...SSE, 'last-event-id': '' })
  assert.deepEqual([over.statusCode, over.body, malformed.statusCode], [204, '', 422])
  assert.deepEqual(parseSse(none.body).map(({ id }) => id), ['5'])
})

test('a stream tells of events as they come, says that it is there, and ends with the job', async (t) => {
  const api = await startApi(t, { BATCHBOX_HEARTBEAT_MS: '100' })
  const port = await listen(api)
  const id = await postJob(api)
  const [sse, lines] = await Promise.all([SSE, LINES].map((accept) => openStream(t, { port, path: `/v1/jobs/${id}/events`, headers: { ...ADMIN_HEADERS, ...accept } })))
  assert.ok(sse && lines)
  await until('heartbeats came', () => [sse, lines].every(({ text }) => (text.match(/system\.heartbeat/g) ?? []).length > 2))

  const run = await beginRun(api.db, id)
  await append(api.db, run, [logEvent('info', 'one')])
  await until('both have it', () => [sse, lines].every(({ text }) => text.includes('"job.log"')))
  await append(api.db, run, [logEvent('info', 'two')])
  await settle(api.db, run, settlement())
  await Promise.all([sse.ended, lines.ended])

  assert.deepEqual(parseSse(sse.text).map(({ id }) => id).filter(Boolean), ['1', '2', '3', '4', '5'])
  assert.deepEqual(parseLines(lines.text).map(({ cursor }) => cursor).filter(Boolean), [1, 2, 3, 4, 5])
})

test('events of all jobs with a tag are paged, waited for and streamed by one cursor, and what a reader missed is told', async (t) => {
  const api = await startApi(t, { BATCHBOX_TAG_LOG_EVENTS: '100' })
  const path = '/v1/events?tag=pipeline:a%3Ab'
  const tags = { pipeline: 'a:b' }
  const begin = String((await api.get(path)).json()['nextCursor'])

  const waiting = api.get(`${path}&after=${begin}&wait=30`)
  const id = await postJob(api, { tags })
  await postJob(api)
  const page = (await waiting).json() as unknown as { data: StreamedEvent[], nextCursor: string }
  await playWorker(api.db, id, { events: [logEvent('info', 'one')] })
  const rest = (await api.get(`${path}&after=${page.nextCursor}`)).json() as unknown as typeof page
  const port = await listen(api)
  const streams = await Promise.all([SSE, LINES].map((accept) => openStream(t, { port, path: `${path}&after=${begin}`, headers: { ...ADMIN_HEADERS, ...accept } })))
  await until('all has come', () => streams.every(({ text }) => text.includes('job.succeeded')))
  for (const stream of streams) stream.close()
  await until('nobody follows the tag', async () => (await api.db.redis.pubsub('CHANNELS', `${api.db.keys.tagNewsChannel(ADMIN_TENANT, '')}*`) as string[]).length === 0)
  const run = await beginRun(api.db, await postJob(api, { tags }))
  for (let batch = 0; batch < 4; batch++) await append(api.db, run, Array.from({ length: 100 }, () => logEvent('info', 'a line')))
  await append(api.db, run, [logEvent('info', 'the last line')])
  const late = (await api.get(`${path}&after=${begin}`)).json() as unknown as typeof page & { missed: number }
  const lateStream = await openStream(t, { port, path: `${path}&after=${begin}`, headers: { ...ADMIN_HEADERS, ...LINES } })
  await until('all has come', () => lateStream.text.includes('the last line'))

  const seen = [...page.data, ...rest.data]
  assert.deepEqual(seen.map(({ type, subject, cursor }) => [type, subject, cursor - Number(begin)]), ['queued', 'started', 'log', 'succeeded'].map((type, index) => [`job.${type}`, id, index + 1]))
  assert.deepEqual(parseSse(streams[0]?.text ?? '').filter(({ id }) => id).slice(0, 4).map(({ data }) => data), seen)
  assert.deepEqual(parseLines(streams[1]?.text ?? '').filter(({ cursor }) => cursor).slice(0, 4), seen)
  const lines = parseLines(lateStream.text)
  const events = lines.filter(({ cursor }) => cursor)
  const dropped = lines.filter(({ type }) => type === 'system.dropped').reduce((sum, { payload }) => sum + Number(payload['count']), 0)
  assert.ok(late.missed > 0)
  assert.equal(late.missed, Number(late.data.at(-1)?.cursor) - Number(begin) - late.data.length)
  assert.equal(dropped, Number(events.at(-1)?.cursor) - Number(begin) - events.length)
})

test('streams of a key end when it is revoked or expires, and nobody else follows what is not theirs', async (t) => {
  const api = await startApi(t, { BATCHBOX_HEARTBEAT_MS: '200' })
  const port = await listen(api)
  const id = await postJob(api)
  const key = async (members: object) => (await api.post('/v1/keys', { name: 'k', scopes: ['jobs:read'], ...members })).json() as { id: string, token: string }
  const [revoked, expiring, kept] = [await key({}), await key({ expiresAt: new Date(Date.now() + 1500).toISOString() }), await key({})]
  const follow = ({ token }: { token: string }) => openStream(t, { port, path: `/v1/jobs/${id}/events`, headers: { authorization: `Bearer ${token}`, ...SSE } })
  const [one, two, three] = [await follow(revoked), await follow(expiring), await follow(kept)]

  await api.remove(`/v1/keys/${revoked.id}`)
  await Promise.all([one.ended, two.ended])
  const theirs = await api.holder('other', 'jobs:read')
  const answers = await Promise.all([SSE, LINES, {}].map((accept) => api.get(`/v1/jobs/${id}/events`, { ...theirs, ...accept })))
  await playWorker(api.db, id)
  await three.ended

  assert.ok(![one, two].some(({ text }) => text.includes('system.shutdown')))
  assert.match(three.text, /job\.succeeded/)
  assert.deepEqual(answers.map(({ statusCode }) => statusCode), [404, 404, 404])
})

test('a stream that is never silent ends when its key expires, too', async (t) => {
  const api = await startApi(t, { BATCHBOX_HEARTBEAT_MS: '1000' })
  const port = await listen(api)
  const id = await postJob(api)
  const run = await beginRun(api.db, id)
  const { token } = (await api.post('/v1/keys', { name: 'k', scopes: ['jobs:read'], expiresAt: new Date(Date.now() + 1500).toISOString() })).json()
  const stream = await openStream(t, { port, path: `/v1/jobs/${id}/events`, headers: { authorization: `Bearer ${String(token)}`, ...LINES } })
  let hasEnded = false
  void stream.ended.then(() => { hasEnded = true })

  await until('it ended', async () => {
    await append(api.db, run, [logEvent('info', 'a line')])
    return hasEnded
  })

  assert.ok(stream.text.includes('a line'))
  assert.ok(!stream.text.includes('system.shutdown'))
})

test('a client that takes nothing holds up nobody, and little is kept for it', async (t) => {
  const [slow, sockets, clients] = [8, new Set<Socket>(), new Set<Socket>()]
  t.after(() => { for (const client of clients) client.destroy() }) // before the API, which waits for them
  const api = await startApi(t)
  const port = await listen(api)
  const id = await postJob(api)
  const run = await beginRun(api.db, id)
  api.app.server.on('connection', (socket) => sockets.add(socket))
  while (clients.size < slow) clients.add(connect(port, '127.0.0.1'))
  for (const client of clients) client.pause().write(`GET /v1/jobs/${id}/events HTTP/1.1\r\nhost: x\r\nauthorization: ${ADMIN_HEADERS.authorization}\r\naccept: text/event-stream\r\n\r\n`)
  await until('all began', () => [...sockets].filter(({ bytesWritten }) => bytesWritten > 0).length === slow)
  const fast = await openStream(t, { port, path: `/v1/jobs/${id}/events`, headers: { ...ADMIN_HEADERS, ...LINES } })

  const line = 'x'.repeat(30_000)
  for (let batch = 0; batch < 20; batch++) await append(api.db, run, Array.from({ length: 20 }, () => logEvent('info', line)))
  await settle(api.db, run, settlement())
  await fast.ended

  const kept = [...sockets].map(({ writableLength }) => writableLength)
  assert.equal(parseLines(fast.text).filter(({ type }) => type === 'job.log').length, 400)
  assert.ok([...sockets].filter(({ bytesWritten }) => bytesWritten < fast.text.length).length === slow, 'they were not sent everything')
  assert.ok(Math.max(...kept) < 1_048_576, `${Math.max(...kept)} bytes wait for one client`)
  assert.ok(process.memoryUsage().arrayBuffers < slow * fast.text.length / 4)
  await api.close() // it waits for none of them
})

test('as many streams are open as may be, of a tenant and in all, and their places are given back', async (t) => {
  const api = await startApi(t, { BATCHBOX_STREAMS: '3', BATCHBOX_TENANT_STREAMS: '2', BATCHBOX_METRICS_OPEN: '1' })
  const port = await listen(api)
  const path = `/v1/jobs/${await postJob(api)}/events`
  const headers = { ...ADMIN_HEADERS, ...SSE }
  const other = await api.holder('other', 'jobs:read', 'jobs:write')
  const theirs = String((await api.post('/v1/jobs', { code: 'export default () => 1' }, other)).json()['id'])
  const open = [await openStream(t, { port, path, headers }), await openStream(t, { port, path, headers })]

  const ofTenant = await api.get(path, headers)
  open.push(await openStream(t, { port, path: `/v1/jobs/${theirs}/events`, headers: { ...other, ...LINES } }))
  const inAll = await api.get(`/v1/jobs/${theirs}/events`, { ...other, ...SSE })
  const metrics = await api.get('/metrics')
  const page = await api.get(path)
  for (const each of open) each.close()
  await playWorker(api.db, path.split('/')[3] ?? '')
  await until('a stream is taken', async () => (await api.get(path, headers)).statusCode === 200)

  assert.deepEqual([ofTenant.statusCode, ofTenant.json()['code'], inAll.statusCode, inAll.json()['code'], page.statusCode], [429, 'RATE_LIMITED', 503, 'OVERLOADED', 200])
  assert.match(metrics.body, /batchbox_streams_open\{transport="sse"[^}]*\} 2\n/)
  assert.match(metrics.body, /batchbox_streams_open\{transport="ndjson"[^}]*\} 1\n/)
})

test('an API that stops tells those who follow when to come back, and ends their streams', async (t) => {
  const api = await startApi(t)
  const port = await listen(api)
  const path = `/v1/jobs/${await postJob(api)}/events`
  const [sse, lines] = [await openStream(t, { port, path, headers: { ...ADMIN_HEADERS, ...SSE } }), await openStream(t, { port, path, headers: { ...ADMIN_HEADERS, ...LINES } })]
  await until('both follow', () => [sse, lines].every(({ text }) => text.includes('job.queued')))

  await Promise.all([api.close(), sse.ended, lines.ended])

  const last = parseSse(sse.text).at(-1)
  assert.deepEqual([last?.id, last?.event, parseLines(lines.text).at(-1)?.type], [undefined, 'system.shutdown', 'system.shutdown'])
  assert.ok(Number(last?.data.payload['reconnectInMs']) >= 0)
})
