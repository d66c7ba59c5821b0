import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startScripted } from './scripted.ts'

const { inside, failureOf, run } = await startScripted()

test('fetch answers with a response', async () => {
  const seen = await inside(`
    const response = await fetch(base + '/bytes/' + '7b22c3a4223a22f09f9a80227d')
    const before = response.bodyUsed
    const { status, ok, statusText, type, url, redirected } = response
    return [status, ok, statusText, type, url, redirected, response instanceof Response, response.headers.get('X-One'), response.headers.getSetCookie(), await response.json(), before, response.bodyUsed]`)

  assert.deepEqual(seen, [200, true, 'OK', 'basic', 'http://final.test/', false, true, '1, 2', ['a=1', 'b=2'], { 'ä': '🚀' }, false, true])
})

test('the request is told as the standard says', async () => {
  const seen = await inside(`
    const asked = async (...given) => { const { id, ...request } = await (await fetch(...given)).json(); return request }
    return [
      await asked(base + '/echo'),
      await asked(base + '/echo', { method: 'post', body: 'grüß 🚀\\ud800', headers: { 'X-B': ' b ', 'x-a': 'ü', Host: 'no', 'Sec-Fetch-Mode': 'no', 'X-HTTP-Method': 'GET, trace', Cookie: 'a=1' }, redirect: 'manual' }),
      await asked(new Request(base + '/echo', { method: 'PUT', body: new Uint8Array([0, 255]).subarray(1), headers: [['content-type', 'a/b']] }), { redirect: 'error' }),
      await asked(base + '/echo', { method: 'patch', body: new DataView(new ArrayBuffer(2)) }),
    ]`)

  const rest = { redirect: 'follow', headers: [] }
  assert.deepEqual(seen, [
    { ...rest, method: 'GET', url: 'http://host.test/echo', body: 'none', length: null, bytes: '' },
    {
      method: 'POST', url: 'http://host.test/echo', redirect: 'manual', body: 'whole', length: 14, bytes: Buffer.from('grüß 🚀\ufffd').toString('latin1'),
      headers: [['x-b', 'b'], ['x-a', 'ü'], ['cookie', 'a=1'], ['content-type', 'text/plain;charset=UTF-8']],
    },
    { method: 'PUT', url: 'http://host.test/echo', redirect: 'error', body: 'whole', length: 1, bytes: 'ÿ', headers: [['content-type', 'a/b']] },
    { ...rest, method: 'patch', url: 'http://host.test/echo', body: 'whole', length: 2, bytes: '\0\0' },
  ])
})

for (const code of ['TOOL_ERROR', 'PERMISSION_DENIED']) {
  test(`a request that fails with ${code} rejects with a TypeError, and ends the attempt with that code when nobody catches it`, async () => {
    const message = `Cannot fetch "http://host.test/fail/${code}": as it was told`

    const seen = await inside(`try { await fetch(base + '/fail/${code}') } catch (error) { return [error instanceof TypeError, Object.getPrototypeOf(error) === TypeError.prototype, error.name, error.code, error.message, error.stack.split('\\n')[0]] }`)
    const failure = await failureOf(`await fetch(base + '/fail/${code}')`)

    assert.deepEqual(seen, [true, true, 'TypeError', code, message, `TypeError: ${message}`])
    assert.deepEqual([failure.code, failure.name, failure.message], [code, 'TypeError', message])
    assert.match(failure.stack ?? '', /^TypeError: [^\n]*\n {4}at [^\n]*job\.js:4:/)
    assert.doesNotMatch(failure.stack ?? '', /batchbox:|guest/)
  })
}

test('a response whose body fails on the way rejects, however often it is asked', async () => {
  const seen = await inside(`
    const response = await fetch(base + '/parts/a,fail')
    const streamed = (await fetch(base + '/parts/a,fail')).body.getReader()
    const chunks = []
    const end = await nameOf(async () => { for (;;) { const { done, value } = await streamed.read(); if (done) return; chunks.push(value.length) } })
    return [await nameOf(() => response.text()), await nameOf(() => response.text()), chunks, end, await nameOf(() => streamed.closed)]`)

  assert.deepEqual(seen, ['TypeError', 'TypeError', [5, 1], 'TypeError', 'TypeError'])
})

test('a body comes part by part, and no part before somebody reads', async () => {
  const seen = await inside(`
    const response = await fetch(base + '/parts/b,cc,ddd')
    const calls = async () => (await (await fetch(base + '/calls')).json()).filter((call) => call.startsWith('read')).length
    const before = await calls()
    const reader = response.body.getReader()
    const first = await reader.read()
    const after = await calls()
    const second = await reader.read()
    const then = await calls()
    reader.releaseLock()
    let rest = ''
    for await (const chunk of response.body) rest += String.fromCharCode(...chunk) + '|'
    return [before, first.value.length, after, second.value.length, then, rest, await calls(), response.bodyUsed, await (await fetch(base + '/parts/x')).text()]`)

  assert.deepEqual(seen, [0, 5, 0, 1, 1, 'cc|ddd|', 3, true, 'firstx'])
})

for (const [title, method, status] of [['of status 204', 'GET', 204], ['of status 304', 'GET', 304], ['to HEAD', 'HEAD', 200]] as const) {
  test(`a response ${title} has no body`, async () => {
    const seen = await inside(`const response = await fetch(base + '/status/${status}', { method: '${method}' }); return [response.status, response.body, response.bodyUsed, await response.text(), response.bodyUsed]`)

    assert.deepEqual(seen, [status, null, false, '', false])
  })
}

test('a body of any kind is sent with its type', async () => {
  const seen = await inside(`
    const form = new FormData()
    form.append('a', 'ü'); form.append('f', new File(['x'], 'n', { type: 'a/b' }))
    const send = async (body) => { const { body: kind, bytes, headers } = await (await fetch(base + '/echo', { method: 'POST', body })).json(); return [kind, headers[0]?.[1] ?? null, bytes] }
    const [kind, type, bytes] = await send(form)
    return [[kind, type.slice(0, 30), bytes.replaceAll(type.slice(30), 'B').split('\\r\\n')], await send(new Blob(['b'], { type: 'c/d' })), await send(new URLSearchParams({ q: 'ü' })), await send(new Uint8Array([1, 255]))]`)

  assert.deepEqual(seen, [
    ['whole', 'multipart/form-data; boundary=', ['--B', 'Content-Disposition: form-data; name="a"', '', '\u00c3\u00bc', '--B', 'Content-Disposition: form-data; name="f"; filename="n"', 'Content-Type: a/b', '', 'x', '--B--', '']],
    ['whole', 'c/d', 'b'], ['whole', 'application/x-www-form-urlencoded;charset=UTF-8', 'q=%C3%BC'], ['whole', null, '\u0001\u00ff'],
  ])
})

test('what a request says of caches is sent as headers, unless it has its own', async () => {
  const seen = await inside(`
    const ask = async (init) => (await (await fetch(base + '/echo', init)).json()).headers.join(' ')
    const asked = ['default', 'no-store', 'reload', 'no-cache', 'force-cache'].map((cache) => ask({ cache }))
    return [await Promise.all([...asked, ask({ headers: { 'if-none-match': 'x' } }), ask({ cache: 'reload', headers: { 'cache-control': 'own' } })]), await nameOf(() => fetch(base, { cache: 'only-if-cached', mode: 'same-origin' }))]`)
  const none = 'pragma,no-cache cache-control,no-cache'

  assert.deepEqual(seen, [['', none, none, 'cache-control,max-age=0', '', `if-none-match,x ${none}`, 'cache-control,own pragma,no-cache'], 'TypeError'])
})

test('fetch cannot be replaced or changed, and a job that does not name it has its classes without it', async () => {
  const names = ['fetch', 'Headers', 'Request', 'Response', 'ReadableStream', 'WritableStream', 'TransformStream', 'TextDecoder', 'TextEncoder']
  const refused = await inside(`
    const tries = [() => { globalThis.fetch = 1 }, () => { delete globalThis.fetch }, () => { fetch.more = 1 }, () => Object.defineProperty(globalThis, 'fetch', { value: 1 }), () => Object.setPrototypeOf(fetch, null)]
    return [...await Promise.all(tries.map((attempt) => nameOf(attempt))), fetch.name, fetch.length, typeof fetch.prototype]`)
  const { report: { outcome } } = await run(`export default (names) => names.map((name) => typeof globalThis[name])`, { input: names })
  const present = await inside(`return input.map((name) => name === 'fetch' || [globalThis[name].name === name, Object.prototype.toString.call(globalThis[name].prototype)].join())`, { input: names })

  assert.deepEqual(refused, [...Array<string>(5).fill('TypeError'), 'fetch', 1, 'undefined'])
  assert.deepEqual(outcome.type === 'succeeded' ? JSON.parse(outcome.result) : outcome, names.map((name) => name === 'fetch' ? 'undefined' : 'function'))
  assert.deepEqual(present, names.map((name) => name === 'fetch' || `true,[object ${name}]`))
})
