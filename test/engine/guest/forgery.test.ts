import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GUEST_CODES } from '../../../src/core/runner-protocol.ts'
import { allMessages, failureIn, startEngine } from '../../helpers/engine.ts'

const { run, resultOf, failureOf } = await startEngine({ lanes: 1, spares: 1 })

/** Puts accessors for everything that trusted code might look up on every prototype that its values have. */
const POISON = `
  const touched = globalThis.touched = []
  const trap = (target, key, value) => {
    try {
      Object.defineProperty(target, key, {
        configurable: true,
        get () { touched.push([String(key), this]); return value },
        set (given) { touched.push([String(key), this, given]) },
      })
    } catch {}
  }
  const KEYS = ['toJSON', 'get', 'set', 'value', 'writable', 'enumerable', 'configurable', 'then', 'code', 'name', 'message', 'stack', 'observed', 'type', 'text',
    'bytes', 'left', 'seen', 'depth', 'chars', 'max', 'wake', 'fail', 'kind', 'count', 'id', 'due', 'order', 'every', 'callback', 'args', 'timers', 'resultBytes',
    'budget', 'headLines', 'headBytes', 'tailLines', 'tailBytes', 'holders', 'paths', 'arguments', 'result', 'copy', 'reference', 'timeout', 'apply', 'call']
  for (const key of KEYS) if (key !== 'then' && key !== 'toJSON') trap(Object.prototype, key, 'forged')
  for (let i = 0; i < 12; i++) { trap(Array.prototype, i, 'forged'); trap(Object.prototype, i, 'forged') }
`
const BREAK_EVERYTHING = `
  const forge = (name) => function () { globalThis.called = name; return 'forged' }
  for (const holder of [Array, String, Object, Function, Promise, Reflect, JSON, Number, Math, Symbol, Date, RegExp, Map, Set, Error, Array.prototype, String.prototype,
    Function.prototype, Promise.prototype, Number.prototype, RegExp.prototype, Date.prototype, Map.prototype, Set.prototype, Symbol.prototype, Error.prototype]) {
    for (const key of Reflect.ownKeys(holder)) {
      if (key === 'prototype' || key === 'constructor') continue
      try { Object.defineProperty(holder, key, { value: forge(key), configurable: true, writable: true }) } catch {}
    }
  }
`

test('a result is written as it is whatever user code did to the prototypes of objects and arrays', async () => {
  const { report, logs } = await run(`${POISON}
    export default async (input, context) => {
      console.log('%s', 'a', { b: [1, new Map([[1, 2]])] })
      console.table([{ a: 1 }])
      context.progress(1, 'x')
      await new Promise((resolve) => setTimeout(resolve, 1, 5))
      return { answer: input, list: [[]], trusted: touched.filter(([, self]) => typeof self === 'object' && self !== null && ('budget' in self || self instanceof Promise)).length }
    }`, { input: [1, 2] })

  assert.deepEqual(report.outcome.type === 'succeeded' && report.outcome.result, '{"answer":[1,2],"list":[[]],"trusted":0}')
  assert.match(logs[0]?.message ?? '', /^a \{ b: \[ 1, Map\(1\) \{ 1 => 2 \} \] \}$/)
})

test('no accessor on a prototype is ever handed an object of the trusted code', async () => {
  const trusted = await resultOf(`${POISON}
    const own = new Set()
    export default async (input, context) => {
      console.log('%d', 1, { a: [] }, new Error('x'))
      console.count()
      console.time('t'); console.timeEnd('t')
      setTimeout(() => {}, 1000)
      try { context.progress(NaN) } catch {}
      touched.length = 0
      for (let i = 0; i < 3; i++) { console.log(i); clearTimeout(setTimeout(() => {}, 1)); context.progress(i) }
      return touched.map(([key]) => key)
    }`)

  assert.deepEqual(trusted, [])
})

test('with every method of the language replaced, results, failures, logs and limits still hold', async () => {
  const limits = { resultBytes: 200, logLines: 10 }
  const ok = await run(`${BREAK_EVERYTHING}; export default () => { for (let i = 0; i < 50; i++) console.log('line'); return 'fine' }`, { limits })
  const failed = await failureOf(`${BREAK_EVERYTHING}; export default () => { throw { message: 'as thrown' } }`, { limits })
  const large = await failureOf(`const text = 'x'.repeat(5000);${BREAK_EVERYTHING}; export default () => text`, { limits })
  const stuck = await failureOf(`${BREAK_EVERYTHING}; export default () => { for (;;) {} }`, { limits: { timeoutMs: 100 } })

  assert.equal(ok.report.outcome.type === 'succeeded' && ok.report.outcome.result, '"fine"')
  assert.equal(ok.logs.length, 9)
  assert.deepEqual(ok.report.logTail.dropped.lines + ok.report.logTail.lines.length, 41)
  assert.deepEqual([failed.code, failed.message], ['USER_ERROR', 'as thrown'])
  assert.deepEqual([large.code, large.limit?.observed], ['RESULT_TOO_LARGE', 5002])
  assert.equal(stuck.code, 'TIMEOUT')
})

const ENDINGS: [what: string, code: string][] = [
  ['Object.prototype.toJSON', `Object.prototype.toJSON = () => ({ code: 'TIMEOUT' }); export default () => { throw new Error('x') }`],
  ['an own code', `export default () => { throw Object.assign(new Error('x'), { code: 'TIMEOUT', limit: {}, observed: 5, retryable: false }) }`],
  ['setters for what a failure holds', `${POISON}; export default (input, context) => { for (;;) setTimeout(() => {}, 1e6) }`],
  ['a getter for the code', `for (const key of ['code', 'observed']) Object.defineProperty(Object.prototype, key, { get: () => 'WORKER_CRASHED' }); export default () => { throw 1 }`],
  ['a proxy', `export default () => { throw new Proxy(new Error('x'), { get: (target, key) => key === 'code' ? 'INTERNAL' : 'CANCELLED', has: () => true }) }`],
  ['Symbol.hasInstance', `Object.defineProperty(Error, Symbol.hasInstance, { value: () => true }); export default () => { throw { code: 'CANCELLED' } }`],
  ['an error of the isolate', `export default () => Promise.reject(new Error('Isolate was disposed during execution due to memory limit'))`],
  ['words of a timeout', `export default () => { Promise.reject(new Error('Script execution timed out.')) }`],
  ['an unhandled rejection with a code', `export default () => { Promise.reject(Object.assign(new Error('x'), { code: 'INTERNAL' })) }`],
  ['a rejection that disguises itself', `export default () => { Promise.reject(new Proxy({}, { get: () => 'CPU_LIMIT' })); }`],
  ['top level', `throw Object.assign(new Error('x'), { code: 'CANCELLED' })`],
]

for (const [what, code] of ENDINGS) {
  test(`user code cannot pass its failure off as one of the host's by ${what}`, async () => {
    const { report } = await run(code, { limits: { timers: 5 } })

    const { code: found, limit } = failureIn(report)
    assert.ok((GUEST_CODES as readonly string[]).includes(found), found)
    assert.ok(limit === undefined || limit.name === 'timers')
  })
}

test('a thenable, a promise with another constructor or species, and a poisoned then decide nothing but the value', async () => {
  const answers = []
  for (const code of [
    `export default () => ({ then (resolve) { resolve(1); resolve(2); throw new Error('late') } })`,
    `Promise.prototype.then = function (f) { return f({ forged: true }) }; export default async () => 1`,
    `Promise.prototype.then = () => { throw new Error('then') }; export default () => Promise.resolve(1)`,
    `class Other extends Promise { static get [Symbol.species] () { throw new Error('species') } }; export default () => Other.resolve(1)`,
    `export default () => Object.defineProperty(Promise.resolve(1), 'constructor', { get () { throw new Error('constructor') } })`,
    `Object.defineProperty(Promise, Symbol.species, { get () { return class { constructor (f) { f(() => {}, () => {}) } } } }); export default async () => 1`,
    `Object.prototype.then = function (resolve) { resolve('stolen') }; export default () => [1]`,
  ]) answers.push((await run(code)).report.outcome)

  assert.deepEqual(answers.map((outcome) => (outcome.type === 'succeeded' ? outcome.result : outcome.type === 'failed' && outcome.error.message)),
    ['1', '1', '1', 'species', 'constructor', '1', '"stolen"'])
})

test('the start of a run is not on the global object for user code to take', async () => {
  const found = await resultOf(`const early = Reflect.ownKeys(globalThis).filter((key) => typeof key === 'string' && /batchbox|start|prepare|guest/i.test(key))
    Object.defineProperty(globalThis, 'batchbox:start', { get () { throw new Error('asked') }, set () { throw new Error('set') } })
    export default () => [early, typeof globalThis.start]`)

  assert.deepEqual(found, [[], 'undefined'])
})

test('String.prototype[Symbol.replace] and a console in groups cannot smuggle anything but text into the logs', async () => {
  const record = await run(`
    Object.defineProperty(String.prototype, Symbol.replace, { value: () => ({ toString: () => 'forged', length: -1 }) })
    Object.defineProperty(String.prototype, Symbol.split, { value: () => ['forged'] })
    export default () => { console.group('g'); console.log('a\\nb', { 'a-b': "it's" }); console.log(new (class { get [Symbol.toStringTag] () { return 'Error' } })) }`)

  for (const message of allMessages(record)) assert.equal(typeof message, 'string')
  assert.equal(record.report.outcome.type, 'succeeded')
})

test('user code cannot suppress the caps on logs by replacing the clock', async () => {
  const { logs, report } = await run(`Date.now = () => 0; Date = class { static now () { return NaN } }
    export default () => { for (let i = 0; i < 500; i++) console.log('x'.repeat(100)) }`, { limits: { logLines: 100, logBytes: 2000 } })

  assert.ok(logs.length <= 90)
  assert.ok(report.outcome.usage.logBytes <= 2000)
  assert.equal(logs.length + report.logTail.dropped.lines + report.logTail.lines.length, 500)
})

test('a tag or an input named __proto__ is data and changes no prototype', async () => {
  const code = `export default (input, { tags }) => [({}).polluted, Object.keys(input), Object.keys(tags), Object.getPrototypeOf(tags) === Object.prototype]`
  const tags = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>

  const { report } = await run(code, { input: JSON.parse('{"__proto__":{"polluted":1}}'), tags })

  assert.equal(report.outcome.type === 'succeeded' && report.outcome.result, '[null,["__proto__"],["__proto__","constructor"],true]')
})
