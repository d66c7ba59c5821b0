import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startScripted } from './scripted.ts'

const { inside } = await startScripted()

test('headers are made of pairs, of records and of other headers', async () => {
  const seen = await inside(`
    const pairs = { * [Symbol.iterator] () { yield ['B', '1']; yield new Set(['a', '2']); yield { * [Symbol.iterator] () { yield 'b'; yield '3' } } } }
    return [[...new Headers()], [...new Headers(undefined)], [...new Headers(pairs)], [...new Headers({ b: 1, A: null, __proto__: { c: 1, [Symbol.iterator]: null } })], [...new Headers(new Headers([['x', 'y']]))]]`)

  assert.deepEqual(seen, [[], [], [['a', '2'], ['b', '1, 3']], [['a', 'null'], ['b', '1']], [['x', 'y']]])
})

test('what headers cannot be made of is a TypeError', async () => {
  const bad = ['null', '1', '"a"', 'true', '[["a"]]', '[["a", "b", "c"]]', '["ab"]', '[1]', '{ "a b": "c" }', '{ "": "c" }', '{ a: "b\\nc" }', '{ a: "\\0" }', '{ a: "\\u0100" }', '{ "\\u0100": "a" }', '{ [Symbol()]: "a" }', '{ a: Symbol() }', '{ [Symbol.iterator]: 1 }', '[["a", "b\\rc"]]']

  assert.deepEqual(await inside(`return await Promise.all([${bad.join()}].map((init) => nameOf(() => new Headers(init))))`), bad.map(() => 'TypeError'))
})

test('names have no case and values no space around them', async () => {
  const seen = await inside(`
    const headers = new Headers({ 'Content-Type': ' \\ta/b\\r\\n ' })
    headers.append('X-A', '1'); headers.append('x-a', '')
    const first = [headers.get('CONTENT-TYPE'), headers.get('x-A'), headers.has('X-a'), headers.get('y'), headers.has('y')]
    headers.set('X-a', 'ÿ'); headers.delete('CONTENT-type'); headers.delete('missing')
    return [first, [...headers]]`)

  assert.deepEqual(seen, [['a/b', '1, ', true, null, false], [['x-a', 'ÿ']]])
})

test('an iteration is sorted, combines, and goes on over what changes', async () => {
  const seen = await inside(`
    const headers = new Headers([['c', '1'], ['Set-Cookie', 'z'], ['a', '1'], ['c', '2'], ['set-cookie', 'y']])
    const seen = []
    for (const [name] of headers) { seen.push(name); if (name === 'a') headers.append('b', '1'); if (name === 'b') headers.delete('c') }
    const each = []
    headers.forEach(function (value, name, all) { each.push(name, value, all === headers, this.own) }, { own: 1 })
    const iterator = headers.keys()
    const prototype = Object.getPrototypeOf(iterator)
    return [seen, each, [...headers.keys()], [...headers.values()], [...headers.entries()], headers.getSetCookie(), Object.prototype.toString.call(iterator), Object.getPrototypeOf(prototype) === Object.getPrototypeOf(Object.getPrototypeOf([].keys())),
      Object.getOwnPropertyNames(prototype), iterator.map((name) => name + '!').toArray(), Headers.prototype[Symbol.iterator] === Headers.prototype.entries]`)

  assert.deepEqual(seen, [
    ['a', 'b', 'set-cookie', 'set-cookie'], ['a', '1', true, 1, 'b', '1', true, 1, 'set-cookie', 'z', true, 1, 'set-cookie', 'y', true, 1], ['a', 'b', 'set-cookie', 'set-cookie'], ['1', '1', 'z', 'y'],
    [['a', '1'], ['b', '1'], ['set-cookie', 'z'], ['set-cookie', 'y']], ['z', 'y'], '[object Headers Iterator]', true, ['next'], ['a!', 'b!', 'set-cookie!', 'set-cookie!'], true,
  ])
})

test('headers of a request drop what is the connection\'s, those of an answer cannot be changed, and one\'s own can', async () => {
  const names = [
    'Accept-Charset', 'Accept-Encoding', 'Access-Control-Request-Headers', 'Connection', 'Content-Length', 'Cookie2', 'Date', 'DNT', 'Expect', 'Host', 'HTTP2-Settings', 'Keep-Alive', 'Set-Cookie', 'TE', 'Trailer',
    'Transfer-Encoding', 'Upgrade', 'Via', 'Proxy-Authorization', 'Sec-Fetch-Site',
  ]
  const seen = await inside(`
    const request = new Request(base, { headers: Object.fromEntries(input.map((name) => [name, 'x'])) })
    for (const name of input) { request.headers.append(name, 'x'); request.headers.set(name, 'x') }
    request.headers.append('X-Method-Override', 'get , CONNECT'); request.headers.append('x-method-override', 'get'); request.headers.set('Referer', 'r')
    const answer = await fetch(base)
    const refused = await Promise.all(['append', 'set', 'delete'].map((method) => nameOf(() => answer.headers[method]('x', 'y'))))
    const own = new Response(null, { headers: { host: 'mine', 'set-cookie': 'a' } })
    return [[...request.headers], refused, await nameOf(() => Response.error().headers.set('a', 'b')), await nameOf(() => Response.redirect('http://a.test').headers.set('a', 'b')), [...own.headers]]`, { input: names })

  assert.deepEqual(seen, [[['referer', 'r'], ['x-method-override', 'get']], ['TypeError', 'TypeError', 'TypeError'], 'TypeError', 'TypeError', [['host', 'mine'], ['set-cookie', 'a']]])
})

test('a method of Headers is called on headers, with enough arguments', async () => {
  const seen = await inside(`
    const calls = [() => Headers(), () => Headers.prototype.get.call({}, 'a'), () => new Headers().append('a'), () => new Headers().get(), () => new Headers().has('a b'), () => new Headers().forEach({}), () => Headers.prototype.entries.call(new Map()), () => Headers.prototype.keys.call(Object.create(Headers.prototype))]
    return await Promise.all(calls.map(nameOf))`)

  assert.deepEqual(seen, Array(8).fill('TypeError'))
})
