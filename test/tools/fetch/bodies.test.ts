import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { pour, readBody, startHttp } from '../../helpers/http-server.ts'
import { until } from '../../helpers/until.ts'
import { startFetch } from './host.ts'

const KB = 1024
const MB = 1024 * KB

test('a long body is read in parts of at most 256 KiB, byte for byte', async (t) => {
  const body = randomBytes(3 * MB)
  const { origin, port } = await startHttp(t, (_request, response) => response.end(body))
  const { open, read, receipt } = startFetch(t)

  const parts = [await open(origin, { id: 7 })] as { bytes: Buffer, ended: boolean }[]
  while (!parts.at(-1)?.ended) parts.push(await read(7))

  assert.ok(Buffer.concat(parts.map(({ bytes }) => bytes)).equals(body))
  assert.ok(parts.every(({ bytes }) => bytes.length <= 256 * KB))
  assert.ok(parts.slice(1, -1).every(({ bytes }) => bytes.length > 0))
  await assert.rejects(read(7), { code: 'TOOL_ERROR', message: 'Cannot fetch: request 7 is over' })
  assert.deepEqual(receipt.lines.map(({ target, receivedBytes, count }) => [target, receivedBytes, count]), [[`127.0.0.1:${port}`, 3 * MB, 1]])
})

test('a part is answered as soon as it is there', async (t) => {
  const turns = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { origin } = await startHttp(t, async (_request, response) => {
    response.flushHeaders()
    for (const [at, { promise }] of turns.entries()) {
      await promise
      response.write(`part ${at}`)
    }
  })
  const { open, read } = startFetch(t)

  const { ended, bytes } = await open(origin, { id: 1 })
  turns[0]?.resolve()
  const first = await read(1)
  turns[1]?.resolve()
  const second = await read(1)

  assert.deepEqual([ended, bytes.length, first.bytes.toString(), second.bytes.toString(), second.ended], [false, 0, 'part 0', 'part 1', false])
})

test('a server waits while nobody reads', async (t) => {
  let written = 0
  const { origin } = await startHttp(t, (_request, response) => pour(response, Buffer.alloc(64 * KB), () => { written += 64 * KB }))
  const { open, close } = startFetch(t, { config: { maxReceivedBytes: 1024 * MB } })

  await open(origin, { id: 1 })
  await untilStill('the server waits', () => written)

  assert.ok(written < 20 * MB, `${written} bytes`) // what sockets of the system hold
  await close(1)
})

test('a body is sent in parts, with its length or without', async (t) => {
  let came = Promise.withResolvers<void>()
  const { origin } = await startHttp(t, async (request, response) => {
    came.resolve()
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers
    response.end(JSON.stringify([length ?? null, coding ?? null, (await readBody(request)).toString()]))
  })
  const { fetch, write } = startFetch(t)
  const send = async (id: number, body: 'stream' | number) => {
    const answer = fetch(origin, { id, method: 'PUT', body })
    const taken = [await write(id, 'one ')]
    await came.promise
    came = Promise.withResolvers()
    taken.push(await write(id, 'two', true))
    return [...JSON.parse((await answer).text) as unknown[], taken]
  }

  assert.deepEqual(await send(1, 'stream'), [null, 'chunked', 'one two', [true, true]])
  assert.deepEqual(await send(2, 7), ['7', null, 'one two', [true, true]])
})

test('a part that comes before the request it is of waits for it', async (t) => {
  const { origin } = await startHttp(t, async (request, response) => response.end(await readBody(request)))
  const { fetch, write } = startFetch(t)

  await write(3, 'early ')
  const answer = fetch(origin, { id: 3, method: 'POST', body: 'stream' })
  await write(3, 'late', true)

  assert.equal((await answer).text, 'early late')
})

test('a part waits while the server takes nothing', async (t) => {
  const go = Promise.withResolvers<void>()
  const { origin } = await startHttp(t, async (request, response) => {
    await go.promise
    response.end(String((await readBody(request)).length))
  })
  const { fetch, write } = startFetch(t, { config: { maxSentBytes: 100 * MB } })
  const answer = fetch(origin, { id: 1, method: 'POST', body: 'stream' })
  let taken = 0
  const writing = (async () => {
    for (let at = 0; at < 40; at++) {
      await write(1, Buffer.alloc(MB))
      taken += 1
    }
    await write(1, '', true)
  })()

  await untilStill('the writer waits', () => taken)
  assert.ok(taken < 30, `${taken} MB`)
  go.resolve()
  await writing

  assert.equal((await answer).text, String(40 * MB))
})

test('a body that is not as long as was said is an error', async (t) => {
  const { origin } = await startHttp(t, (request, response) => request.resume().on('end', () => response.end()))
  const { open, write } = startFetch(t)

  const opened = open(origin, { id: 1, method: 'POST', body: 10 })
  const outcome = assert.rejects(opened, { code: 'TOOL_ERROR', message: `Cannot fetch ${origin}: its body is not as long as was said` })
  await write(1, 'short', true)

  await outcome
})

test('a server that answers early wants no more of the body', async (t) => {
  const { origin } = await startHttp(t, (_request, response) => response.writeHead(413).end('too much'))
  const { fetch, write } = startFetch(t)

  const answer = fetch(origin, { id: 1, method: 'POST', body: 'stream' })
  await write(1, 'some')
  const { status, text } = await answer

  assert.deepEqual([status, text], [413, 'too much'])
  assert.equal(await write(1, 'more'), false)
})

const CODINGS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gzipSync,
  'x-gzip': gzipSync,
  GZIP: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
  identity: (bytes) => bytes,
  'gzip, br': (bytes) => brotliCompressSync(gzipSync(bytes)),
  'unknown': (bytes) => bytes,
  'gzip, unknown': (bytes) => bytes,
  'gzip, gzip, gzip, gzip': (bytes) => bytes, // more than anybody means
}

async function startCoded (t: TestContext, coding: string, bytes: Buffer) {
  return await startHttp(t, (_request, response) => response.writeHead(200, { 'content-encoding': coding, 'content-length': bytes.length }).end(bytes))
}

test('bodies are decompressed, and what is not known is left as it is', async (t) => {
  const body = Buffer.from(JSON.stringify(Array.from({ length: 20_000 }, (_, at) => ({ at }))))
  const { fetch } = startFetch(t)

  for (const [coding, compress] of Object.entries(CODINGS)) {
    const { origin } = await startCoded(t, coding, compress(body))

    const { bytes, headers } = await fetch(origin)

    assert.ok(bytes.equals(body), coding)
    assert.equal(headers.find(([name]) => name === 'content-encoding')?.[1], coding)
  }
})

test('an answer without a body has none to decompress', async (t) => {
  const { origin } = await startHttp(t, (request, response) => {
    const status = Number(request.url?.slice(1))
    response.writeHead(status, { 'content-encoding': 'gzip', ...(status === 200 && { 'content-length': 0 }) }).end()
  })
  const { open } = startFetch(t)

  for (const status of [204, 304]) assert.deepEqual(pick(await open(`${origin}/${status}`)), [status, true, 0])
  assert.deepEqual(pick(await open(`${origin}/200`, { method: 'HEAD' })), [200, true, 0])
  assert.deepEqual(pick(await open(`${origin}/200`)), [200, true, 0])
})

function pick ({ status, ended, bytes }: { status: number, ended: boolean, bytes: Buffer }) {
  return [status, ended, bytes.length]
}

test('what is no compressed body, or ends early, is an error', async (t) => {
  const { fetch } = startFetch(t)
  const bad: [string, Buffer][] = [
    ['gzip', Buffer.from('plain')], ['br', randomBytes(1000)], ['zstd', Buffer.from('plain')], ['deflate', Buffer.from('plain')],
    ['gzip', gzipSync(randomBytes(1000)).subarray(0, 500)], ['br', brotliCompressSync(randomBytes(1000)).subarray(0, 500)], ['zstd', zstdCompressSync(randomBytes(1000)).subarray(0, 500)],
  ]

  for (const [coding, bytes] of bad) {
    const { origin } = await startCoded(t, coding, bytes)
    await assert.rejects(fetch(origin), { code: 'TOOL_ERROR', message: /: the answer's body cannot be decompressed \(\w+\)$/ }, coding)
  }
})

test('a bomb ends early', async (t) => {
  const zeros = Buffer.alloc(32 * MB)
  const bombs: [string, Buffer][] = [['gzip', gzipSync(zeros)], ['deflate', deflateSync(zeros)], ['br', brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })], ['zstd', zstdCompressSync(zeros)], ['gzip, gzip', gzipSync(gzipSync(zeros))]]

  for (const [coding, bytes] of bombs) {
    const { origin } = await startCoded(t, coding, bytes)
    const { fetch, receipt } = startFetch(t)

    await assert.rejects(fetch(origin), { code: 'TOOL_LIMIT', message: `Cannot fetch: a run may receive ${10 * MB} bytes of bodies, decompressed (maxReceivedBytes)` }, coding)
    assert.ok((receipt.lines[0]?.receivedBytes ?? Infinity) < 12 * MB, coding)
  }
})

test('a zstd body that wants a window of more than 8 MB is refused', async (t) => {
  const { origin } = await startCoded(t, 'zstd', zstdCompressSync(randomBytes(20 * MB).fill(1, 100), { params: { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_enableLongDistanceMatching]: 1 }, pledgedSrcSize: 20 * MB }))
  const { fetch } = startFetch(t, { config: { maxReceivedBytes: 1024 * MB } })

  await assert.rejects(fetch(origin), { code: 'TOOL_ERROR', message: /cannot be decompressed/ })
})

test('a body that comes to nothing, however much of it comes, ends', async (t) => {
  const skippable = Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0xf8, 0xff, 0, 0]), Buffer.alloc(0xfff8)]) // RFC 8878, section 3.1.2
  const { origin } = await startHttp(t, (_request, response) => pour(response.writeHead(200, { 'content-encoding': 'zstd' }), skippable))
  const { fetch } = startFetch(t)

  await assert.rejects(fetch(origin), { code: 'TOOL_LIMIT', message: `Cannot fetch: a run may receive ${10 * MB} bytes of compressed bodies (maxReceivedBytes)` })
})

test('a bomb within a body that comes to nothing ends as early', async (t) => {
  const nothing = gzipSync(Buffer.alloc(0))
  const { origin } = await startCoded(t, 'gzip, gzip', gzipSync(Buffer.alloc(nothing.length * MB, nothing)))
  const { fetch } = startFetch(t)

  await assert.rejects(fetch(origin), { code: 'TOOL_LIMIT', message: `Cannot fetch: a run may receive ${10 * MB} bytes of compressed bodies (maxReceivedBytes)` })
})

/** Polls until a figure has not changed for a while. */
async function untilStill (what: string, read: () => number): Promise<void> {
  let before = -1
  let times = 0
  await until(what, () => {
    times = read() === before ? times + 1 : 0
    before = read()
    return times === 10
  })
}
