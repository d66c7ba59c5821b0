import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../helpers/guest.ts'

const { evaluate, resultOf, run } = await openGuest()

test('nobody sees that a global was not there before it was touched', async () => {
  const described = `(() => { const { value, ...rest } = DESCRIBE; return [typeof value, rest] })()`
  for (const describe of ['Object.getOwnPropertyDescriptor(globalThis, NAME)', 'Reflect.getOwnPropertyDescriptor(globalThis, NAME)', 'Object.getOwnPropertyDescriptors(globalThis)[NAME]']) {
    const of = (name: string) => evaluate(described.replace('DESCRIBE', describe.replace('NAME', `'${name}'`)))
    assert.deepEqual(await of('Navigator'), ['function', { writable: true, enumerable: false, configurable: true }])
    assert.deepEqual(await of('navigator'), ['object', { writable: true, enumerable: true, configurable: true }])
  }
  assert.deepEqual(await evaluate(`['navigator' in globalThis, Object.keys(globalThis).includes('navigator'), Object.keys(globalThis).includes('Navigator')]`), [true, true, false])
  assert.equal(await evaluate('Object.getOwnPropertyDescriptor(globalThis, "nothing")'), null)
})

test('code may put something else in its place, before it was touched and after', async () => {
  assert.deepEqual(await resultOf(`export default () => {
    globalThis.navigator = 5
    const seen = [navigator, typeof Navigator, navigator]
    Navigator = 6
    delete globalThis.navigator
    return [...seen, Navigator, typeof navigator]
  }`), [5, 'function', 5, 6, 'undefined'])
})

for (const close of ['freeze', 'seal', 'preventExtensions']) {
  test(`globals are there where code did Object.${close} to the global object before it touched them`, async () => {
    assert.deepEqual(await resultOf(`export default () => {
      Object.${close}(globalThis)
      return [typeof Navigator, typeof Navigator, navigator === navigator, navigator instanceof Navigator, new TextEncoder().encode('a').length, typeof TextDecoder]
    }`), ['function', 'function', true, true, 1, 'function'])
  })
}

test('what code did to prototypes before it first touched a global is not asked', async () => {
  assert.deepEqual(await resultOf(`export default () => {
    const heard = []
    for (const name of ['get', 'value', 'set', 'Navigator', 'navigator', 'writable']) {
      Object.defineProperty(Object.prototype, name, { __proto__: null, get () { heard.push(name) }, set () { heard.push(name) }, configurable: true })
    }
    Object.defineProperty = Reflect.defineProperty = Reflect.apply = () => { heard.push('called') }
    const { userAgent } = navigator
    return { userAgent, heard }
  }`), { userAgent: 'Batchbox', heard: [] })
})

test('microtasks wait for the code that runs, wherever it first touches a global', async () => {
  const touch = `Promise.resolve().then(() => order.push('microtask')); void navigator; order.push('statement')`
  assert.deepEqual(await resultOf(`const order = []; ${touch}; export default async () => { await 1; return order }`), ['statement', 'microtask'])
  assert.deepEqual(await resultOf(`export default async () => { const order = []; ${touch}; await 1; return order }`), ['statement', 'microtask'])
  assert.deepEqual(await resultOf(`export default async () => {
    const order = []
    await new Promise((resolve) => { setTimeout(() => { ${touch}; setTimeout(resolve) }) })
    return order
  }`), ['statement', 'microtask'])
})

test('a loop in a microtask is stopped, also where a global is touched at the top level of a module', async () => {
  const { failure, usage } = await run('Promise.resolve().then(() => { while (true); }); void navigator; export default () => 1', { limits: { timeoutMs: 200 } })

  assert.equal(failure?.code, 'TIMEOUT')
  assert.ok(usage.wallMs < 2000, `${usage.wallMs} ms`)
})

test('a rejection that is yet to be handled is not thrown out of the code that touches a global, and one that never is ends the run', async () => {
  const code = (handle: string) => `export default async () => {
    const rejected = Promise.reject(new RangeError('mine'))
    const { userAgent } = navigator
    ${handle}
    return userAgent
  }`
  assert.equal(await resultOf(code('rejected.catch(() => {})')), 'Batchbox')
  const { failure } = await run(code(''))
  assert.deepEqual([failure?.code, failure?.message], ['UNHANDLED_REJECTION', 'mine'])
})

test('code in which a unit is loaded while the stack is full, or that is out of memory, fails by itself', async () => {
  const { failure } = await run('function fill () { try { fill() } finally { navigator } } export default () => { fill() }')
  assert.equal(failure?.code, 'STACK_LIMIT')
  assert.equal(await resultOf('function fill () { try { fill() } catch { try { navigator } catch {} } } export default () => { fill(); return navigator.userAgent }'), 'Batchbox')
})

test('no setter of code is handed what the core compiles units with', async () => {
  assert.deepEqual(await resultOf(`export default () => {
    const handed = []
    for (const name of ['cachedDataRejected', 'cachedData', 'filename', 'timeout', 'release', 'stack']) {
      Object.defineProperty(Object.prototype, name, { __proto__: null, get () { handed.push(name) }, set () { handed.push(name) } })
    }
    return { host: new URL('https://h/').host, handed }
  }`), { host: 'h', handed: [] })
})
