import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import fetchTool from '../../../src/tools/fetch/tool.ts'
import { startDns } from '../../helpers/dns-server.ts'
import { pour, startHttp } from '../../helpers/http-server.ts'
import { until } from '../../helpers/until.ts'
import { startFetch } from './host.ts'

const MB = 1_048_576

test('requests of a run are counted', async (t) => {
  const { origin, requests } = await startHttp(t, (_request, response) => response.end())
  const { fetch } = startFetch(t, { config: { maxRequests: 2 } })
  await fetch(origin)
  await fetch(origin)

  await assert.rejects(fetch(origin), { code: 'TOOL_LIMIT', message: 'Cannot fetch: a run may make 2 requests, redirects included (maxRequests)' })

  assert.equal(requests.length, 2)
})

test('bytes that a run sends are counted, whole bodies and parts together', async (t) => {
  const { origin, requests } = await startHttp(t, (request, response) => request.resume().on('end', () => response.end()))
  const { open, write } = startFetch(t, { config: { maxSentBytes: 10 } })
  await open(origin, { method: 'POST', body: '123456' })

  await assert.rejects(open(origin, { method: 'POST', body: '12345' }), { code: 'TOOL_LIMIT', message: 'Cannot fetch: a run may send 10 bytes of bodies (maxSentBytes)' })
  const streamed = open(origin, { id: 9, method: 'POST', body: 'stream' })
  const outcome = assert.rejects(streamed, { code: 'TOOL_LIMIT' })
  await write(9, '1234')
  await assert.rejects(write(9, '5'), { code: 'TOOL_LIMIT' })

  await outcome
  assert.ok(requests.length <= 2)
})

test('bytes that a run receives are counted over all its requests, and an endless body ends', async (t) => {
  const { origin } = await startHttp(t, (request, response) => {
    if (request.url === '/some') response.end(Buffer.alloc(6 * MB))
    else pour(response, Buffer.alloc(65_536))
  })
  const { fetch } = startFetch(t)

  const { bytes } = await fetch(`${origin}/some`)

  assert.equal(bytes.length, 6 * MB)
  await assert.rejects(fetch(`${origin}/endless`), { code: 'TOOL_LIMIT', message: `Cannot fetch: a run may receive ${10 * MB} bytes of bodies, decompressed (maxReceivedBytes)` })
  await assert.rejects(fetch(`${origin}/some`), { code: 'TOOL_LIMIT' })
})

test('a request has its time, from the connection to the last byte', async (t) => {
  const { origin } = await startHttp(t, (request, response) => {
    if (request.url === '/slow') response.write('some')
  })
  const { fetch } = startFetch(t, { config: { timeoutMs: 500 } })
  const late = { code: 'TOOL_ERROR', message: 'Cannot fetch: the request took longer than 500 ms (timeoutMs)' }

  await assert.rejects(fetch(`${origin}/silent`), late)
  await assert.rejects(fetch(`${origin}/slow`), late)
})

test('a connection has its time, the look-up of the name included', async (t) => {
  const dns = await startDns(t, () => null)
  const { open } = startFetch(t, { config: { dnsServers: [dns.address], connectTimeoutMs: 200 } })

  await assert.rejects(open('http://silent.test/'), { code: 'TOOL_ERROR', message: 'Cannot fetch http://silent.test: no connection was made in time' })
})

test('a request that waits for its connection ends in time, too, and when it is closed', async (t) => {
  const dns = await startDns(t, () => null)
  const { open } = startFetch(t, { config: { dnsServers: [dns.address], connectTimeoutMs: 60_000, timeoutMs: 200 } })
  const patient = startFetch(t, { config: { dnsServers: [dns.address], connectTimeoutMs: 60_000, timeoutMs: 60_000 } })

  await assert.rejects(open('http://silent.test/'), { code: 'TOOL_ERROR', message: 'Cannot fetch: the request took longer than 200 ms (timeoutMs)' })
  const outcome = assert.rejects(patient.open('http://quiet.test/', { id: 1 }), { message: 'Cannot fetch: the request was closed' })
  await until('its name is asked for', () => dns.questions.includes('A quiet.test'))
  await patient.close(1)

  await outcome
})

test('headers of a request and of a response are bounded', async (t) => {
  const { origin } = await startHttp(t, (request, response) => response.writeHead(200, { 'x-long': 'x'.repeat(Number(request.url?.slice(1))) }).end())
  const { open } = startFetch(t, { config: { maxHeaderBytes: 2048 } })

  const { status } = await open(`${origin}/1000`, { headers: [['x-mine', 'x'.repeat(1000)]] })

  assert.equal(status, 200)
  await assert.rejects(open(`${origin}/3000`), { code: 'TOOL_LIMIT', message: `Cannot fetch ${origin}: the answer's headers have more than 2048 bytes (maxHeaderBytes)` })
  await assert.rejects(open(origin, { headers: [['x-mine', 'x'.repeat(3000)]] }), { code: 'TOOL_LIMIT', message: 'Cannot fetch: its headers have 3010 bytes, allowed are 2048 (maxHeaderBytes)' })
})

/** What a server can say without an end, and without a byte of a body. */
const FLOODS: Readonly<Record<string, readonly [head: string, flood: string]>> = {
  'one extension of a chunk': ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;', 'a'.repeat(65_536)],
  'an extension for each chunk': ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', `1;${'a'.repeat(10_000)}\r\nx\r\n`.repeat(6)],
  'zeros before the length of a chunk': ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '0'.repeat(65_536)],
  'trailers': ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n', 'x-a: b\r\n'.repeat(5000)],
  'interim answers': ['', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(2000)],
  'interim answers with headers': ['', `HTTP/1.1 103 Early Hints\r\nlink: ${'x'.repeat(8000)}\r\n\r\n`.repeat(10)],
  'a status line': ['HTTP/1.1 200 ', 'a'.repeat(65_536)],
  'empty lines': ['', '\r\n'.repeat(30_000)],
}

test('whatever else a server says without an end comes to one', async (t) => {
  for (const [name, [head, flood]] of Object.entries(FLOODS)) {
    const sent = { bytes: 0 }
    const port = await startRaw(t, (socket) => socket.once('data', () => {
      const speak = () => {
        do sent.bytes += flood.length
        while (!socket.destroyed && socket.write(flood))
      }
      socket.on('drain', speak).write(head)
      speak()
    }))
    const { fetch } = startFetch(t, { config: { maxReceivedBytes: MB, maxRequests: 5, timeoutMs: 60_000 } })

    await assert.rejects(fetch(`http://127.0.0.1:${port}/`), (error: Error) => !error.message.includes('timeoutMs'), name)

    assert.ok(sent.bytes < 20 * MB, `${name}: ${sent.bytes} bytes`)
  }
})

test('a hundred interim answers are waited out, and not one more', async (t) => {
  const port = await startRaw(t, (socket) => socket.on('data', (chunk) => {
    const count = Number(/GET \/(\d+)/.exec(String(chunk))?.[1])
    socket.write(`${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(count)}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`)
  }))
  const { fetch } = startFetch(t)

  const { text } = await fetch(`http://127.0.0.1:${port}/100`)

  assert.equal(text, 'ok')
  await assert.rejects(fetch(`http://127.0.0.1:${port}/101`), { code: 'TOOL_ERROR', message: `Cannot fetch http://127.0.0.1:${port}: more than 100 interim answers came before the one that counts` })
})

test('a part of a body that was not said to come is not taken', async (t) => {
  const { origin } = await startHttp(t, (_request, response) => response.write('more follows'))
  const { open, write } = startFetch(t)

  await open(origin, { id: 1, method: 'POST', body: 'whole' })

  assert.equal(await write(1, Buffer.alloc(MB)), false)
})

test('a request that is closed ends at the server, and its number is over', async (t) => {
  const gone = Promise.withResolvers<void>()
  const came = Promise.withResolvers<void>()
  const { origin } = await startHttp(t, (_request, response) => {
    came.resolve()
    response.on('close', () => gone.resolve())
  })
  const { open, close, read, write } = startFetch(t)
  const opened = open(origin, { id: 1 })
  const outcome = assert.rejects(opened, { code: 'TOOL_ERROR', message: 'Cannot fetch: the request was closed' })
  await came.promise

  await close(1)

  await outcome
  await gone.promise
  await close(1)
  await close(77)
  await assert.rejects(read(1), { message: 'Cannot fetch: request 1 is over' })
  await assert.rejects(open(origin, { id: 1 }), { message: 'Cannot fetch: request 1 is over' })
  assert.equal(await write(1, 'x'), false)
})

test('a number serves one request, one read and one write at a time', async (t) => {
  const { origin } = await startHttp(t, (_request, response) => response.write('x'))
  const { open, read, write } = startFetch(t)
  await open(origin, { id: 1 })
  const reading = read(1).catch(() => {})

  await assert.rejects(read(1), { code: 'TOOL_ERROR' })
  const writing = write(2, Buffer.alloc(MB)).catch(() => {})
  await assert.rejects(write(2, 'x'), { code: 'TOOL_ERROR', message: 'Cannot fetch: a part of the body is being written already' })
  await assert.rejects(open(origin, { id: 1 }), { code: 'TOOL_ERROR' })

  await reading
  void writing
})

test('numbers that are never opened are bounded', async (t) => {
  const { write } = startFetch(t, { config: { maxRequests: 3 } })
  for (const id of [1, 2, 3]) await write(id, 'x')

  await assert.rejects(write(4, 'x'), { code: 'TOOL_LIMIT' })
})

test('with the run everything ends: requests, bodies, and connections that were kept', async (t) => {
  const { origin, server, requests } = await startHttp(t, (request, response) => {
    server.keepAliveTimeout = 600_000 // the client would keep it as long
    if (request.url === '/whole') response.end('x')
    else if (request.url === '/part') response.write('x')
  })
  const { open, read, fetch, end, receipt } = startFetch(t)
  await open(`${origin}/part`, { id: 21 })
  const reading = assert.rejects(read(21))
  const opening = assert.rejects(open(`${origin}/silent`))
  await until('both are there', () => requests.length === 2)
  await fetch(`${origin}/whole`)

  end()

  await Promise.all([reading, opening])
  await until('the server has no connection', () => new Promise((resolve) => { server.getConnections((_error, count) => resolve(count === 0)) }))
  await assert.rejects(open(origin))
  assert.deepEqual(receipt.lines.map(({ count, denied }) => [count, denied]), [[3, null]])
})

test('runs share no connection', async (t) => {
  const sockets = new Set<unknown>()
  const { origin } = await startHttp(t, (request, response) => {
    sockets.add(request.socket)
    response.end()
  })
  const [one, other] = [startFetch(t), startFetch(t)]

  await one.fetch(origin)
  await one.fetch(origin)
  await other.fetch(origin)

  assert.equal(sockets.size, 2)
})

test('a job may narrow what its requests come to, and not widen it', () => {
  const tool = fetchTool.setup({ maxRequests: 10 })

  tool.narrow({ maxRequests: 5, timeoutMs: 100, maxReceivedBytes: 0 })

  for (const asked of [{ maxRequests: 11 }, { allowRanges: ['127.0.0.0/8'] }, { dnsServers: ['127.0.0.1'] }, { timeoutMs: 60_000 }]) assert.throws(() => tool.narrow(asked), { code: 'INVALID' })
})

test('what sends is refused to a run that may have lost its job', () => {
  const { methods } = fetchTool.setup({})

  assert.deepEqual(Object.entries(methods).map(([name, { outside }]) => [name, outside]), [['open', true], ['write', true], ['read', false], ['close', false]])
})

test('a range that cannot be read stops the start', () => {
  for (const range of ['10', '10.0.0.0/33', 'localhost', '0x7f.0.0.1', '10.0.0', '']) assert.throws(() => fetchTool.setup({ allowRanges: [range] }), /Expected an address or a range/, range)
})

/** A server that says whatever it wants. */
async function startRaw (t: TestContext, speak: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    t.after(() => socket.destroy())
    speak(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port // it listens on a port
}
