import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startScripted } from './scripted.ts'

const { inside } = await startScripted()

test('a response is made of a body and of its options', async () => {
  const seen = await inside(`
    const describe = async (response) => [response.type, response.url, response.status, response.ok, response.statusText, [...response.headers], response.body === null, await response.text()]
    const stream = new ReadableStream({ start (controller) { controller.enqueue(new TextEncoder().encode('str')); controller.enqueue(new TextEncoder().encode('eam')); controller.close() } })
    return await Promise.all([
      new Response(), new Response(null), new Response('ü', { status: 404, statusText: 'Not', headers: { a: 'b' } }), new Response(new Uint16Array([0x4142])), new Response({ toString: () => 'o' }),
      new Response(stream), new Response('x', { headers: { 'content-type': 'a/b' } }), Response.json({ a: [1] }, { status: 201, headers: { 'content-type': 'b/c' } }), Response.json('ü'), Response.error(), Response.redirect('http://a.test/ü', 308),
    ].map(describe))`)
  const text = [['content-type', 'text/plain;charset=UTF-8']]

  assert.deepEqual(seen, [
    ['default', '', 200, true, '', [], true, ''], ['default', '', 200, true, '', [], true, ''], ['default', '', 404, false, 'Not', [['a', 'b'], ...text], false, 'ü'], ['default', '', 200, true, '', [], false, 'BA'],
    ['default', '', 200, true, '', text, false, 'o'], ['default', '', 200, true, '', [], false, 'stream'], ['default', '', 200, true, '', [['content-type', 'a/b']], false, 'x'],
    ['default', '', 201, true, '', [['content-type', 'b/c']], false, '{"a":[1]}'], ['default', '', 200, true, '', [['content-type', 'application/json']], false, '"ü"'],
    ['error', '', 0, false, '', [], true, ''], ['default', '', 308, false, '', [['location', 'http://a.test/%C3%BC']], true, ''],
  ])
})

test('what a response cannot be made of throws what the standard says', async () => {
  const bad = {
    'new Response("", { status: 199 })': 'RangeError', 'new Response("", { status: 600 })': 'RangeError', 'new Response("", { status: 65736 })': 'no error', 'new Response("", { statusText: "\\n" })': 'TypeError',
    'new Response("", { statusText: "\\u0100" })': 'TypeError', 'new Response("", { status: 204 })': 'TypeError', 'new Response(null, { status: 204 })': 'no error', 'new Response("", { status: 101 })': 'RangeError',
    'new Response("", 1)': 'TypeError', 'new Response(Symbol())': 'TypeError', 'Response()': 'TypeError', 'Response.redirect("http://x.test", 200)': 'RangeError', 'Response.redirect("x")': 'TypeError', 'Response.redirect()': 'TypeError',
    'Response.json()': 'TypeError', 'Response.json(Symbol())': 'TypeError', 'Response.json(1n)': 'TypeError', 'Response.json(1, { status: 204 })': 'TypeError', 'new Response("", { headers: [[1]] })': 'TypeError',
  }

  assert.deepEqual(await inside(`return await Promise.all([${Object.keys(bad).map((code) => `() => ${code}`).join()}].map(nameOf))`), Object.values(bad))
})

test('a request is made of an address, or of another request', async () => {
  const seen = await inside(`
    const describe = (request) => [request.method, request.url, request.redirect, request.duplex, [...request.headers], request.signal instanceof AbortSignal]
    const first = new Request(base, { method: 'delete', redirect: 'manual', headers: { a: '1' }, body: 'x' })
    const second = new Request(first, { method: 'PATCH', headers: { b: '2' } })
    return [describe(new Request({ toString: () => 'http://a.test/' })), describe(first), describe(second), first.bodyUsed, await second.text(), describe(new Request(second, { body: 'new' })), describe(new Request(base, { method: 'constructor' }))]`)

  assert.deepEqual(seen, [
    ['GET', 'http://a.test/', 'follow', 'half', [], true], ['DELETE', 'http://host.test/', 'manual', 'half', [['a', '1'], ['content-type', 'text/plain;charset=UTF-8']], true],
    ['PATCH', 'http://host.test/', 'manual', 'half', [['b', '2']], true], true, 'x', ['PATCH', 'http://host.test/', 'manual', 'half', [['b', '2'], ['content-type', 'text/plain;charset=UTF-8']], true],
    ['constructor', 'http://host.test/', 'follow', 'half', [], true],
  ])
})

test('what a request cannot be made of is a TypeError, which fetch rejects with', async () => {
  const bad = [
    '', 'base, { method: "GET", body: "" }', 'base, { method: "head", body: "x" }', 'base, { method: "a b" }', 'base, { method: "" }', 'base, { method: "trace" }', 'base, { method: "Connect" }', 'base, { method: "\\u0100" }',
    'base, { redirect: "never" }', 'base, { duplex: "full" }', 'base, { signal: {} }', 'base, { signal: 1 }', 'base, 1', 'base, { headers: 1 }', 'Symbol()', 'base, { method: "POST", body: new ReadableStream() }',
    'base, { method: "POST", body: Symbol() }', 'base, { method: "POST", duplex: "half", body: locked }', 'used', 'used.clone()',
  ]
  const seen = await inside(`
    const locked = new ReadableStream(); locked.getReader()
    const used = new Request(base, { method: 'POST', body: 'x' }); await used.text()
    return [await Promise.all([${bad.map((given) => `() => new Request(${given})`).join()}].map(nameOf)), await Promise.all([${bad.map((given) => `() => fetch(${given})`).join()}].map(nameOf))]`)

  assert.deepEqual(seen, [bad.map(() => 'TypeError'), bad.map(() => 'TypeError')])
})

test('options of a request are read once each, in the order of Web IDL', async () => {
  const seen = await inside(`
    const seen = []
    const init = new Proxy({ method: 'POST', body: 'b' }, { get (target, key) { seen.push(key); return target[key] } })
    new Request(base, init)
    new Response('', new Proxy({}, { get (target, key) { seen.push(key) } }))
    return seen`)

  assert.deepEqual(seen, [
    'body', 'cache', 'credentials', 'duplex', 'headers', 'keepalive', 'method', 'mode', 'priority', 'redirect', 'referrer', 'referrerPolicy', 'signal', 'window', 'headers', 'status', 'statusText',
  ])
})

test('a body is read once, in any form', async () => {
  const seen = await inside(`
    const seen = []
    for (const make of [() => new Response('\\ufeff[1]'), () => new Request(base, { method: 'POST', body: '\\ufeff[1]' }), () => fetch(base + '/bytes/efbbbf5b315d')]) {
      for (const method of ['text', 'json', 'bytes', 'arrayBuffer']) {
        const holder = await make()
        const value = await holder[method]()
        seen.push(typeof value === 'string' || Array.isArray(value) ? value : [value.constructor.name, value.byteLength])
        seen.push(holder.bodyUsed, holder.body.locked, await nameOf(() => holder.text()), await nameOf(() => holder.clone()))
      }
    }
    return seen`) as unknown[]

  const rest = [true, true, 'TypeError', 'TypeError']
  const once = ['[1]', ...rest, [1], ...rest, ['Uint8Array', 6], ...rest, ['ArrayBuffer', 6], ...rest]
  assert.deepEqual(seen, [...once, ...once, ...once])
})

test('a body that somebody reads cannot be read by another, and one that was let go of can', async () => {
  const seen = await inside(`
    const response = new Response('text')
    const reader = response.body.getReader()
    const locked = [response.bodyUsed, await nameOf(() => response.text()), await nameOf(() => response.clone()), response.bodyUsed]
    reader.releaseLock()
    const free = [response.bodyUsed, await response.text(), response.bodyUsed]
    const canceled = new Response('x'); await canceled.body.cancel()
    return [locked, free, canceled.bodyUsed, await nameOf(() => canceled.text()), await nameOf(() => new Response('{').json()), response.body === response.body]`)

  assert.deepEqual(seen, [[false, 'TypeError', 'TypeError', false], [false, 'text', true], true, 'TypeError', 'SyntaxError', true])
})

test('a clone has the same body, and the two are read apart', async () => {
  const seen = await inside(`
    const read = async (holder) => { const copy = holder.clone(); const again = copy.clone(); return [await again.text(), await holder.text(), holder.bodyUsed, copy.bodyUsed, await copy.text(), [...copy.headers].length] }
    const request = new Request(base, { method: 'POST', body: 'req' })
    const late = await fetch(base + '/parts/b,c'); void late.body
    const headers = new Response('x', { headers: { a: '1' } }); const other = headers.clone(); other.headers.set('a', '2')
    return [await read(new Response('abc')), await read(request), await read(await fetch(base + '/parts/b,c')), await read(late), headers.headers.get('a'), new Response(null).clone().body]`)

  assert.deepEqual(seen, [['abc', 'abc', true, false, 'abc', 1], ['req', 'req', true, false, 'req', 1], ['firstbc', 'firstbc', true, false, 'firstbc', 4], ['firstbc', 'firstbc', true, false, 'firstbc', 4], '1', null])
})

test('a chunk that is not bytes is a TypeError, and an error of a stream is who read it told', async () => {
  const seen = await inside(`
    const of = (chunk) => new ReadableStream({ pull (controller) { controller.enqueue(chunk) } })
    const failing = new ReadableStream({ pull () { throw new RangeError('mine') } })
    return await Promise.all(['text', 1, new ArrayBuffer(1), new Uint16Array(1), null].map((chunk) => nameOf(() => new Response(of(chunk)).text())).concat(nameOf(() => new Response(failing).bytes())))`)

  assert.deepEqual(seen, [...Array<string>(5).fill('TypeError'), 'RangeError'])
})
