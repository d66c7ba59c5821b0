import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

const { resultOf, failureOf } = await openGuest()
const nameOf = 'const nameOf = (attempt) => { try { attempt(); return "no error" } catch (error) { return error?.name ?? error } };'
const inside = (body: string) => resultOf(`${nameOf} export default async () => { ${body} }`)

/** Runs a program inside a job and here, where Node's own clone answers. */
async function same (program: () => unknown): Promise<void> {
  assert.deepEqual(await resultOf(`export default ${program.toString()}`), JSON.parse(JSON.stringify(program())))
}

test('every kind of value of the language is cloned', async () => {
  await same(() => {
    const print = (value: unknown): unknown => {
      if (value === null || typeof value !== 'object') return [typeof value, Object.is(value, -0) ? '-0' : String(value)]
      const tag = Object.prototype.toString.call(value)
      if (value instanceof Map) return [tag, [...value].map(([key, item]) => [print(key), print(item)])]
      if (value instanceof Set) return [tag, [...value].map(print)]
      if (value instanceof Date) return [tag, value.getTime()]
      if (value instanceof ArrayBuffer) return [tag, [...new Uint8Array(value)]]
      if (value instanceof DataView) return [tag, value.byteOffset, value.byteLength, value.buffer.byteLength]
      if (ArrayBuffer.isView(value)) return [tag, value.byteOffset, Array.from(value as Uint8Array, String), value.buffer.byteLength]
      if (value instanceof RegExp) return [tag, String(value), value.lastIndex]
      if (value instanceof Error) return [tag, value.name, Object.hasOwn(value, 'message'), value.message, print(value.cause), Object.keys(value), value.constructor.name]
      if (['String', 'Number', 'Boolean', 'BigInt'].includes(tag.slice(8, -1))) return [tag, String(value)]
      return [tag, Array.isArray(value) ? value.length : '', Object.entries(value).map(([key, item]) => [key, print(item)])]
    }
    class Own { own = 1; get accessor () { return 2 } }
    const sparse = [1, , 3] as unknown[] & { more?: string } // eslint-disable-line no-sparse-arrays
    sparse.length = 7
    sparse.more = 'named'
    const pattern = /a(?<b>c)/dgimsuy
    pattern.lastIndex = 3
    const wide = new Float64Array([1.5, NaN, -0]).subarray(1)
    return [
      undefined, null, true, -0, NaN, Infinity, 'text', '\ud800', 12345678901234567890n, Object(false), Object(5), Object('boxed'), Object(7n), new Date(5), new Date(NaN), pattern, /v/v,
      new Map<unknown, unknown>([[{ key: 1 }, new Set([1, [2]])], ['x', undefined]]), new Set([NaN, null]), sparse, new Own(), { get computed () { return [1] } }, Object.create({ inherited: 1 }, { hidden: { value: 1 }, shown: { value: 2, enumerable: true } }),
      new Uint8Array([1, 2, 3]).buffer, wide, new DataView(new ArrayBuffer(9), 2, 4), new BigInt64Array([-1n]), new Uint8ClampedArray([300]), new Error('plain'), new RangeError('cause', { cause: { deep: [1] } }), new Error(),
      Object.assign(new TypeError('x'), { name: 'SyntaxError', extra: 1 }), Object.assign(new Error('x'), { name: 'Own' }), { 'constructor': 1, 'toString': 2, '10': 3, '2': 4 }, JSON.parse('{"__proto__":[1]}'), Object.assign(Object.create(null), { a: 1 }),
    ].map((value) => print(structuredClone(value)))
  })
})

test('what is shared and what goes round stays so', async () => {
  assert.deepEqual(await inside(`
    const shared = { buffer: new ArrayBuffer(8) }
    const round = { shared, again: shared, map: new Map(), set: new Set(), list: [], error: new Error('x') }
    round.self = round; round.map.set(round, round.map); round.set.add(round.set); round.list.push(round.list); round.error.cause = round
    round.views = [new Uint8Array(shared.buffer, 2), new Uint16Array(shared.buffer)]
    const copy = structuredClone(round)
    copy.views[0][0] = 7
    return [copy !== round, copy.self === copy, copy.shared === copy.again, copy.map.get(copy) === copy.map, copy.set.has(copy.set), copy.list[0] === copy.list, copy.error.cause === copy, copy.views[1][1], copy.views[0].buffer === copy.shared.buffer, round.views[0][0]]`), [
    true, true, true, true, true, true, true, 7, true, 0,
  ])
})

test('what cannot be cloned is a DataCloneError, and what getters throw comes through', async () => {
  assert.deepEqual(await inside(`
    const detached = new ArrayBuffer(1); detached.transfer()
    const refused = [() => {}, Symbol('x'), Object(Symbol('x')), Promise.resolve(), new WeakMap(), new WeakSet(), new WeakRef({}), globalThis, new Event('x'), new EventTarget(), AbortSignal.abort(), new MessageChannel().port1, new ReadableStream(), performance, detached,
      new Uint8Array(structuredClone(new ArrayBuffer(1))), { deep: [class {}] }, new Map([[1, () => {}]])]
    return [refused.map((value) => nameOf(() => structuredClone(value))), nameOf(() => structuredClone({ get x () { throw 'mine' } })), nameOf(() => structuredClone()), nameOf(() => structuredClone(1, 5)), nameOf(() => structuredClone(1, { transfer: 5 })), nameOf(() => structuredClone(1, { transfer: [5] })), structuredClone.length]`), [
    [...Array<string>(15).fill('DataCloneError'), 'no error', 'DataCloneError', 'DataCloneError'], 'mine', 'TypeError', 'TypeError', 'TypeError', 'TypeError', 1,
  ])
})

test('buffers are transferred, and views of them go along', async () => {
  assert.deepEqual(await inside(`
    const buffer = new Uint8Array([1, 2, 3, 4]).buffer
    const value = { view: new Uint8Array(buffer, 1, 2), first: 1, buffer, map: new Map([['a', 1], ['b', buffer], ['c', 3]]), set: new Set([0, buffer, 1]), last: 2 }
    const copy = structuredClone(value, { transfer: [buffer] })
    const again = new ArrayBuffer(1)
    return [buffer.byteLength, buffer.detached, value.view.length, [...copy.view], copy.view.buffer === copy.buffer, Object.keys(copy), [...copy.map.keys()], copy.map.get('b') === copy.buffer, [...copy.set].indexOf(copy.buffer), copy.buffer.byteLength,
      structuredClone(again, { transfer: new Set([again]) }).byteLength, ...[[buffer], [new ArrayBuffer(1), {}], [globalThis]].map((transfer) => nameOf(() => structuredClone(1, { transfer }))),
      (() => { const twice = new ArrayBuffer(1); return [nameOf(() => structuredClone(1, { transfer: [twice, twice] })), twice.byteLength] })(), nameOf(() => { const kept = new ArrayBuffer(1); try { structuredClone(() => {}, { transfer: [kept] }) } catch { if (kept.detached) throw 'gone' } })]`), [
    0, true, 0, [2, 3], true, ['view', 'first', 'buffer', 'map', 'set', 'last'], ['a', 'b', 'c'], true, 1, 4, 1, 'DataCloneError', 'DataCloneError', 'DataCloneError', ['DataCloneError', 1], 'no error',
  ])
})

test('exceptions of the platform keep their name, their message and their stack', async () => {
  assert.deepEqual(await inside(`
    const error = structuredClone(new DOMException('what', 'AbortError'))
    const quota = structuredClone(new QuotaExceededError('much', { quota: 1, requested: 2 }))
    const plain = new TypeError('x')
    return [error instanceof DOMException, error.name, error.message, error.code, quota instanceof QuotaExceededError, quota.quota, quota.requested, quota.name, structuredClone(plain).stack === plain.stack]`), [true, 'AbortError', 'what', 20, true, 1, 2, 'QuotaExceededError', true])
})

test('blobs and files keep their bytes and what is said of them', async () => {
  assert.deepEqual(await inside(`
    class Own extends File {}
    const blob = structuredClone(new Blob(['grün'], { type: 'text/x' }))
    const { file } = structuredClone({ file: new Own(['b'], 'name', { type: 'a/b', lastModified: 5 }) })
    return [await blob.text(), blob.type, blob instanceof File, await file.text(), file.name, file.lastModified, file.type, Object.getPrototypeOf(file) === File.prototype, nameOf(() => structuredClone(blob, { transfer: [blob] }))]`), [
    'grün', 'text/x', false, 'b', 'name', 5, 'a/b', true, 'DataCloneError',
  ])
})

test('no depth is too deep, and neither is a graph too large for anything but the memory of the run', async () => {
  assert.equal(await inside(`
    let list = null
    for (let i = 0; i < 100_000; i++) list = { next: [list] }
    let copy = structuredClone(list), length = 0
    for (; copy !== null; copy = copy.next[0]) length++
    return length`), 100_000)
  assert.equal((await failureOf(`export default () => { const all = []; for (;;) { all.push(new Uint8Array(1_000_000)); if (all.length % 16 === 0) all.push(structuredClone(all)) } }`)).code, 'MEMORY_LIMIT')
})

test('getters and proxies that change what is cloned see the order of the standard, and nothing of the platform\'s', async () => {
  assert.deepEqual(await inside(`
    const heard = []
    const value = { get a () { heard.push('a'); delete value.c; value.later = 1; return { get inner () { heard.push('inner'); return 1 } } }, get b () { heard.push('b'); return 2 }, c: 3 }
    const copy = structuredClone(value)
    const traps = new Set()
    const proxy = new Proxy({ x: 1 }, new Proxy({}, { get (target, name) { traps.add(name) } }))
    const poisoned = { hit: 5, list: [1], map: new Map([[1, 2]]) }
    Object.defineProperty(Object.prototype, 'hit', { set () { heard.push('setter') }, get () { heard.push('getter') }, configurable: true })
    Array.prototype.push = Map.prototype.set = () => { throw 'called' }
    const hit = structuredClone(poisoned)
    delete Object.prototype.hit
    return [heard, Object.keys(copy), structuredClone(proxy), [...traps].sort(), Object.entries(hit).length]`), [
    ['a', 'inner', 'b'], ['a', 'b'], { x: 1 }, ['get', 'getOwnPropertyDescriptor', 'getPrototypeOf', 'ownKeys'], 3,
  ])
})
