import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { GUEST_CODES } from '../../src/core/runner-protocol.ts'
import { allMessages, startEngine } from '../helpers/engine.ts'
import { expression, statement } from './expressions.ts'
import { checkShape } from './play.ts'

const { engine, run, resultOf } = await startEngine({ lanes: 1, spares: 0 })

const RUNS = 200
/** A program takes longer: many overflow, and some wait for their limit. */
const PROGRAM_RUNS = 80
/** A failure tells its seed and path: set both here to see it again. */
const parameters = { numRuns: RUNS }

test('a result is what JSON.stringify makes of it in plain Node, and null for undefined', async () => {
  await fc.assert(fc.asyncProperty(expression, async (code) => {
    const expected = stringifyInNode(code)
    const record = await run(`export default () => ${code}`)
    const { outcome } = record.report

    checkShape(record)
    if (expected === undefined) assert.equal(outcome.type === 'failed' && outcome.error.code, 'RESULT_NOT_SERIALIZABLE', JSON.stringify(outcome))
    else assert.equal(outcome.type === 'succeeded' && outcome.result, expected, JSON.stringify(outcome))
  }), parameters)
})

test('an input comes in as it is, and goes out again', async () => {
  await fc.assert(fc.asyncProperty(fc.jsonValue({ stringUnit: 'binary' }), async (input) => {
    const { outcome } = (await run('export default (input) => input', { input })).report

    assert.equal(outcome.type === 'succeeded' && outcome.result, JSON.stringify(input))
  }), parameters)
})

test('whatever is logged is one bounded line of text, and nothing is thrown', async () => {
  const methods = fc.constantFrom('log', 'info', 'error', 'warn', 'debug', 'trace', 'dirxml')
  await fc.assert(fc.asyncProperty(methods, fc.array(expression, { minLength: 1, maxLength: 4 }), async (method, values) => {
    const record = await run(`export default () => { console.${method}(${values.join(', ')}); return 'logged' }`)
    const { outcome } = record.report

    checkShape(record)
    assert.equal(outcome.type === 'succeeded' && outcome.result, '"logged"', JSON.stringify(outcome))
    const [line = '', ...more] = allMessages(record)
    assert.deepEqual(more, [])
    assert.ok(line.length <= 66_000)
  }), parameters)
})

const PLACES: ((thrown: string) => string)[] = [
  (thrown) => `export default () => { throw ${thrown} }`,
  (thrown) => `throw ${thrown}\nexport default 1`,
  (thrown) => `await null; throw ${thrown}\nexport default 1`,
  (thrown) => `export default async () => { await null; throw ${thrown} }`,
  (thrown) => `export default async () => { setTimeout(() => { throw ${thrown} }); await new Promise(() => {}) }`,
  (thrown) => `export default async () => { queueMicrotask(() => { throw ${thrown} }); await new Promise(() => {}) }`,
  (thrown) => `export default async () => { Promise.reject(${thrown}); await new Promise(() => {}) }`,
]

test('whatever is thrown, wherever, ends the run as the code\'s own failure', async () => {
  await fc.assert(fc.asyncProperty(fc.constantFrom(...PLACES), expression, async (place, thrown) => {
    const record = await run(place(thrown))
    const { outcome } = record.report

    checkShape(record)
    assert.equal(outcome.type, 'failed')
    assert.match(outcome.error.code, /^(USER_ERROR|UNHANDLED_REJECTION)$/)
    assert.equal(outcome.error.limit, undefined)
  }), parameters)
})

const limits = { timeoutMs: 300, logLines: 50, logBytes: 5000, resultBytes: 10_000, timers: 20 }
const ENDS: ReadonlySet<string> = new Set([...GUEST_CODES, 'TIMEOUT', 'CPU_LIMIT'])

test('programs that poison, throw, log, wait and overflow end once, within their limits, and leave their runner alive', async () => {
  const statements = fc.array(statement, { minLength: 1, maxLength: 8 })
  await fc.assert(fc.asyncProperty(statements, statements, fc.constantFrom('module', 'entry', 'body'), async (first, second, begins) => {
    const rest = `${second.join('\n')}\nreturn held.length`
    const program = {
      module: `${first.filter((line) => !line.startsWith('return')).join('\n')}\nexport default async (input, context) => { ${rest} }`,
      entry: `export default async (input, context) => { ${first.join('\n')}\n${rest} }`,
      body: `${first.join('\n')}\n${rest}`,
    }[begins]
    const code = `const held = [], wait = setTimeout, Waiting = Promise, structure = JSON.stringify
      ${program}`.replaceAll('context.progress', begins === 'entry' ? 'context.progress' : 'globalThis.context?.progress')
    const runners = engine.runnerPids()
    const record = await run(code, { limits, form: begins === 'body' ? 'body' : 'module' })
    const { outcome } = record.report

    checkShape(record, limits)
    assert.ok(outcome.type === 'succeeded' || outcome.type === 'failed', JSON.stringify(outcome))
    if (outcome.type === 'failed') assert.ok(ENDS.has(outcome.error.code), outcome.error.code)
    else assert.ok(Buffer.byteLength(outcome.result) <= limits.resultBytes && JSON.stringify(JSON.parse(outcome.result)).length > 0)
    assert.equal(await resultOf('export default () => [1, 2].map((n) => n * 2).join()'), '2,4')
    // V8 gives a process up for some of the code that it has to stop.
    if (outcome.type === 'succeeded' || (outcome.error.code !== 'TIMEOUT' && outcome.error.code !== 'CPU_LIMIT')) assert.deepEqual(engine.runnerPids(), runners)
  }), { numRuns: PROGRAM_RUNS })
})

/** Undefined where it throws, and for what has no JSON at all but is not undefined. */
function stringifyInNode (code: string): string | undefined {
  const text = `(() => { const value = ${code}; if (value === undefined) return 'null'; if (typeof value === 'function' || typeof value === 'symbol') return undefined; try { return JSON.stringify(value) ?? 'null' } catch { return undefined } })()`
  return runInNewContext(text, {}) as string | undefined // the line above
}
