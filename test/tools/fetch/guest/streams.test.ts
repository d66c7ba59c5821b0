import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startScripted } from './scripted.ts'

const { inside, run } = await startScripted()

test('a stream is sent part by part, and asked for the next one when the one before was taken', async () => {
  const seen = await inside(`
    const pulled = []
    const parts = ['a'.repeat(10), 'b'.repeat(1_500_000), '', 'c']
    const body = new ReadableStream({ async pull (controller) {
      const sent = (await (await fetch(base + '/calls')).json()).filter((call) => call.startsWith('write')).length
      pulled.push(sent)
      const part = parts.shift()
      if (part === undefined) controller.close()
      else controller.enqueue(new TextEncoder().encode(part))
    } }, { highWaterMark: 0 })
    const request = new Request(base + '/upload', { method: 'POST', body, duplex: 'half' })
    const { body: kind, length, parts: sent, headers } = await (await fetch(request)).json()
    return [pulled, kind, length, sent, headers, request.bodyUsed, body.locked, await nameOf(() => fetch(request))]`)

  assert.deepEqual(seen, [[0, 1, 3, 3, 4], 'stream', null, [10, 1_048_576, 451_424, 1, 0], [], true, true, 'TypeError'])
})

test('a body that is too large for one call is sent in parts of known length', async () => {
  const seen = await inside(`const { body, length, parts } = await (await fetch(base + '/upload', { method: 'PUT', body: new Uint8Array(2_500_000) })).json(); return [body, length, parts]`)

  assert.deepEqual(seen, ['stream', 2_500_000, [1_048_576, 1_048_576, 402_848, 0]])
})

test('a stream that the server wants no more of is canceled', async () => {
  const seen = await inside(`
    const canceled = Promise.withResolvers()
    let pulls = 0
    const body = new ReadableStream({ pull (controller) { pulls++; controller.enqueue(new TextEncoder().encode('enough')) }, cancel () { canceled.resolve('canceled') } }, { highWaterMark: 0 })
    const { parts } = await (await fetch(base + '/upload', { method: 'POST', body, duplex: 'half' })).json()
    return [parts, await canceled.promise, pulls]`)

  assert.deepEqual(seen, [[6], 'canceled', 1])
})

test('a stream that fails, or has chunks that are not bytes, fails the request', async () => {
  const seen = await inside(`
    const send = (source) => fetch(base + '/upload', { method: 'POST', body: new ReadableStream(source), duplex: 'half' }).catch((error) => [error.name, error.cause?.message ?? error.cause])
    return [await send({ start (controller) { controller.error('mine') } }), await send({ pull () { throw new RangeError('late') } }), (await send({ pull (controller) { controller.enqueue('text') } }))[0],
      (await (await fetch(base + '/calls')).json()).filter((call) => call.startsWith('close'))]`)

  assert.deepEqual(seen, [['TypeError', 'mine'], ['TypeError', 'late'], 'TypeError', ['close 1', 'close 2', 'close 3']])
})

test('a request that fails cancels the stream that is sent', async () => {
  const seen = await inside(`
    const canceled = Promise.withResolvers()
    const body = new ReadableStream({ cancel: canceled.resolve })
    const error = await fetch(base + '/fail/TOOL_ERROR', { method: 'POST', body, duplex: 'half' }).catch((error) => error)
    return [error.code, await canceled.promise === error]`)

  assert.deepEqual(seen, ['TOOL_ERROR', true])
})

test('an abort cancels the stream that is sent', async () => {
  const seen = await inside(`
    const canceled = Promise.withResolvers()
    const controller = new AbortController()
    const body = new ReadableStream({ cancel: canceled.resolve })
    const waits = fetch(base + '/upload', { method: 'POST', body, duplex: 'half', signal: controller.signal })
    controller.abort('no more')
    return [await nameOf(() => waits), await canceled.promise]`)

  assert.deepEqual(seen, ['no more', 'no more'])
})

test('the body of a response can be the body of a request, and go through other streams', async () => {
  const seen = await inside(`
    const { body } = await fetch(base + '/parts/b,cc')
    const sent = await (await fetch(base + '/upload', { method: 'POST', body, duplex: 'half' })).json()
    const upper = new TransformStream({ transform (chunk, controller) { controller.enqueue(new TextEncoder().encode(new TextDecoder().decode(chunk).toUpperCase())) } })
    const piped = await new Response((await fetch(base + '/parts/b,cc')).body.pipeThrough(upper)).text()
    const collected = []
    await (await fetch(base + '/parts/b,cc')).body.pipeTo(new WritableStream({ write (chunk) { collected.push(chunk.length) } }))
    const byob = (await fetch(base + '/parts/b,cc')).body.getReader({ mode: 'byob' })
    const views = []
    for (;;) { const { done, value } = await byob.read(new Uint8Array(4)); if (done) break; views.push(new TextDecoder().decode(value)) }
    return [sent.parts, piped, collected, views]`)

  assert.deepEqual(seen, [[5, 1, 2, 0], 'FIRSTBCC', [5, 1, 2], ['firs', 't', 'b', 'cc']])
})

test('one that goes on when the run is over ends with it', async () => {
  const { report: { outcome } } = await run(`
    export default async () => {
      const body = new ReadableStream({ pull (controller) { controller.enqueue(new Uint8Array(1000)) } }, { highWaterMark: 0 })
      void fetch('http://host.test/upload', { method: 'POST', body, duplex: 'half' }).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 20))
      return 'over'
    }`, { tools: ['fetch'], limits: { toolCalls: 100_000 } })

  assert.equal(outcome.type === 'succeeded' ? outcome.result : JSON.stringify(outcome), '"over"')
})
