import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { WebSocket } from 'ws'
import { createClient, ProtocolError, WorkerClient, type LiveEvent } from '../../clients/sdk/src/index.ts'
import { startUnkind, toEvent } from '../helpers/unkind-server.ts'
import { until } from '../helpers/until.ts'

const cursorsOf = (events: readonly LiveEvent[]) => events.map(({ cursor }) => cursor)

test('messages on a WebSocket that are not what was agreed break the connection at most, and are followed by the next', async (t) => {
  let count = 0
  const { client } = await startUnkind(t, {
    transport: 'websocket',
    talk ({ type, payload: { subscription } }, say, socket) {
      if (type !== 'subscribe') return
      count++
      say({ type: 'from.a.later.release', payload: { subscription: 'nobody' } })
      say([null, 1, 'text', {}])
      if (count === 1) say({ type: 'job.log', payload: null })
      if (count === 2) say({ type: 'job.log', payload: { subscription }, headers: null })
      if (count === 3) socket.send('not JSON')
      if (count === 4) socket.send(Buffer.from([0xc1]))
      if (count < 5) return socket.close()
      say({ ...toEvent(1), headers: { subscription, cursor: 1, sequence: 1 } })
      say({ type: 'ended', payload: { subscription, cursor: 1 } })
    },
  })

  const events = await Array.fromAsync(client.jobs.events('job_1'))

  assert.deepEqual(cursorsOf(events), [1])
  assert.equal(count, 5)
})

test('a stream of events that says what was not agreed is left for another', async (t) => {
  const bodies = ['event: system.shutdown\ndata: {}\n\n', 'event: system.dropped\ndata: {}\n\n', 'data: null\n\n', 'event: job.log\ndata: {"half', 'event: job.log\ndata: text\n\n']
  const { client } = await startUnkind(t, {
    transport: 'sse',
    answer (request, response) {
      if (!request.headers.accept?.includes('event-stream')) return response.end('{"data":[],"nextCursor":null}')
      const body = bodies.shift()
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      if (body === undefined) return response.end(`data: ${JSON.stringify(toEvent(1))}\n\n`)
      response.write(body)
      setImmediate(() => response.destroy())
    },
  })

  assert.deepEqual(cursorsOf(await Array.fromAsync(client.jobs.events('job_1'))), [1])
})

test('a page that is none is asked for again', async (t) => {
  const answers = ['', '{}', 'null', '[]', '<html>']
  const { client } = await startUnkind(t, {
    transport: 'poll',
    answer: (_, response) => response.end(answers.shift() ?? JSON.stringify({ data: [toEvent(1)], nextCursor: null })),
  })
  const errors: unknown[] = []
  client.live.on('error', ({ error }) => errors.push(error))

  assert.deepEqual(cursorsOf(await Array.fromAsync(client.jobs.events('job_1'))), [1])
  assert.deepEqual(errors.map((error) => error instanceof ProtocolError), [true, true, true, true, true])
})

test('a list whose page does not say where it goes on ends', async (t) => {
  const { client, requests } = await startUnkind(t, { answer: (_, response) => response.end('{"data":[]}') })

  assert.equal((await Array.fromAsync(client.jobs.list().pages())).length, 1)
  assert.equal(requests.length, 1)
})

test('a service that asks for more patience than a minute is asked again after one', async (t) => {
  const asked = new EventEmitter()
  let count = 0
  const { client } = await startUnkind(t, {
    transport: 'poll',
    answer (_, response) {
      asked.emit('request')
      if (++count === 1) response.writeHead(429, { 'retry-after': '99999999' }).end()
      else response.end(JSON.stringify({ data: [], nextCursor: null }))
    },
  })
  const failed = new Promise((resolve) => { client.live.on('error', resolve) })
  t.mock.timers.enable({ apis: ['setTimeout'] })

  const reading = Array.fromAsync(client.jobs.events('job_1'))
  await failed
  t.mock.timers.tick(59_000)
  for (let i = 0; i < 20; i++) await new Promise((resolve) => { setImmediate(resolve) })
  const early = count
  t.mock.timers.tick(2000)

  assert.deepEqual(await reading, [])
  assert.deepEqual([early, count], [1, 2])
})

test('a request that is sent elsewhere says where, and is not taken for answered', async (t) => {
  const { client, requests } = await startUnkind(t, {
    answer: (request, response) => request.url?.startsWith('/elsewhere') ? response.end('{"data":[]}') : response.writeHead(301, { location: '/elsewhere/' }).end(),
  })

  await assert.rejects(client.jobs.create({ code: 'export default 1' }), (error) => error instanceof ProtocolError && /elsewhere/.test(error.message))
  assert.deepEqual(requests, ['POST /v1/jobs', 'GET /elsewhere/'])
})

test('nothing is made for a signal that is aborted already', async (t) => {
  const { client, requests } = await startUnkind(t, {})

  await assert.rejects(client.run('export default 1', null, { signal: AbortSignal.abort(new Error('Before')) }), /^Error: Before$/)
  await new Promise((resolve) => { setImmediate(resolve) })
  await assert.rejects(client.jobs.get('job_1'), { code: 'CONNECTION' })

  assert.deepEqual(requests, ['GET /v1/jobs/job_1'])
})

test('a service that answers a wait at once is not asked all the time', async (t) => {
  const answers = ['queued', 'queued']
  const { client } = await startUnkind(t, { answer: (_, response) => response.end(JSON.stringify({ id: 'job_1', status: answers.shift() ?? 'succeeded' })) })
  const startedAt = performance.now()

  await client.jobs.wait('job_1')

  assert.ok(performance.now() - startedAt > 900, `${performance.now() - startedAt} ms`)
})

test('a connection that opens for nobody any more is closed', async (t) => {
  const { client, sockets } = await startUnkind(t, { transport: 'websocket' })
  const opened = once(sockets, 'socket')
  const follower = client.jobs.events('job_1')

  const next = follower.next()
  await until('it is looked for', () => client.live.state === 'connecting')
  await follower.return()
  const [socket] = await opened as [WebSocket]

  await once(socket, 'close')
  assert.deepEqual(await next, { done: true, value: undefined })
})

test('a connection that is still being made ends with the client', async (t) => {
  const mute = createServer().listen(0, '127.0.0.1')
  t.after(() => mute.close())
  await once(mute, 'listening')
  const client = createClient({ url: `http://127.0.0.1:${(mute.address() as AddressInfo).port}`, transport: 'websocket', connectTimeoutMs: 600_000 }) // it listens on a port
  const connected = once(mute, 'connection')

  const next = client.jobs.events('job_1').next()
  const [socket] = await connected as [Socket]
  const ended = once(socket.resume(), 'close')
  await Promise.all([client.close(), assert.rejects(next, { code: 'CLOSED' })])

  await ended
})

test('a connection that breaks while nobody uses it is one less, not two', async (t) => {
  const { client, sockets } = await startUnkind(t, {
    transport: 'websocket',
    talk ({ type, payload: { subscription } }, say) {
      if (type === 'subscribe') say({ ...toEvent(1), headers: { subscription, cursor: 1, sequence: 1 } })
    },
  })
  const opened = once(sockets, 'socket')
  const first = client.jobs.events('job_1')
  t.mock.timers.enable({ apis: ['setTimeout'] })
  await first.next()
  await first.return()
  const [socket] = await opened as [WebSocket]
  socket.close()
  await once(socket, 'close')
  for (let i = 0; i < 20; i++) await new Promise((resolve) => { setImmediate(resolve) })
  t.mock.timers.tick(5000)
  await client.jobs.events('job_1').next()

  assert.equal(client.live.state, 'open')
})

test('a reader that takes longer than a stream may be silent keeps its stream', async (t) => {
  let streams = 0
  const heartbeatTimeoutMs = 300
  const { client } = await startUnkind(t, {
    transport: 'sse', heartbeatTimeoutMs,
    answer (_, response) {
      streams++
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${JSON.stringify(toEvent(1))}\n\n`)
      const beat = setInterval(() => response.write(': beat\n\n'), 10)
      response.once('close', () => clearInterval(beat))
    },
  })
  const follower = client.jobs.events('job_1')

  await follower.next()
  await new Promise((resolve) => { setTimeout(resolve, 2 * heartbeatTimeoutMs) }) // what the reader does with it
  const next = follower.next()
  const { received } = client.live.metrics()
  await until('it is read on', () => client.live.metrics().received.bytes > received.bytes)
  await follower.return()
  await next

  assert.deepEqual([streams, client.live.metrics().errors], [1, 0])
})

test('results that stall are read on from where they were', async (t) => {
  const { client, requests } = await startUnkind(t, {
    retries: 1,
    answer ({ url }, response) {
      if (url?.includes('after=-1')) response.write('{"index":0}\n')
      else response.end('{"index":1}\n')
    },
  })
  const results = client.batches.results('bat_1')
  assert.equal((await results.next()).value?.index, 0)
  t.mock.timers.enable({ apis: ['setTimeout'] })

  let isRead = false
  const next = results.next().finally(() => { isRead = true })
  while (!isRead) {
    t.mock.timers.tick(1000)
    await new Promise((resolve) => { setImmediate(resolve) })
  }

  assert.equal((await next).value?.index, 1)
  assert.equal(requests.length, 2)
})

test('an interceptor that throws ends the follower with what it threw', async (t) => {
  const { client, requests } = await startUnkind(t, { transport: 'poll', answer: (_, response) => response.end(JSON.stringify({ data: [toEvent(1)], nextCursor: null })) })
  client.live.intercept({ incoming: () => { throw new RangeError('Mine') } })

  await assert.rejects(client.jobs.events('job_1').next(), /^RangeError: Mine$/)
  assert.equal(requests.length, 1)
})

test('items whose iterator cannot even be ended are the caller\'s error, and nothing else', async (t) => {
  const { client } = await startUnkind(t, { answer: (_, response) => response.writeHead(422).end() })
  const endless = { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false, value: 'x'.repeat(70_000) }), return: async () => { throw new Error('Cannot end') } }) } as AsyncIterable<unknown>

  await assert.rejects(client.batches.create({ job: { code: 'export default 1' }, inputs: endless }))
  for (let i = 0; i < 20; i++) await new Promise((resolve) => { setImmediate(resolve) })
})

test('what a listener throws disturbs neither a follower nor an execution, and is not hidden', async (t) => {
  const job = { id: 'job_1', status: 'succeeded', result: 42 }
  const log = toEvent(1, { payload: { level: 'log', message: 'on' } })
  const thrown: unknown[] = []
  process.setUncaughtExceptionCaptureCallback((error) => { thrown.push((error as Error).message) })
  t.after(() => process.setUncaughtExceptionCaptureCallback(null))
  const { client, url } = await startUnkind(t, {
    transport: 'poll',
    answer: ({ url }, response) => response.end(JSON.stringify(url?.includes('/events') ? { data: [log], nextCursor: null } : job)),
  })
  const worker = new WorkerClient({ url, transport: 'poll' })
  const ends = (['state', 'event'] as const).map((type) => client.live.on(type, () => { throw new Error(type) }))
  worker.on('log', ({ message }) => { throw new Error(message) })

  const events = await Array.fromAsync(client.jobs.events('job_1'))
  const answer = await worker.execute({ nodeId: 'n', code: 'export const handler = () => 42' })
  for (const end of ends) end()

  assert.deepEqual([cursorsOf(events), answer], [[1], 42])
  assert.deepEqual(new Set(thrown), new Set(['state', 'event', 'on']))
})

test('an execution that is aborted cancels the job that it knows', async (t) => {
  const leaving = new AbortController()
  const { url, requests } = await startUnkind(t, {
    answer ({ method, url }, response) {
      if (method === 'GET') leaving.abort(new Error('Not needed'))
      else response.end(JSON.stringify({ id: 'job_1', status: url?.endsWith('cancel') ? 'cancelled' : 'queued' }))
    },
  })
  const worker = new WorkerClient({ url, transport: 'poll' })

  await assert.rejects(worker.execute({ nodeId: 'n', code: 'export const handler = () => 42', signal: leaving.signal }), /^Error: Not needed$/)
  await worker.terminate()

  assert.deepEqual(requests, ['POST /v1/jobs', 'GET /v1/jobs/job_1?wait=30', 'POST /v1/jobs/job_1/cancel'])
})

test('a follower that is over leaves nothing behind', async (t) => {
  setFlagsFromString('--expose_gc')
  const collect = runInNewContext('gc') as () => void // what the flag gives
  const { client } = await startUnkind(t, { transport: 'poll', answer: (_, response) => response.end(JSON.stringify({ data: [toEvent(1)], nextCursor: null })) })

  const options = await (async () => {
    const options = { types: ['job.log'] }
    await Array.fromAsync(client.jobs.events('job_1', options))
    return new WeakRef(options)
  })()

  await until('it is collected', () => {
    collect()
    return options.deref() === undefined
  })
})
