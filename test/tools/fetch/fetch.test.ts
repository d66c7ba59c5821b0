import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { startEngine } from '../../helpers/engine.ts'
import { pour, readBody, startHttp } from '../../helpers/http-server.ts'

// Both halves of fetch, with a server behind them.
const { run, resultOf, failureOf } = await startEngine({ lanes: 2, tools: { own: '', config: '{"fetch":{"allowRanges":["127.0.0.0/8"]}}' } })
const wrap = (body: string) => `export default async (base) => { ${body} }`

type Listener = Parameters<typeof startHttp>[1]

async function start (t: TestContext, listener: Listener) {
  const { origin, port, requests } = await startHttp(t, listener)
  const options = { input: origin, tools: ['fetch'], permissions: { net: [`127.0.0.1:${port}`] } }
  return {
    port,
    requests,
    inside: (body: string) => resultOf(wrap(body), options),
    failing: (body: string) => failureOf(wrap(body), options),
    options,
  }
}

test('a job asks a server and reads its JSON', async (t) => {
  const { inside, requests } = await start(t, async (request, response) => {
    const { method, url, headers } = request
    response.writeHead(201, 'Made', [['content-type', 'application/json'], ['set-cookie', 'a=1'], ['set-cookie', 'b=2']].flat())
    response.end(JSON.stringify({ method, url, type: headers['content-type'], length: headers['content-length'], cookie: headers.cookie, body: (await readBody(request)).toString() }))
  })

  const seen = await inside(`
    const response = await fetch(base + '/path?q=ü#part', { method: 'POST', body: JSON.stringify({ a: 'ü' }), headers: { 'content-type': 'a/b', cookie: 'c=1', host: 'elsewhere' } })
    return [response.status, response.ok, response.statusText, response.url, response.headers.getSetCookie(), await response.json()]`)

  const path = '/path?q=%C3%BC'
  assert.deepEqual(seen, [201, true, 'Made', expectedUrl(seen, path), ['a=1', 'b=2'], { method: 'POST', url: path, type: 'a/b', length: '10', cookie: 'c=1', body: '{"a":"ü"}' }])
  assert.deepEqual(requests, [`POST ${path}`])
})

/** The address with the port of this run. */
function expectedUrl (seen: unknown, path: string): string {
  const url = new URL((seen as string[])[3] ?? '') // the fourth of what the code answers
  assert.equal(url.pathname + url.search, path)
  return url.href
}

test('a large, compressed body comes whole, in order and part by part', async (t) => {
  const text = Array.from({ length: 100_000 }, (_, i) => `${i} ü🚀`).join('\n')
  const { inside } = await start(t, (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(text)))

  const seen = await inside(`
    const text = await (await fetch(base)).text()
    let bytes = 0, parts = 0
    const decoder = new TextDecoder()
    let streamed = ''
    for await (const part of (await fetch(base)).body) { bytes += part.length; parts++; streamed += decoder.decode(part, { stream: true }) }
    return [text.length, text.split('\\n').every((line, i) => line === i + ' ü🚀'), streamed === text, bytes, parts > 3]`)

  assert.deepEqual(seen, [text.length, true, true, Buffer.byteLength(text), true])
})

test('a stream is sent as the server takes it', async (t) => {
  const { inside } = await start(t, async (request, response) => { response.end(`${request.headers['transfer-encoding']} ${(await readBody(request)).length}`) })

  const seen = await inside(`
    let left = 30
    const body = new ReadableStream({ pull (controller) { if (left-- > 0) controller.enqueue(new Uint8Array(100_000)); else controller.close() } })
    return [await (await fetch(base, { method: 'POST', body, duplex: 'half' })).text(), await (await fetch(base, { method: 'PUT', body: new Uint8Array(2_000_000) })).text()]`)

  assert.deepEqual(seen, ['chunked 3000000', 'undefined 2000000'])
})

test('an abort closes the connection, before the answer and while its body comes', async (t) => {
  const closed = Promise.withResolvers<void>()
  const { inside } = await start(t, (request, response) => {
    if (request.url !== '/pour') return // never answered
    response.on('close', closed.resolve)
    pour(response, Buffer.alloc(10_000))
  })

  const seen = await inside(`
    const first = await fetch(base, { signal: AbortSignal.timeout(50) }).catch((error) => error.name)
    const controller = new AbortController()
    const { body } = await fetch(base + '/pour', { signal: controller.signal })
    const reader = body.getReader()
    await reader.read()
    controller.abort(new RangeError('enough'))
    return [first, await reader.read().catch((error) => error.message)]`)
  await closed.promise

  assert.deepEqual(seen, ['TimeoutError', 'enough'])
})

test('redirects are followed, refused or shown', async (t) => {
  const { inside, requests } = await start(t, (request, response) => {
    if (request.url === '/to') response.end('there')
    else response.writeHead(302, { location: '/to' }).end()
  })

  const seen = await inside(`
    const followed = await fetch(base + '/from')
    const shown = await fetch(base + '/from', { redirect: 'manual' })
    return [followed.redirected, followed.url === base + '/to', await followed.text(), shown.status, shown.headers.get('location'), await fetch(base + '/from', { redirect: 'error' }).catch((error) => [error.name, error.code])]`)

  assert.deepEqual(seen, [true, true, 'there', 302, '/to', ['TypeError', 'TOOL_ERROR']])
  assert.deepEqual(requests, ['GET /from', 'GET /to', 'GET /from', 'GET /from'])
})

test('what is not granted is denied, and the attempt fails with that code', async (t) => {
  const { inside, failing, requests } = await start(t, (_, response) => response.end())
  const other = `fetch('http://127.0.0.1:1/')`

  const caught = await inside(`return await ${other}.catch((error) => [error instanceof TypeError, error.code])`)
  const { code, name, stack } = await failing(`await ${other}`)

  assert.deepEqual(caught, [true, 'PERMISSION_DENIED'])
  assert.deepEqual([code, name], ['PERMISSION_DENIED', 'TypeError'])
  assert.match(stack ?? '', /job\.js:1:/)
  assert.deepEqual(requests, [])
})

for (const [title, given] of [['relative', '/path'], ['empty', ''], ['of another scheme', 'file:///etc/passwd'], ['that is none', 'http://']] as const) {
  test(`an address ${title} rejects with a TypeError`, async (t) => {
    const { inside } = await start(t, (_, response) => response.end())

    assert.equal(await inside(`return await fetch(${JSON.stringify(given)}).catch((error) => error.name)`), 'TypeError')
  })
}

test('requests beyond the limit of a run end it with TOOL_LIMIT when nobody catches that', async (t) => {
  const { requests, options } = await start(t, (_, response) => response.end())
  const code = wrap('for (let i = 0; i < 5; i++) await fetch(base)')

  const { report: { outcome } } = await run(code, { ...options, toolConfig: { fetch: { maxRequests: 3 } } })

  assert.equal(outcome.type === 'failed' && outcome.error.code, 'TOOL_LIMIT', JSON.stringify(outcome))
  assert.equal(requests.length, 3)
})

test('the run\'s receipt says which hosts were asked, and how much was sent and received', async (t) => {
  const { options, port } = await start(t, (_, response) => response.end('12345'))

  const { report } = await run(wrap(`await (await fetch(base, { method: 'POST', body: 'abc' })).text(); return 1`), options)

  const line = report.receipt.lines.find(({ grant }) => grant === 'net')
  assert.deepEqual([line?.target, line?.method, line?.count, line?.sentBytes, line?.receivedBytes], [`127.0.0.1:${port}`, 'POST', 1, 3, 5])
})
