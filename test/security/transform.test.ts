import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureIn, startEngine } from '../helpers/engine.ts'
import { countTo, createMemoryPort } from '../helpers/records.ts'
import { createRandom, drawFrom } from '../helpers/seeded-random.ts'

const { run, resultOf } = await startEngine({ lanes: 1, spares: 1 })

/** Every method of the language does something else from then on. */
const BREAK_EVERYTHING = `
  const forge = () => function () { return 'forged' }
  const GENERATORS = [function * () {}, async function * () {}].flatMap((each) => [Object.getPrototypeOf(each), Object.getPrototypeOf(each).prototype, Object.getPrototypeOf(Object.getPrototypeOf(each).prototype)])
  for (const holder of [Array, String, Object, Function, Promise, Reflect, JSON, Number, Math, Symbol, Array.prototype, String.prototype, Function.prototype, Promise.prototype,
    Number.prototype, Map.prototype, Error.prototype, ...GENERATORS]) {
    for (const key of Reflect.ownKeys(holder)) {
      if (key === 'prototype' || key === 'constructor') continue
      try { Object.defineProperty(holder, key, { value: forge(), configurable: true, writable: true }) } catch {}
    }
  }
`
/** What trusted code might look up on a prototype tells who it was asked of. */
const POISON = `
  let touched = ''
  const trap = (target, key) => {
    try {
      Object.defineProperty(target, key, {
        configurable: true,
        get () { touched += key + ' of ' + Object.keys(this) + '; '; return 'forged' },
        set () { touched += key + ' set at ' + Object.keys(this) + '; ' },
      })
    } catch {}
  }
  for (const key of ['value', 'done', 'next', 'filter', 'map', 'reduce', 'flush', 'initial', 'self', 'kind', 'call', 'skip', 'maxRecordBytes', 'weight', 'whenWritten', 'taken', 'text', 'count',
    'rejects', 'state', 'source', 'output', 'context', 'isGenerator', 'functions', 'code', 'name', 'message', 'stack', 'observed', 'get', 'set', 'writable', 'enumerable', 'configurable']) trap(Object.prototype, key)
  for (let i = 0; i < 12; i++) { trap(Array.prototype, i); trap(Object.prototype, i) }
`
const MAP = 'export default ({ n }) => ({ n })'
const GENERATOR = 'const symbol = Symbol.asyncIterator; export default async function * (records) { const read = records[symbol](); for (let step = await read.next(); !step.done; step = await read.next()) yield step.value }'

test('whatever of the language code replaces, its records are read and written as they are', async () => {
  for (const code of [MAP, GENERATOR]) {
    const records = createMemoryPort({ lines: countTo(300) })
    await resultOf(`${BREAK_EVERYTHING}${code}`, { records })
    assert.deepEqual(records.written().length, 300)
    assert.deepEqual(records.written()[299], { n: 300 })
  }
})

test('no accessor on a prototype is ever asked of an object of the trusted code', async () => {
  for (const code of [
    'export default ({ n }) => { if (n % 50 === 0) throw new Error(touched); return n }',
    'export default async ({ n }) => { if (n % 50 === 0) throw new Error(touched); await new Promise((resolve) => setTimeout(resolve, 1)); return n }',
    'export default { filter: () => true, map: (record) => record, initial: 0, reduce (all, { n }) { if (n % 50 === 0) throw new Error(touched); return all + n }, flush: () => [1] }',
    `export default async function * (records, { checkpoint }) {
      for (let step = await records.next(); !step.done; step = await records.next()) {
        if (step.value.n % 50 === 0) { await checkpoint.save(1); yield { get broken () { throw new Error(touched) } } }
        yield 1
      }
    }`,
  ]) {
    const records = createMemoryPort({ lines: countTo(300), policy: 'skip', checkpointMs: 100 })

    const { report } = await run(`${POISON}touched = ''\n${code}`, { records })

    assert.equal(report.outcome.type, 'succeeded', JSON.stringify(report.outcome))
    const messages = records.outputs.flatMap(({ rejects }) => rejects.map(({ failure }) => failure.message))
    assert.equal(messages.length, 6)
    for (const message of messages) assert.match(message, /^(?:Cannot write record.broken as JSON: reading it threw )?$/)
  }
})

const ANSWERS: [what: string, code: string, written: unknown[]][] = [
  ['a thenable that settles twice', '() => ({ then (resolve) { resolve(1); resolve(2); throw new Error("late") } })', [1, 1]],
  ['a thenable of thenables', '() => ({ then (resolve) { resolve({ then (again) { again(1) } }) } })', [1, 1]],
  ['a promise with another constructor', '() => Object.defineProperty(Promise.resolve(1), "constructor", { value: Object })', [1, 1]],
  ['a proxy', '() => new Proxy({ a: 1 }, { get: (target, key) => target[key], ownKeys: () => ["a"], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }) })', [{ a: 1 }, { a: 1 }]],
  ['toJSON with a newline', '() => ({ toJSON: () => "1\\n2" })', ['1\n2', '1\n2']],
  ['raw JSON', '() => typeof JSON.rawJSON === "function" ? JSON.rawJSON("\\"a\\"") : "a"', ['a', 'a']],
  ['a text with the ends of lines', '() => "a\\nb\\r\\u2028c\\u0000"', ['a\nb\r\u2028c\0', 'a\nb\r\u2028c\0']],
  ['half of a pair', '() => "\\ud800"', ['\ud800', '\ud800']],
  ['toJSON that answers nothing', '() => ({ toJSON () {} })', [null, null]],
]
for (const [what, code, written] of ANSWERS) {
  test(`${what} is one record`, async () => {
    const records = createMemoryPort({ lines: countTo(2) })

    await resultOf(`export default ${code}`, { records })

    assert.deepEqual(records.written(), written)
    assert.deepEqual(records.outputs.reduce((sum, { count }) => sum + count, 0), 2)
  })
}

const FORGERS: [what: string, code: string][] = [
  ['asks its generator for another iterator', 'async function * f () {}; f.prototype.next = () => ({ value: 1n, done: false }); export default f'],
  ['calls the functions of records out of turn', 'export default async function * (records) { const all = []; for (let i = 0; i < 50; i++) all.push(records.next()); yield (await Promise.all(all)).filter(({ done }) => done).length }'],
  ['uses records after its end', 'export default async function * (records) { setTimeout(() => records.next(), 1); yield 1 }'],
  ['saves after its end', 'export default async function * (records, { checkpoint }) { setTimeout(() => checkpoint.save(1), 1); yield 1 }'],
  ['replaces what it was given', 'export default async function * (records, context) { try { records.next = 1 } catch {} try { context.checkpoint.save = 1 } catch {} yield 1 }'],
]
for (const [what, code] of FORGERS) {
  test(`code that ${what} harms nobody but itself`, async () => {
    const { report } = await run(code, { records: createMemoryPort({ lines: countTo(20) }) })

    assert.match(report.outcome.type, /^(?:succeeded|failed)$/)
    await resultOf(MAP, { records: createMemoryPort({ lines: countTo(3) }) })
  })
}

test('code that answers a flood of errors of the greatest length stays within what the worker takes', async () => {
  const records = createMemoryPort({ lines: countTo(2000), size: 2000, policy: 'skip' })

  await resultOf('const message = "\\u0001".repeat(8192); export default () => { throw Object.assign(new Error(message), { name: message, stack: message }) }', { records })

  assert.equal(records.outputs.reduce((sum, { rejects }) => sum + rejects.length, 0), 2000)
})

test('an error that cannot be read is a reject like any other', async () => {
  const records = createMemoryPort({ lines: countTo(6), policy: 'skip' })

  await resultOf(`export default ({ n }) => {
    if (n === 1) throw new Proxy({}, { get () { throw 1 }, getPrototypeOf () { throw 2 } })
    if (n === 2) throw Object.defineProperty(new Error(), 'message', { get () { throw 3 } })
    if (n === 3) throw undefined
    if (n === 4) { const overflow = () => overflow() + 1; overflow() }
    if (n === 5) throw { code: 'CANCELLED', message: { toString () { throw 4 } } }
    return n
  }`, { records })

  assert.deepEqual(records.written(), [6])
  assert.deepEqual(records.outputs.flatMap(({ rejects }) => rejects.map(({ failure: { code } }) => code)), ['USER_ERROR', 'USER_ERROR', 'USER_ERROR', 'STACK_LIMIT', 'USER_ERROR'])
})

test('a rejection that nobody handles ends the run, whatever records it skips', async () => {
  const { report } = await run('export default ({ n }) => { if (n === 50) Promise.reject(new Error("nobody")); return n }', { records: createMemoryPort({ lines: countTo(100), policy: 'skip' }) })

  failureIn(report, 'UNHANDLED_REJECTION')
})

test('whatever stands in the lines, each is what JSON.parse makes of it alone, or a reject', async () => {
  const random = createRandom(8)
  const TOKENS = ['1', '-1', '1e5', '"', '"a"', '\\', '\\u0041', '{', '}', '[', ']', ',', ':', ' ', '\t', 'null', 'true', 'é', '😀', '\u2028', '\u0000', '\r', '"__proto__"', '"b":', '[1,2]', '{"a":1}', '//']
  const lines = Array.from({ length: 4000 }, () => Array.from({ length: 1 + Math.floor(random() * 4) }, () => drawFrom(TOKENS, random)).join(''))
  const records = createMemoryPort({ lines, size: 700, policy: 'skip' })

  await resultOf('export default (record) => [record]', { records })

  const expected = lines.map(parse)
  assert.deepEqual(records.written(), expected.filter((each) => each !== undefined))
  assert.deepEqual(records.outputs.flatMap(({ rejects }) => rejects.map(({ record }) => record)), expected.flatMap((each, i) => each === undefined ? [i + 1] : []))
})

function parse (line: string): [unknown] | undefined {
  try {
    return [JSON.parse(line)]
  } catch {
    return undefined
  }
}
