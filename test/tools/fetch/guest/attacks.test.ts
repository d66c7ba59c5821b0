import assert from 'node:assert/strict'
import { test } from 'node:test'
import { walkGlobals } from '../../../engine/guest/walk-globals.ts'
import { startScripted } from './scripted.ts'

const { inside, failureOf, run } = await startScripted()

/** Uses what is ours from end to end, and says what came of it in one text. */
const USE = `
  const response = await fetch(base + '/echo', { method: 'POST', body: 'gr\\u00fc', headers: { 'x-b': '1', host: 'no', 'X-A': 'x' } })
  const echo = await response.json()
  const bytes = await (await fetch(new Request(base + '/parts/a,b', { method: 'PUT', body: new U8(3) }))).bytes()
  const controller = new AbortController()
  let heard = 0
  controller.signal.addEventListener('abort', () => { heard++ })
  const waits = fetch(base + '/never', { signal: AbortSignal.any([controller.signal]) })
  controller.abort('why')
  let why, failed
  try { await waits } catch (error) { why = error }
  try { await fetch(base + '/fail/PERMISSION_DENIED') } catch (error) { failed = error.code }
  const own = await new Response('x').clone().text() + await Response.json({ __proto__: null, a: 1 }).text()
  const headers = new Headers({ __proto__: null, b: '1', a: '2' })
  headers.append('a', '3')
  let names = ''
  headers.forEach((value, name) => { names += name + '=' + value + ';' })
  const seen = response.status + response.headers.get('x-one') + echo.method + echo.bytes + echo.headers[1][0] + bytes[0] + bytes[6] + why + heard + failed + own + names + new TextDecoder().decode(new TextEncoder().encode('\\u00e4'))
`
const EXPECTED = '2001, 2POSTgr\u00c3\u00bcx-a10298why1PERMISSION_DENIEDx{"a":1}a=2, 3;b=1;ä'
const wrap = (body: string) => `const base = 'http://host.test', U8 = Uint8Array, { ownKeys, defineProperty: define } = Reflect\nexport default async () => { ${body} }`
const tools = ['fetch']

async function resultOf (body: string): Promise<unknown> {
  const { report: { outcome } } = await run(wrap(body), { tools })
  return outcome.type === 'succeeded' ? JSON.parse(outcome.result) : outcome
}

test('requests and answers are right whatever user code did to the language', async () => {
  const seen = await resultOf(`
    const forge = (name) => function () { return 'forged' }
    const holders = [Array, String, Object, Function, Reflect, JSON, Number, Math, Symbol, Map, Set, WeakMap, Error, TypeError, ArrayBuffer, DataView, DOMException, RegExp, Date, Promise, Iterator, Headers, Request, Response,
      Object.getPrototypeOf(Uint8Array), Object.getPrototypeOf(Uint8Array.prototype), Array.prototype, String.prototype, Function.prototype, Number.prototype, Map.prototype, Set.prototype, Symbol.prototype, Error.prototype, TypeError.prototype,
      RegExp.prototype, WeakMap.prototype, Promise.prototype, ArrayBuffer.prototype, DataView.prototype, U8.prototype, Uint16Array.prototype, DOMException.prototype, Iterator.prototype, Object.getPrototypeOf([][Symbol.iterator]()),
      ReadableStream.prototype, ReadableStreamDefaultReader.prototype, ReadableByteStreamController.prototype, Event.prototype, performance]
    const kept = { __proto__: null, prototype: 1, constructor: 1, name: 1, type: 1, next: 1, json: 1, then: 1 }
    for (let i = 0; i < holders.length; i++) {
      const keys = Reflect_ownKeys(holders[i])
      for (let j = 0; j < keys.length; j++) {
        if (keys[j] in kept || keys[j] === Symbol.iterator) continue
        try { define(holders[i], keys[j], { __proto__: null, value: forge(keys[j]), configurable: true, writable: true }) } catch {}
      }
    }
    ${USE}
    return seen`.replaceAll('Reflect_ownKeys', '(0, ownKeys)')).catch((error: unknown) => error)

  assert.equal(seen, EXPECTED)
})

test('no accessor on a prototype is handed anything of the trusted code', async () => {
  const seen = await resultOf(`
    const touched = []
    const take = (entry) => Object.defineProperty(touched, touched.length, { __proto__: null, value: entry, configurable: true })
    const KEYS = ['name', 'value', 'get', 'set', 'writable', 'enumerable', 'configurable', 'method', 'url', 'headers', 'redirect', 'body', 'length', 'id', 'ended', 'status', 'statusText', 'redirected', 'text', 'bytes', 'type', 'read', 'cancel',
      'watch', 'build', 'capture', 'once', 'passive', 'signal', 'callback', 'isRemoved', 'aborted', 'reason', 'pairs', 'list', 'content', 'hasDuplex', 'toJSON', 'then', 'source', 'stream', 'whole', 'taken', 'end', 'done', 'duplex', 'handleEvent',
      'code', 'cause', 'bubbles', 'cancelable', 'composed', 'fatal', 'ignoreBOM', 'target', 'currentTarget', 'sources', 'dependents', 'isAborted', 'index', 'input', 'groups']
    const trap = (target, key) => Object.defineProperty(target, key, { __proto__: null, configurable: true, get () { take([key, this]) }, set (given) { take([key, this, given]) } })
    for (const key of KEYS) trap(Object.prototype, key)
    for (let i = 0; i < 20; i++) { trap(Array.prototype, i); trap(Object.prototype, i) }
    ${USE}
    for (const key of KEYS) delete Object.prototype[key]
    for (let i = 0; i < 20; i++) { delete Array.prototype[i]; delete Object.prototype[i] }
    // What user code handed in, and what it was given
    const isOwn = (self) => self instanceof Response || self instanceof U8 || self === echo || self instanceof Promise || ['method,body,headers', 'method,body', 'signal'].includes(Reflect.ownKeys(self).map(String).join())
    return [seen, touched.filter(([, self]) => typeof self === 'object' && !isOwn(self)).map(([key, self]) => [String(key), Object.prototype.toString.call(self), Reflect.ownKeys(self).map(String)])]`)

  assert.deepEqual(seen, [EXPECTED, []])
})

test('promises and answers of the trusted code never reach user code', async () => {
  const seen = await resultOf(`
    const strange = []
    const taken = []
    const real = Promise.prototype.then
    class Thief extends Promise { static get [Symbol.species] () { return Thief } }
    Object.defineProperty(Promise.prototype, 'constructor', { configurable: true, get () { taken.push(this); return Thief } })
    Object.defineProperty(Promise, Symbol.species, { configurable: true, get: () => Thief })
    Promise.prototype.then = function (...args) { taken.push(this); return Reflect.apply(real, this, args) }
    Object.defineProperty(Object.prototype, 'then', { configurable: true, get () { if ('ended' in this || 'taken' in this || ('text' in this && 'bytes' in this && !(this instanceof Response))) strange.push(Reflect.ownKeys(this).join()); return undefined } })
    ${USE}
    const stream = (await fetch(base + '/parts/a,b')).body
    for await (const chunk of stream) void chunk
    Object.defineProperty(Promise.prototype, 'constructor', { value: Promise })
    Promise.prototype.then = real
    const look = (value) => { if (typeof value === 'object' && value !== null && !(value instanceof Response) && ('text' in value || 'ended' in value)) strange.push('promise of ' + Reflect.ownKeys(value).join()) }
    for (const promise of taken) void real.call(promise, look, () => {}) // not awaited: the entry's own is among them
    await fetch(base)
    return [seen, strange, taken.length > 10]`)

  assert.deepEqual(seen, [EXPECTED, [], true])
})

test('getters, proxies and objects that change their minds are read once, and end as errors of the code', async () => {
  const names = await inside(`
    const boom = () => { throw new RangeError('getter') }
    let turn = 0
    const fickle = { toString: () => turn++ === 0 ? base + '/echo' : 'javascript:alert(1)' }
    const { url } = await (await fetch(fickle)).json()
    const endless = { * [Symbol.iterator] () { for (let i = 0; ; i++) { if (i > 20) throw new RangeError('endless'); yield ['a', 'b'] } } }
    const { proxy, revoke } = Proxy.revocable({}, {}); revoke()
    const calls = [
      () => fetch({ toString: boom }), () => fetch(base, { get method () { return boom() } }), () => fetch(base, { headers: endless }), () => fetch(base, proxy), () => fetch(proxy), () => fetch(base, { headers: proxy }),
      () => fetch(base, { method: 'POST', body: { toString: boom } }), () => fetch(base, { signal: new Proxy(new AbortController().signal, {}) }), () => fetch(new Proxy(new Request(base), { get: boom })),
      () => fetch(base, { headers: [{ * [Symbol.iterator] () { boom() } }] }),
      () => Response.prototype.text.call(new Proxy(new Response('x'), {})), () => new Response(new Proxy(new Uint8Array(2), {})).text(), () => fetch(base, { headers: { a: { toString: boom } } }),
    ]
    return [url, turn, await Promise.all(calls.map(nameOf))]`)

  assert.deepEqual(names, ['http://host.test/echo', 1, [
    'RangeError', 'RangeError', 'RangeError', 'TypeError', 'TypeError', 'TypeError', 'RangeError', 'TypeError', 'RangeError', 'RangeError', 'TypeError', 'TypeError', 'RangeError',
  ]])
})

test('a buffer that is changed or given away while it is sent is sent as it was', async () => {
  const seen = await inside(`
    const view = new Uint8Array([1, 2, 3])
    const waits = fetch(base + '/echo', { method: 'POST', body: view })
    view.fill(9)
    const shared = new Uint8Array([4, 5])
    const response = new Response(shared)
    shared.fill(0)
    const gone = new Uint8Array(3); gone.buffer.transfer()
    return [(await (await waits).json()).bytes, [...await response.bytes()], (await (await fetch(base + '/echo', { method: 'POST', body: gone })).json()).length]`)

  assert.deepEqual(seen, ['\u0001\u0002\u0003', [4, 5], 0])
})

test('a thenable that comes as a result, and a response whose then is the user\'s, are what they are in any JavaScript', async () => {
  const seen = await inside(`
    Response.prototype.then = function (resolve) { delete Response.prototype.then; resolve('stolen') }
    const first = await fetch(base)
    const second = await fetch(base)
    return [first, second.status]`)

  assert.deepEqual(seen, ['stolen', 200])
})

test('state of a stream that user code tears at ends its own reads, and nothing else', async () => {
  const seen = await inside(`
    const response = await fetch(base + '/parts/a,b')
    const { body } = response
    for (const key of Reflect.ownKeys(body)) { try { body[key] = undefined } catch {} }
    const torn = await nameOf(() => response.text())
    const other = await fetch(base + '/parts/a,b')
    Array.prototype.push = () => 0
    Function.prototype.call = () => 0
    const broken = await nameOf(() => other.clone().text())
    return [torn !== 'no error', typeof broken, await (await fetch(base + '/hello')).text()]`)

  assert.deepEqual(seen, [true, 'string', 'hello'])
})

test('calls without an end are counted, and end the run', async () => {
  const many = await failureOf(`await Promise.all(Array.from({ length: 100 }, () => fetch(base + '/never')))`)
  const more = await failureOf(`for (;;) { try { await fetch(base) } catch {} }`, { limits: { toolCalls: 20 } })
  const reads = await failureOf(`const response = await fetch(base + '/parts/' + 'a,'.repeat(100) + 'a'); await response.text()`, { limits: { toolCalls: 20 } })

  assert.deepEqual([many.code, more.code, reads.code], ['TOOL_LIMIT', 'TOOL_LIMIT', 'TOOL_LIMIT'])
})

test('a run that is over makes no calls any more, and its neighbour goes on', async () => {
  const [first, second] = await Promise.all([
    run(wrap(`setInterval(() => { void fetch(base + '/never').catch(() => {}) }, 1); void fetch(base + '/parts/never').then((response) => response.text()); await new Promise((resolve) => setTimeout(resolve, 30)); return 'over'`), { tools }),
    run(wrap(`let count = 0; for (let i = 0; i < 50; i++) count += (await (await fetch(base)).text()).length; return count`), { tools }),
  ])

  assert.equal(first.report.outcome.type === 'succeeded' && first.report.outcome.result, '"over"')
  assert.equal(second.report.outcome.type === 'succeeded' && second.report.outcome.result, '250')
})

test('everything on the graph of fetch was made in the isolate', async () => {
  const { report: { outcome } } = await run(`${walkGlobals.toString()}\n${wrap(`
    const response = await fetch(base + '/parts/a,b')
    const request = new Request(base, { method: 'POST', body: 'x' })
    const controller = new AbortController()
    const { body } = response.clone()
    const reader = response.body.getReader()
    const promise = fetch(base)
    let error
    try { await fetch(base + '/fail/TOOL_ERROR') } catch (thrown) { error = thrown }
    const event = new Event('x')
    controller.abort()
    return walkGlobals([['globalThis', globalThis], ['response', response], ['request', request], ['controller', controller], ['body', body], ['reader', reader], ['read', reader.read()], ['promise', promise], ['error', error], ['event', event],
      ['headers', response.headers], ['iterator', response.headers.entries()], ['signal', request.signal], ['writer', new WritableStream().getWriter()], ['transform', new TransformStream()], ['values', body.values()], ['decoder', new TextDecoder()]])`)}`, { tools, limits: { timeoutMs: 20_000 } })
  const seen = JSON.parse(outcome.type === 'succeeded' ? outcome.result : '{}') as ReturnType<typeof walkGlobals>

  assert.ok(seen.visited > 1000, JSON.stringify(outcome).slice(0, 500))
  assert.deepEqual(seen.foreign, [])
})
