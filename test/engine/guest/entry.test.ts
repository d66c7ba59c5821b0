import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startEngine } from '../../helpers/engine.ts'

const { run, resultOf, failureOf } = await startEngine({ lanes: 1, spares: 1 })

const STUCK = { limits: { timeoutMs: 5000 } }

test('the entry is the default export, or the one that is named, or handler when there is no default', async () => {
  const code = 'export default () => "default"; export const named = (input) => ["named", input]; export function handler () { return "handler" }'

  assert.equal(await resultOf(code), 'default')
  assert.deepEqual(await resultOf(code, { entry: 'named', input: 5 }), ['named', 5])
  assert.equal(await resultOf('export async function handler (input) { return input }', { input: 'x' }), 'x')
  assert.equal(await resultOf('const f = () => "alias"; export { f as "odd name" }', { entry: 'odd name' }), 'alias')
})

test('an entry that is not there or not a function is an EntryError', async () => {
  for (const [code, entry] of [
    ['export const a = 1', 'default'], ['export default () => 1', 'missing'], ['export const a = 1', 'a'], ['', 'default'], ['export default 5', 'default'],
    ['export default () => 1', '__proto__'], ['export default () => 1', 'toString'], ['export default {}; export const handler = () => 1', 'default'],
  ] as const) {
    const failure = await failureOf(code, { entry })
    assert.deepEqual([failure.code, failure.name, failure.message, failure.stack], ['ENTRY_ERROR', 'EntryError', `Entry "${entry}" is not a function`, undefined])
  }
})

test('TypeScript runs, with what needs to become code: enums, namespaces, parameter properties', async () => {
  const answer = await resultOf(`
    enum Level { Low = 3, High }
    namespace Tools { export const twice = (n: number): number => n * 2 }
    class Box { constructor (readonly value: number) {} }
    interface Input { n: number }
    export default <T extends Input>({ n }: T): unknown => [Level.High, Level[3], Tools.twice(n), new Box(n).value] satisfies unknown[]`, { input: { n: 4 } })

  assert.deepEqual(answer, [4, 'Low', 8, 4])
})

test('a stack has the user\'s own lines in the user\'s own source, in JavaScript', async () => {
  const { stack } = await failureOf('export default () => {\n  inner()\n}\n\nfunction inner () {\n    throw new TypeError("bad")\n}')

  assert.equal(stack, 'TypeError: bad\n    at inner (job.js:6:11)\n    at default (job.js:2:3)')
})

test('a stack has the user\'s own lines in the user\'s own source, in TypeScript', async () => {
  const { stack } = await failureOf('interface A {\n  x: number\n}\n\nenum E { One }\nexport default (a: A) => {\n  inner(a)\n}\n\nfunction inner (a: A): never {\n    throw new TypeError("bad" + E.One)\n}')

  assert.equal(stack, 'TypeError: bad0\n    at inner (job.ts:11:11)\n    at default (job.ts:7:3)')
})

const THROWN: [thrown: string, name: string, message: string][] = [
  ['404', 'Exception', '404'],
  ['null', 'Exception', 'null'],
  ['undefined', 'Exception', 'undefined'],
  ['"text"', 'Exception', 'text'],
  ['{ a: 1 }', 'Exception', '{ a: 1 }'],
  ['{ message: "said", code: 5 }', 'Exception', 'said'],
  ['Symbol("s")', 'Exception', 'Symbol(s)'],
  ['10n', 'Exception', '10n'],
  ['() => 1', 'Exception', '[Function (anonymous)]'],
  ['new (class Custom extends RangeError { name = "Custom" })("mine", { cause: 1 })', 'Custom', 'mine'],
  ['new AggregateError([1], "several")', 'AggregateError', 'several'],
  ['Object.assign(new Error("x"), { name: 5, message: {}, stack: [] })', 'Error', ''],
  ['Object.defineProperties(new Error("x"), { name: { get () { throw 1 } }, message: { get () { throw 2 } }, stack: { get () { throw 3 } } })', 'Error', ''],
  ['new Proxy(new Error("x"), { get () { throw 1 }, getPrototypeOf () { throw 2 } })', 'Exception', '[unreadable]'],
  ['new Proxy({}, { get () { throw new Error("x") } })', 'Exception', '[unreadable]'],
]

test('whatever is thrown becomes a name and a message', async () => {
  for (const [thrown, name, message] of THROWN) {
    const failure = await failureOf(`export default () => { throw ${thrown} }`)
    assert.deepEqual([failure.code, failure.name, failure.message], ['USER_ERROR', name, message], thrown)
  }
})

test('messages and stacks of any length and any characters are cut and never hurt the runner', async () => {
  for (const character of ['x', '\\0', '日', '\\ud800']) {
    const failure = await failureOf(`export default () => { throw Object.assign(new Error('${character}'.repeat(1e6)), { name: '${character}'.repeat(1e5), stack: '${character}'.repeat(1e6) }) }`)
    assert.equal(failure.code, 'USER_ERROR')
    assert.ok(failure.message.length <= 8192 && failure.name.length <= 256 && (failure.stack ?? '').length <= 8192)
  }
})

test('a promise that the entry rejects is the code\'s own error', async () => {
  const { code, message, stack } = await failureOf('export default () => Promise.reject(new Error("no"))')

  assert.deepEqual([code, message], ['USER_ERROR', 'no'])
  assert.match(stack ?? '', /job\.js:1:37/)
})

test('an error thrown in a timer or a microtask fails the run though its entry waits for ever', async () => {
  for (const start of ['setTimeout(() => { throw new Error("late") }, 1)', 'queueMicrotask(() => { throw new Error("late") })', 'setInterval(() => { throw new Error("late") }, 1)']) {
    const { code, message } = await failureOf(`export default () => { ${start}; return new Promise(() => {}) }`, STUCK)
    assert.deepEqual([code, message], ['USER_ERROR', 'late'], start)
  }
})

test('a rejection that nobody handles fails the run, now or after a wait', async () => {
  for (const body of [
    'Promise.reject(new Error("lost")); return new Promise(() => {})',
    'Promise.reject(new Error("lost")); return 1',
    'setTimeout(async () => { throw new Error("lost") }, 2); return new Promise(() => {})',
    'return (async () => { await new Promise((resolve) => setTimeout(resolve, 2)); Promise.reject(new Error("lost")); await new Promise(() => {}) })()',
  ]) {
    const { code, message } = await failureOf(`export default () => { ${body} }`, STUCK)
    assert.deepEqual([code, message], ['UNHANDLED_REJECTION', 'lost'], body)
  }
})

test('a rejection of something else than an error says what it can', async () => {
  for (const [value, message] of [['5', '5'], ['"text"', 'text'], ['undefined', 'undefined'], ['{}', 'An object that is not an Error'], ['() => 1', 'An object that is not an Error']]) {
    const failure = await failureOf(`export default () => { Promise.reject(${value}); return new Promise(() => {}) }`, STUCK)
    assert.deepEqual([failure.code, failure.name, failure.message], ['UNHANDLED_REJECTION', 'Exception', message])
  }
})

test('a rejection that is handled before the turn is over is none', async () => {
  assert.equal(await resultOf('export default async () => { const p = Promise.reject(5); await 1; await 2; return p.catch((x) => x) }'), 5)
})

test('what happens after the entry has returned is not waited for', async () => {
  assert.equal(await resultOf('export default () => { setTimeout(() => Promise.reject(1), 5); setTimeout(() => { throw 2 }, 5); return "done" }'), 'done')
})

test('top-level await is waited for, and what it takes counts', async () => {
  const code = 'const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms, "waited"))\nexport const word = await wait(2)\nexport default () => word'

  assert.equal(await resultOf(code), 'waited')
  assert.equal((await failureOf('await new Promise(() => {}); export default () => 1', { limits: { timeoutMs: 100 } })).code, 'TIMEOUT')
})

test('an error while the module is evaluated is the code\'s own, with its place', async () => {
  for (const code of ['\nthrow new Error("early")', '\nawait Promise.reject(new Error("early"))', 'await new Promise((resolve) => setTimeout(resolve, 1))\nthrow new Error("early"); export default 1']) {
    const failure = await failureOf(code)
    assert.deepEqual([failure.code, failure.message], ['USER_ERROR', 'early'])
    assert.match(failure.stack ?? '', /job\.js:2:/)
  }
})

test('code that does not parse says where', async () => {
  const failure = await failureOf('export default () => {\n  return 1 +\n}')

  assert.deepEqual([failure.code, failure.name], ['SYNTAX_ERROR', 'SyntaxError'])
  assert.match(failure.stack ?? '', /job\.js:3:1/)
})

test('recursion without an end is STACK_LIMIT, thrown or rejected', async () => {
  assert.equal((await failureOf('export default () => { const f = () => f(); f() }')).code, 'STACK_LIMIT')
  assert.equal((await failureOf('const f = () => f(); f(); export default 1')).code, 'STACK_LIMIT')
  assert.equal(await resultOf('export default () => { const f = () => f(); try { f() } catch (error) { return error.name } }'), 'RangeError')
})

test('a static import is refused by name before anything runs', async () => {
  for (const code of ['import fs from "node:fs"', 'import "node:fs"', 'export * from "node:fs"', 'export { x } from "node:fs"', 'import x from "node:fs" with { type: "json" }']) {
    const { report, logs } = await run(`${code}; console.log('ran'); export default () => 1`)
    assert.equal(report.outcome.type === 'failed' && report.outcome.error.code, 'MODULE_NOT_ALLOWED')
    assert.match(report.outcome.type === 'failed' ? report.outcome.error.message : '', /^Cannot import "node:fs"/)
    assert.equal(logs.length, 0)
  }
})

test('context says which job this is, and is frozen through and through', async () => {
  const answer = await resultOf(`export default (input, context) => {
    const attempts = [() => { context.jobId = 1 }, () => { context.tags.a = 1 }, () => { context.more = 1 }, () => { context.progress.x = 1 }, () => { delete context.attempt }, () => { context.checkpoint.save = 1 }, () => { context.checkpoint.load.more = 1 }]
    return [context, attempts.map((attempt) => { try { attempt(); return 'changed' } catch (error) { return error.name } })]
  }`, { tags: { a: 'b' } })

  assert.deepEqual(answer, [
    { jobId: 'job-1', attempt: 1, tags: { a: 'b' }, deadline: '2030-01-01T00:00:00.000Z', env: {}, checkpoint: {}, signal: {} },
    Array.from({ length: 7 }, () => 'TypeError'),
  ])
})

test('import.meta tells nothing', async () => {
  assert.deepEqual(await resultOf('export default () => [typeof import.meta.url, Object.keys(import.meta)]'), ['undefined', []])
})

const DYNAMIC_IMPORTS = [
  'export default async () => { const fs = await import("node:fs") }',
  'export default () => import("node:fs")',
  'export default async () => (await import(`node:fs`)).default',
  'export default () => Promise.all([1, import("node:fs")])',
  'const load = () => import("node:fs")\nexport default () => load().then((fs) => fs.x)',
  'export default async () => { const { x } =\n    await import("node:fs", { with: { type: "json" } }) }',
  'export default () => { import("node:fs"); return new Promise(() => {}) }',
  'const fs = await import("node:fs"); export default () => fs',
  'type A = 1\nconst load = (n: A) => import("node:fs" as string)\nexport default () => load(1)',
]

test('a dynamic import is refused by name', async () => {
  for (const code of DYNAMIC_IMPORTS) {
    const failure = await failureOf(code, STUCK)
    assert.equal(failure.code, 'MODULE_NOT_ALLOWED', code)
    assert.match(failure.message, /^Cannot import "node:fs" from job\.[jt]s: /, code)
    assert.match(failure.stack ?? '', /^Error: Cannot import "node:fs"[^\n]*\n {4}at .*job\.[jt]s:/, code)
  }
  assert.match((await failureOf('export default (name) => import(name)', { input: 'x' })).message, /^Cannot import "x" from job\.js: /)
})

test('an error that only says the same as a refused import is left alone', async () => {
  for (const code of ['throw new Error("Not supported"); import("x")', 'throw Error("Not supported"); import("x")', 'f(); import("x"); function f () { throw new Error("Not supported") }']) {
    const failure = await failureOf(`export default () => { ${code} }`)
    assert.deepEqual([failure.code, failure.message], ['USER_ERROR', 'Not supported'], code)
  }
})
