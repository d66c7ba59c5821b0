import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

// More of Headers is in test/tools/fetch/guest/headers.test.ts, from before every run had them.
const { resultOf } = await openGuest()
const inside = (body: string): Promise<unknown> => resultOf(`
  const nameOf = async (attempt) => { try { await attempt(); return 'no error' } catch (error) { return error?.name ?? error } }
  export default async () => { ${body} }`)

test('names, values and members are converted in the order of Web IDL', async () => {
  const seen = await inside(`
    const order = []
    const target = { b: { toString () { order.push('value b'); return '1' } }, a: { toString () { order.push('value a'); return '2' } }, [Symbol('hidden')]: 1 }
    Object.defineProperty(target, Object.getOwnPropertySymbols(target)[0], { enumerable: false })
    const init = new Proxy(target, {
      get (own, key) { order.push('get ' + String(key)); return own[key] }, ownKeys (own) { order.push('keys'); return Reflect.ownKeys(own) },
      getOwnPropertyDescriptor (own, key) { order.push('own ' + String(key)); return Reflect.getOwnPropertyDescriptor(own, key) },
    })
    const headers = new Headers(init)
    const bad = { a: 'b', get '\\u0100' () { order.push('read'); return 'd' } }
    return [[...headers], order.join(', '), await nameOf(() => new Headers(bad)), order.at(-1)]`)

  assert.deepEqual(seen, [
    [['a', '2'], ['b', '1']], 'get Symbol(Symbol.iterator), keys, own b, get b, value b, own a, get a, value a, own Symbol(hidden)', 'TypeError', 'own Symbol(hidden)',
  ])
})

test('a request of mode no-cors takes the headers that need nobody\'s leave, and no others', async () => {
  const tries = [
    ['accept', 'a/b'], ['accept', 'a"b'], ['accept-language', 'en, de;q=0.5'], ['accept-language', 'ü'], ['content-language', 'de'], ['content-type', 'text/plain; charset=x'], ['content-type', 'TEXT/PLAIN'],
    ['content-type', 'application/json'], ['content-type', 'text/plain; a="b"'], ['content-type', 'multipart/form-data;boundary=b'], ['content-type', 'application/x-www-form-urlencoded'], ['x-own', '1'], ['range', 'bytes=0-1'], ['accept', 'a'.repeat(129)], ['dpr', '2'],
  ]
  const seen = await inside(`
    const tries = ${JSON.stringify(tries)}
    const request = () => new Request('http://a.test/', { mode: 'no-cors' }).headers
    const kept = tries.map(([name, value]) => { const one = request(), two = new Request('http://a.test/', { mode: 'no-cors', headers: [[name, value]] }).headers; one.set(name, value); return one.has(name) + (two.has(name) === one.has(name) ? '' : ' differs') })
    const long = request(); long.append('accept', 'a'.repeat(100)); long.append('accept', 'b'.repeat(30)); long.delete('x'); long.delete('accept')
    return [kept, [...long]]`)

  assert.deepEqual(seen, [['true', 'false', 'true', 'false', 'true', 'true', 'true', 'false', 'false', 'true', 'true', 'false', 'false', 'false', 'false'], []])
})

test('a flood of headers is gone over in time that grows with it', async () => {
  const seen = await inside(`
    const headers = new Headers()
    for (let i = 0; i < 3000; i++) headers.append('x-' + i, 'v')
    let count = 0
    for (const [name] of headers) count += name.length > 2 ? 1 : 0
    headers.forEach(() => { count++ })
    return [count, [...headers.keys()].length, new Headers(headers).get('x-2999')]`)

  assert.deepEqual(seen, [6000, 3000, 'v'])
})
