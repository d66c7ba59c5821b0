import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startEngine } from '../../helpers/engine.ts'
import { readBody, startHttp } from '../../helpers/http-server.ts'
import { until } from '../../helpers/until.ts'

const { resultOf, failureOf, run } = await startEngine({ lanes: 2, tools: { own: '', config: JSON.stringify({ fetch: { allowRanges: ['127.0.0.1'] } }) } })
const tools = ['fetch']

test('a job with the permission fetches JSON', async (t) => {
  const { origin, port } = await startHttp(t, (_request, response) => response.setHeader('content-type', 'application/json').end('{"rates":[1,2,3]}'))

  const result = await resultOf('export default async (url) => { const response = await fetch(url); return [response.status, response.headers.get("content-type"), await response.json()] }', { tools, permissions: { net: [`127.0.0.1:${port}`] }, input: origin })

  assert.deepEqual(result, [200, 'application/json', { rates: [1, 2, 3] }])
})

test('a job without it is told what it lacks, and its receipt holds the denial', async (t) => {
  const { origin, port, requests } = await startHttp(t, (_request, response) => response.end('inside'))

  const { report } = await run('export default async (url) => (await fetch(url)).text()', { tools, permissions: { net: ['example.com'] }, input: origin })

  assert.equal(report.outcome.type, 'failed')
  const { code, name, message } = report.outcome.error
  assert.deepEqual([code, name, message], ['PERMISSION_DENIED', 'TypeError', `Cannot fetch 127.0.0.1:${port}: the job was not granted it; permissions.net would have to name "127.0.0.1:${port}"`])
  assert.deepEqual(report.receipt.lines.filter(({ grant }) => grant === 'net').map(({ target, method, denied, count }) => [target, method, denied, count]), [[`127.0.0.1:${port}`, 'GET', message, 1]])
  assert.deepEqual(requests, [])
})

test('a response that nobody reads is in the receipt, too, and its connection ends with the run', async (t) => {
  const { origin, port, server } = await startHttp(t, (_request, response) => response.write('some'))

  const { report } = await run('export default async (url) => (await fetch(url)).status', { tools, permissions: { net: true }, input: origin })

  assert.deepEqual(report.outcome.type === 'succeeded' && report.outcome.result, '200')
  assert.deepEqual(report.receipt.lines.filter(({ grant }) => grant === 'net').map(({ target, count, denied }) => [target, count, denied]), [[`127.0.0.1:${port}`, 1, null]])
  await until('its connection is gone', () => new Promise((resolve) => { server.getConnections((_error, count) => resolve(count === 0)) }))
})

test('a limit of the tool is the code of a run that does not catch it', async (t) => {
  const { origin } = await startHttp(t, (_request, response) => response.end(Buffer.alloc(2000)))

  const failure = await failureOf('export default async (url) => (await fetch(url)).text()', { tools, permissions: { net: true }, toolConfig: { fetch: { maxReceivedBytes: 1000 } }, input: origin })

  assert.deepEqual([failure.code, failure.limit], ['TOOL_LIMIT', undefined])
  assert.match(failure.message, /^Cannot fetch: a run may receive 1000 bytes of bodies, decompressed \(maxReceivedBytes\)$/)
})

test('bodies of megabytes go there and back, whole and as streams', async (t) => {
  const { origin } = await startHttp(t, async (request, response) => response.end(await readBody(request)))
  const code = `export default async (url) => {
    const bytes = new Uint8Array(3_000_000).map((_, at) => at % 251)
    const parts = [bytes.subarray(0, 1_500_000), bytes.subarray(1_500_000)]
    const stream = new ReadableStream({ pull (controller) { const part = parts.shift(); if (part) controller.enqueue(part); else controller.close() } })
    const same = async (response) => { const got = new Uint8Array(await response.arrayBuffer()); return got.length === bytes.length && got.every((value, at) => value === bytes[at]) }
    return [await same(await fetch(url, { method: 'POST', body: bytes })), await same(await fetch(url, { method: 'POST', body: stream, duplex: 'half' }))]
  }`

  assert.deepEqual(await resultOf(code, { tools, permissions: { net: true }, input: origin }), [true, true])
})

test('an abort ends the request at the server', async (t) => {
  const gone = Promise.withResolvers<void>()
  const { origin } = await startHttp(t, (_request, response) => { response.on('close', () => gone.resolve()).write('some') })
  const code = `export default async (url) => {
    const controller = new AbortController()
    const response = await fetch(url, { signal: controller.signal })
    const reading = response.text()
    controller.abort(new Error('enough'))
    try { await reading } catch (error) { return error.message }
  }`

  assert.equal(await resultOf(code, { tools, permissions: { net: true }, input: origin }), 'enough')
  await gone.promise
})
