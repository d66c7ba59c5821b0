import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createContext, Script } from 'node:vm'
import { startEngine } from '../../helpers/engine.ts'
import { openGuest } from '../../helpers/guest.ts'
import { walkGlobals } from './walk-globals.ts'

const { run, resultOf } = await startEngine({ lanes: 1, spares: 1 })

/** Every way known to us from a text to code: each expression must throw, or be undefined. */
const CODE_PATHS = [
  `eval('1')`, `(0, eval)('1')`, `globalThis.eval('1')`, `Reflect.apply(eval, null, ['1'])`, `eval.call(null, '1')`,
  `new Function('return 1')()`, `Function('return 1')()`, `Reflect.construct(Function, ['return 1'])()`, `Function.prototype.constructor('return 1')()`,
  `Reflect.construct(Object, ['return 1'], Function)()`, `Function.call(null, 'return 1')()`, `new (class extends Function {})('return 1')()`,
  `(() => {}).constructor('return 1')()`, `(function () {}).constructor('return 1')()`, `(class {}).constructor('return 1')()`,
  `(async () => {}).constructor('return 1')()`, `(function * () {}).constructor('yield 1')().next()`, `(async function * () {}).constructor('yield 1')().next()`,
  `Object.getPrototypeOf(async () => {}).constructor('return 1')()`, `Object.getPrototypeOf(function * () {}).constructor('return 1')()`,
  `Object.getPrototypeOf(Object.getPrototypeOf(async function * () {}).constructor)('return 1')()`,
  `Object.getPrototypeOf((async () => {}).constructor)('return 1')()`, `Object.getPrototypeOf(Function)('return 1')()()`,
  `Function.constructor('return 1')()`, `eval.constructor('return 1')()`, `console.log.constructor('return 1')()`, `setTimeout.constructor('return 1')()`,
  `context.progress.constructor('return 1')()`, `Math.max.constructor('return 1')()`, `(function () {}).bind().constructor('return 1')()`,
  `new Proxy(() => {}, {}).constructor('return 1')()`, `({}).constructor.constructor('return 1')()`, `[].constructor.constructor('return 1')()`,
  `''.constructor.constructor('return 1')()`, `Symbol.constructor('return 1')()`, `Reflect.get(() => {}, 'constructor')('return 1')()`,
  `Object.getOwnPropertyDescriptor(Function.prototype, 'constructor').value('return 1')()`,
  `Object.getOwnPropertyDescriptor(Function.prototype, 'caller')?.get?.call(() => {}).constructor('return 1')()`,
  `setTimeout('globalThis.x = 1')`, `setInterval('globalThis.x = 1')`, `queueMicrotask('globalThis.x = 1')`,
  `new ShadowRealm().evaluate('1')`, `await import('data:text/javascript,export default 1')`, `await import('job.js')`,
  `delete Function.prototype.constructor ? 1 : undefined.x`,
  `(Function.prototype.constructor = 1)`, `Object.defineProperty(Function.prototype, 'constructor', { value: 1 })`,
  `(globalThis.eval = 1)`, `Object.defineProperty(globalThis, 'Function', { value: 1 })`,
  `RegExp.prototype.constructor.constructor('return 1')()`, `JSON.constructor.constructor('return 1')()`,
  `new (Object.getPrototypeOf(Intl.DateTimeFormat))('return 1')()`, `structuredClone(() => {})`, `new Worker('')`, `importScripts('')`, `require('fs')`,
]

test('no path from a text to code is open', async () => {
  const attempts = CODE_PATHS.map((path) => `async () => { ${path} }`).join(',\n')
  const opened = await resultOf(`export default async (input, context) => {
    const opened = []
    for (const attempt of [${attempts}]) {
      try { await attempt(); opened.push(String(attempt)) } catch { }
    }
    return opened
  }`)

  assert.deepEqual(opened, [])
})

test('each denied constructor says what is not available, and still tells kinds of functions apart', async () => {
  const answer = await resultOf(`export default () => {
    const messages = []
    for (const f of [() => {}, async () => {}, function * () {}, async function * () {}]) {
      try { f.constructor('1') } catch (error) { messages.push(error.name + ': ' + error.message) }
    }
    return { messages, kinds: [(() => {}) instanceof Function, (class {}) instanceof Function, ({}) instanceof Function], names: [Function.name, eval.name] }
  }`)

  assert.deepEqual(answer, {
    messages: ['Function', 'AsyncFunction', 'GeneratorFunction', 'AsyncGeneratorFunction'].map((name) => `EvalError: Cannot make code from a string: ${name} is not available`),
    kinds: [true, true, false],
    names: ['Function', 'eval'],
  })
})

test('WebAssembly, shared memory and resizable buffers are out of reach', async () => {
  const answer = await resultOf(`export default async () => {
    const globals = ['WebAssembly', 'SharedArrayBuffer', 'ShadowRealm', 'gc', 'process', 'module', 'global', 'ivm'].filter((name) => name in globalThis)
    const buffer = new ArrayBuffer(8, { maxByteLength: 1024 })
    class Sub extends ArrayBuffer { constructor () { super(8, { maxByteLength: 1024 }) } }
    const constructors = [
      ArrayBuffer, ArrayBuffer.prototype.constructor, buffer.constructor, new Uint8Array(1).buffer.constructor, new Sub().constructor,
      Object.getPrototypeOf(Sub), ArrayBuffer[Symbol.species], buffer.slice(0).constructor, new ArrayBuffer(8).transfer(4).constructor, new DataView(buffer).buffer.constructor,
      Reflect.construct(ArrayBuffer, [8, { maxByteLength: 64 }]).constructor, Object.getPrototypeOf(new Sub()).constructor, new Float64Array([1]).buffer.constructor,
    ]
    const transferred = new ArrayBuffer(8).transfer(16)
    const made = [buffer, new Sub(), Reflect.construct(ArrayBuffer, [8, { maxByteLength: 64 }], Sub), Reflect.construct(Sub, [], ArrayBuffer), transferred]
    const resizable = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(buffer), 'resizable')
    return {
      globals,
      originals: constructors.filter((c) => c !== ArrayBuffer && c !== Sub).map(String),
      grown: made.filter((b) => { try { b.resize(64); return true } catch { return false } }).length,
      methods: [typeof buffer.resize, typeof resizable, typeof buffer.maxByteLength],
      atomics: (() => { try { Atomics.wait(new Int32Array(8), 0, 0, 1); return 'waited' } catch (error) { return error.name } })(),
      plain: [new ArrayBuffer(3).byteLength, ArrayBuffer.isView(new Uint8Array(1)), ArrayBuffer.name, new Uint8Array([1, 2]).buffer instanceof ArrayBuffer],
    }
  }`)

  assert.deepEqual(answer, {
    globals: [],
    originals: [],
    grown: 0,
    methods: ['undefined', 'undefined', 'undefined'],
    atomics: 'TypeError',
    plain: [3, true, 'ArrayBuffer', true],
  })
})

test('nothing on the whole graph of globals comes from the host: a bare realm has the same natives', async () => {
  const code = `${walkGlobals.toString()}
    export default (input, context) => walkGlobals([['globalThis', globalThis], ['context', context]])`
  const { resultOf } = await openGuest({ printsSource: true }) // of functions that say that they are native: here they have to tell
  const inside = await resultOf(code, { limits: { timeoutMs: 20_000 } }) as ReturnType<typeof walkGlobals>
  const realm = createContext({}, { codeGeneration: { strings: true, wasm: true } })
  // A realm's own walk, so that its intrinsics are the ones that are met
  const bare = new Script(`(${walkGlobals.toString()})([['globalThis', globalThis]])`).runInContext(realm) as ReturnType<typeof walkGlobals>
  const known = new Set(bare.natives)

  assert.deepEqual(inside.natives.filter((name) => !known.has(name)), [])
  assert.deepEqual(inside.foreign, [])
  assert.ok(inside.visited > 1000, `${inside.visited} objects`)
})

test('call sites of the guest give no function, no receiver and no arguments', async () => {
  const sites = await resultOf(`export default (input, context) => {
    const seen = []
    Error.prepareStackTrace = (error, sites) => {
      for (const site of sites) seen.push(site.getFunction() ?? site.getThis() ?? null, typeof site.getEvalOrigin())
      return ''
    }
    const look = () => { new Error('x').stack; return 'x' }
    console.count({ toString: look })
    context.progress(1, { toString: look })
    console.log(new Proxy({}, { ownKeys () { look(); return [] } }))
    return { toJSON () { look(); return seen } }
  }`) as unknown[]

  assert.ok(sites.length > 10)
  assert.deepEqual(sites.filter((site) => site !== null && site !== 'undefined'), [])
})

test('functions of the guest tell nothing of who called them', async () => {
  const answer = await resultOf(`export default (input, context) => [console.log, setTimeout, context.progress, queueMicrotask, eval, ArrayBuffer].flatMap((f) =>
    ['caller', 'arguments', 'callee'].map((name) => { try { return f[name] === undefined ? 'undefined' : 'SEEN' } catch (error) { return error.name } }))`) as string[]

  assert.ok(answer.every((word) => word === 'TypeError' || word === 'undefined'), answer.join())
})

test('a run sees nothing that the run before it left', async () => {
  await run(`export default () => { globalThis.left = 1; Object.prototype.left = 1; Array.prototype.push = null; console.group('x'); console.count() }`)

  const { report, logs } = await run(`export default () => { console.count(); return [typeof left, typeof ({}).left, typeof [].push] }`)

  assert.deepEqual(report.outcome.type === 'succeeded' && report.outcome.result, '["undefined","undefined","function"]')
  assert.deepEqual(logs.map(({ message }) => message), ['default: 1'])
})

test('an error that reaches user code has no frame of a file of the host', async () => {
  const stacks = await resultOf(`export default async () => {
    const stacks = []
    for (const fail of [() => null.x, () => setTimeout(), () => eval(''), () => JSON.parse('{'), () => queueMicrotask(), () => new ArrayBuffer(-1)]) {
      try { fail() } catch (error) { stacks.push(error.stack) }
    }
    return stacks.join('\\n')
  }`)

  assert.doesNotMatch(String(stacks), /node:|file:|\/src\/|node_modules|\.ts:/)
})
