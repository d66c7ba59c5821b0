import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

const { resultOf } = await openGuest()
const inside = (body: string, input: unknown = null): Promise<unknown> => resultOf(`
  const nameOf = async (attempt) => { try { await attempt(); return 'no error' } catch (error) { return error?.name ?? error } }
  export default async (input) => { ${body} }`, { input })

test('a body is read in every form, each once', async () => {
  const seen = await inside(`
    const make = () => new Response('[1,"ü"]', { headers: { 'content-type': 'Application/JSON; Charset=utf-8' } })
    const blob = await make().blob()
    const once = make(); await once.blob()
    const used = await Promise.all(['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'].map((name) => nameOf(() => once[name]())))
    const empty = new Response()
    return [(await make().arrayBuffer()).byteLength, [blob.type, blob.size, await blob.text()], (await make().bytes()).length, await make().json(), await make().text(), once.bodyUsed, used, [(await empty.blob()).size, (await empty.blob()).type, empty.bodyUsed, await nameOf(() => empty.json())]]`)

  assert.deepEqual(seen, [8, ['application/json;charset=utf-8', 8, '[1,"ü"]'], 8, [1, 'ü'], '[1,"ü"]', true, Array(6).fill('TypeError'), [0, '', false, 'SyntaxError']])
})

test('the type of a blob is what its headers say together', async () => {
  const types = {
    '': '', 'text/plain': 'text/plain', 'TEXT/HTML;CHARSET="x y"': 'text/html;charset="x y"', 'a/b, c/d': 'c/d', 'a/b;charset=x, a/b;p=q': 'a/b;p=q;charset=x', 'a/b;charset=x, c/d': 'c/d', 'a/b, nothing': 'a/b', 'a/b, */*': 'a/b', 'nothing': '',
    'a/b;x="1,2", c/d;y="\\"': 'c/d;y="\\""', 'a/b;=;x;y=;z=1;z=2; w=" 1 "': 'a/b;z=1;w=" 1 "', 'a /b': '', 'a/b ;x=y': 'a/b;x=y', 'a/b;x="y" z;w=v': 'a/b;x=y;w=v', 'a/b;é=1': 'a/b', 'a/b;x=é': 'a/b;x="é"',
  }
  const seen = await inside(`return await Promise.all(input.map(async (type) => (await new Response('', { headers: { 'content-type': type } }).blob()).type))`, Object.keys(types))

  assert.deepEqual(seen, Object.values(types))
})

test('a stream is the body that user code gave, and what is wrong with it is who reads it told', async () => {
  const seen = await inside(`
    const stream = new Blob(['abc']).stream(), response = new Response(stream)
    const same = response.body === stream, type = response.headers.get('content-type')
    const failing = new Response(new ReadableStream({ pull () { throw new RangeError('mine') } }))
    const wrong = new Response(new ReadableStream({ start (controller) { controller.enqueue('text') } }))
    const locked = new ReadableStream(); locked.getReader()
    return [same, type, await response.text(), response.body.locked, await nameOf(() => failing.text()), await nameOf(() => wrong.bytes()), await nameOf(() => new Response(locked)), await nameOf(() => new Response(stream))]`)

  assert.deepEqual(seen, [true, null, 'abc', true, 'RangeError', 'TypeError', 'TypeError', 'TypeError'])
})

test('the parts of a cloned stream reach both', async () => {
  const seen = await inside(`
    let pulls = 0
    const response = new Response(new ReadableStream({ pull (controller) { controller.enqueue(new Uint8Array([65 + pulls])); if (++pulls === 3) controller.close() } }, { highWaterMark: 0 }))
    const copy = response.clone(), third = copy.clone()
    const canceled = third.body.cancel()
    return [await response.text(), await copy.text(), response.bodyUsed, third.bodyUsed, await nameOf(() => response.clone())]`)

  assert.deepEqual(seen, ['ABC', 'ABC', true, true, 'TypeError'])
})

test('static methods make what the standard says', async () => {
  const seen = await inside(`
    const redirect = Response.redirect('HTTP://a.test:80/é', 307), error = Response.error()
    const refused = [() => Response.redirect('/x'), () => Response.redirect('http://a.test/', 200), () => Response.redirect('http://a.test/', 65838), () => Response.json(undefined), () => Response.json({ toJSON () { throw new RangeError() } }), () => Response.json(1, { status: 101 })]
    return [[redirect.status, redirect.headers.get('location'), redirect.type], [error.type, error.status, error.body], await Promise.all(refused.map(nameOf)), await Response.json({ a: undefined, b: new Date(0) }).text()]`)

  assert.deepEqual(seen, [
    [307, 'http://a.test/%C3%A9', 'default'], ['error', 0, null], ['TypeError', 'RangeError', 'no error', 'TypeError', 'RangeError', 'RangeError'], '{"b":"1970-01-01T00:00:00.000Z"}',
  ])
})

test('answers are right whatever user code did before it first touched one', async () => {
  const seen = await inside(`
    const { defineProperty, ownKeys } = Reflect
    const kept = { __proto__: null, prototype: 1, constructor: 1, then: 1, name: 1, length: 1, resolve: 1, catch: 1 }
    const iterator = Symbol.iterator
    for (const holder of [String.prototype, Object, JSON, Reflect, Map.prototype, WeakMap.prototype, Uint8Array.prototype, Object.getPrototypeOf(Uint8Array.prototype), ArrayBuffer.prototype, Math, RegExp.prototype, Function.prototype, Array.prototype, Iterator.prototype]) {
      const keys = ownKeys(holder)
      for (let i = 0; i < keys.length; i++) if (keys[i] !== iterator && !(keys[i] in kept)) { try { defineProperty(holder, keys[i], { __proto__: null, value: () => 'forged', configurable: true, writable: true }) } catch {} }
    }
    const touched = []
    for (const key of ['body', 'type', 'list', 'status', 'statusText', 'pairs', 'content', 'method', 'url', 'mode', 'essence', 'names', 'parameters', 'charset', 'value', 'get', 'set', 'bytes', 'read', 'cancel', 'watch', 'isGiven', 'boundary', '0', '1']) {
      defineProperty(Object.prototype, key, { __proto__: null, configurable: true, get () { touched[touched.length] = key }, set () { touched[touched.length] = key } })
    }
    const form = new FormData()
    form.append('a', 'ü')
    const response = new Response(form, { __proto__: null, headers: { __proto__: null, b: '1' } })
    const back = await response.clone().formData()
    const request = new Request('http://a.test/x', { __proto__: null, method: 'put', body: 'ü' })
    return back.get('a') + response.headers.get('b') + request.method + request.url + await request.text() + (await new Response('x').bytes()).length + ' ' + touched.length`)

  assert.equal(seen, 'ü1PUThttp://a.test/xü1 0')
})
