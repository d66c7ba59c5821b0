import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

const { resultOf } = await openGuest()
const inside = (body: string, input: unknown = null): Promise<unknown> => resultOf(`
  const nameOf = async (attempt) => { try { await attempt(); return 'no error' } catch (error) { return error?.name ?? error } }
  const base = 'http://a.test/'
  export default async (input) => { ${body} }`, { input })

test('the URL of a request is whole, and written as its parser writes it', async () => {
  const urls = {
    'http://a.test': 'http://a.test/', 'HTTPS://A.test:443/%7Ex/../b?q#f': 'https://a.test/b?q#f', 'http://a.test/a/./b': 'http://a.test/a/b', 'http://a.test/b..c/.d': 'http://a.test/b..c/.d', 'http://0x7f.1/': 'http://127.0.0.1/',
    'http://a.test/é': 'http://a.test/%C3%A9', 'data:,x': 'data:,x', 'http://a.test/a?b=%20&c=d/e.f': 'http://a.test/a?b=%20&c=d/e.f', "http://a.test/a?b='": 'http://a.test/a?b=%27', "http://a.test/'": "http://a.test/'",
    'http://xn--mnchen-3ya.test/a': 'http://xn--mnchen-3ya.test/a', 'http://a-b.c1.test/x//y': 'http://a-b.c1.test/x//y', 'http://A.test/': 'http://a.test/', 'http://a.test/%2e%2e/x': 'http://a.test/x', 'about:blank': 'about:blank',
    'http://a.test\\b': 'http://a.test/b', ' http://a.test/ ': 'http://a.test/', 'http://a.test/a b': 'http://a.test/a%20b', 'http://1.2.3/x': 'http://1.2.0.3/x', 'http://a.test/@x:y': 'http://a.test/@x:y',
  }
  const seen = await inside(`return [input.map((url) => new Request(url).url), input.every((url) => new Request(url).url === new URL(url).href), new Request(new URL('http://u.test/x')).url]`, Object.keys(urls))

  assert.deepEqual(seen, [Object.values(urls), true, 'http://u.test/x'])
})

test('what is no whole URL, or has a user in it, is a TypeError', async () => {
  const bad = ['', '/x', 'x', '//a.test/', 'http://', 'http://a b/', 'http://u@a.test/', 'http://u:p@a.test/', 'https://:p@a.test/', '#x', 'http://a.test:99999/']

  assert.deepEqual(await inside(`return await Promise.all(input.map((url) => nameOf(() => new Request(url))))`, bad), bad.map(() => 'TypeError'))
})

test('members that a document gives a meaning are kept as they are given', async () => {
  const seen = await inside(`
    const tell = (request) => [request.mode, request.credentials, request.cache, request.referrer, request.referrerPolicy, request.keepalive, request.destination, request.duplex, request.isReloadNavigation, request.isHistoryNavigation]
    const first = new Request(base, { mode: 'same-origin', credentials: 'omit', cache: 'only-if-cached', referrer: '', referrerPolicy: 'origin', keepalive: 1, priority: 'low', window: null })
    return [tell(new Request(base)), tell(first), tell(first.clone()), tell(new Request(first)), tell(new Request(first, { method: 'PUT' })), tell(new Request(base, { referrer: 'http://b.test/' }))]`)
  const given = ['same-origin', 'omit', 'only-if-cached', '', 'origin', true, '', 'half', false, false]
  const usual = ['cors', 'same-origin', 'default', 'about:client', '', false, '', 'half', false, false]

  assert.deepEqual(seen, [usual, given, given, given, ['same-origin', 'omit', 'only-if-cached', 'about:client', '', true, '', 'half', false, false], usual])
})

test('what the standard refuses is a TypeError', async () => {
  const bad = [
    '{ mode: "navigate" }', '{ mode: "x" }', '{ credentials: "x" }', '{ cache: "x" }', '{ cache: "only-if-cached" }', '{ referrer: "x" }', '{ referrer: "http://" }', '{ referrerPolicy: "x" }', '{ window: {} }', '{ window: "null" }', '{ priority: "x" }',
    '{ mode: "no-cors", method: "PUT" }', '{ method: "POST", body: new ReadableStream(), duplex: "half", keepalive: true }', '{ method: "POST", body: new ReadableStream(), duplex: "half", mode: "no-cors" }', '{ method: "POST", body: Symbol() }',
    '{ body: new FormData() }', '{ method: "POST", body: { get [Symbol.toPrimitive] () { throw new TypeError() } } }',
  ]

  assert.deepEqual(await inside(`return await Promise.all([${bad.map((init) => `() => new Request(base, ${init})`).join()}].map(nameOf))`), bad.map(() => 'TypeError'))
})

test('a body is of any kind, and says its type unless the headers do', async () => {
  const seen = await inside(`
    const form = new FormData(); form.append('a', 'b')
    const bodies = ['ü', new Uint8Array([65]), new Uint16Array([0x4241]), new ArrayBuffer(2), new DataView(new ArrayBuffer(3), 1), new Blob(['x'], { type: 'a/b' }), new Blob(['x']), new File(['y'], 'n', { type: 'c/d' }), new URLSearchParams('a=1 2&ü=x'), { toString: () => 'o' }, 5, [1, 2]]
    const tell = async (body) => { const request = new Request(base, { method: 'POST', body }); return [request.headers.get('content-type'), await request.text()] }
    const own = new Request(base, { method: 'POST', body: new Blob([], { type: 'a/b' }), headers: { 'Content-Type': 'x/y' } })
    const multipart = new Request(base, { method: 'POST', body: form })
    const stream = new Request(base, { method: 'POST', duplex: 'half', body: new Blob(['streamed']).stream() })
    return [await Promise.all(bodies.map(tell)), own.headers.get('content-type'), /^multipart\\/form-data; boundary=/.test(multipart.headers.get('content-type')), (await multipart.formData()).get('a'), stream.headers.get('content-type'), await stream.text()]`)
  const text = 'text/plain;charset=UTF-8'

  assert.deepEqual(seen, [
    [[text, 'ü'], [null, 'A'], [null, 'AB'], [null, '\0\0'], [null, '\0\0'], ['a/b', 'x'], [null, 'x'], ['c/d', 'y'], ['application/x-www-form-urlencoded;charset=UTF-8', 'a=1+2&%C3%BC=x'], [text, 'o'], [text, '5'], [text, '1,2']],
    'x/y', true, 'b', null, 'streamed',
  ])
})

test('a body is read when all options are, as it is then', async () => {
  const seen = await inside(`
    const bytes = new Uint8Array([65]), form = new FormData(), params = new URLSearchParams('a=1')
    const get = (body) => ({ body, get method () { bytes[0] = 66; form.set('late', '1'); params.set('a', '2'); return 'POST' } })
    return [await new Request(base, get(bytes)).text(), [...(await new Request(base, get(form)).formData()).keys()], await new Request(base, get(params)).text()]`)

  assert.deepEqual(seen, ['B', ['late'], 'a=2'])
})

test('a getter that throws, in any option, is what the constructor throws, and no later one is read', async () => {
  const names = ['body', 'cache', 'credentials', 'duplex', 'headers', 'keepalive', 'method', 'mode', 'priority', 'redirect', 'referrer', 'referrerPolicy', 'signal', 'window']
  const seen = await inside(`
    return input.map((thrower) => {
      const read = []
      const init = new Proxy({}, { get (target, key) { read.push(key); if (key === thrower) throw new RangeError(key) } })
      try { new Request(base, init) } catch (error) { return [error.name, error.message, read.length] }
    })`, names)

  assert.deepEqual(seen, names.map((name, i) => ['RangeError', name, i + 1]))
})

test('a clone and its original are read apart, and a used one has none', async () => {
  const seen = await inside(`
    const controller = new AbortController()
    const first = new Request(base, { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half', headers: { a: '1' }, signal: controller.signal })
    const second = first.clone()
    second.headers.set('a', '2')
    const read = [await second.text(), first.bodyUsed, await first.text(), first.headers.get('a')]
    controller.abort('why')
    return [read, first.signal.reason, second.signal.reason, await nameOf(() => first.clone()), await nameOf(() => new Request(first)), await new Request(first, { body: 'new' }).text()]`)

  assert.deepEqual(seen, [['x', false, 'x', '1'], 'why', 'why', 'TypeError', 'TypeError', 'new'])
})
