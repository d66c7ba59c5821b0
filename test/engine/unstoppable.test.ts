import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startEngine } from '../helpers/engine.ts'

const { engine, run, resultOf } = await startEngine({ lanes: 1, spares: 1 })

/** More than a busy machine takes to notice and to end a process. */
const SOON_MS = 10_000
const limits = { timeoutMs: 250, memoryMb: 64 }

/** Single calls into the engine that answer neither its timeout nor a dispose: nothing but the end of the process stops them. */
const BUILT_INS: [what: string, expression: string][] = [
  ['a power of BigInts', 'String(3n ** (3n ** 17n)).length'],
  ['the text of a huge BigInt', '((1n << (1n << 24n)) - 1n).toString().length'],
  ['fill of a long array', 'new Array(2 ** 27 - 10).fill(0).length'],
  ['indexOf in an array-like of 2^53', 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)'],
  ['JSON.stringify of what is shared 2^40 times', '(() => { let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; return JSON.stringify(a).length })()'],
  ['a giant regular expression', 'new RegExp("(?:" + "a|b|".repeat(2e6) + "c)").test("x")'],
  ['JSON.parse of deep text', 'JSON.parse("[".repeat(3e7))'],
  ['a split into millions', '"a,".repeat(2e8).split(",").length'],
  ['a join of megabytes', 'Array(500).fill("x".repeat(1e6)).join("").length'],
  ['Array.from of millions', 'Array.from({ length: 2 ** 27 }).length'],
]

for (const [what, expression] of BUILT_INS) {
  test(`${what} ends in time with the code of a limit, and the next run is served`, async () => {
    const { report: { outcome } } = await run(`export default () => ${expression}`, { limits })

    assert.equal(outcome.type, 'failed', JSON.stringify(outcome))
    assert.match(outcome.error.code, /^(TIMEOUT|MEMORY_LIMIT)$/)
    assert.ok(outcome.usage.wallMs < SOON_MS, `${outcome.usage.wallMs} ms`)
    assert.equal(await resultOf('export default () => 1'), 1)
  })
}

test('a cancel ends what only the end of the process stops', async () => {
  const cancel = new AbortController()

  const { report: { outcome } } = await run('export default () => { console.log("runs"); return String(3n ** (3n ** 17n)).length }', { signal: cancel.signal, onLog: () => cancel.abort() })

  assert.equal(outcome.type, 'cancelled', JSON.stringify(outcome))
  assert.ok(outcome.usage.wallMs < SOON_MS)
})

test('what was logged before the process had to end is kept', async () => {
  const { logs, progress } = await run('export default (input, { progress }) => { for (let i = 0; i < 500; i++) console.log(i); progress(0.5); return String(3n ** (3n ** 17n)).length }', { limits })

  assert.deepEqual(logs.map(({ message }) => message), Array.from({ length: 500 }, (_, i) => String(i)))
  assert.equal(progress.length, 1)
})

test('a run that only the end of its process stopped tells the processor time it used', async () => {
  const { report: { outcome: { usage } } } = await run('export default () => String(3n ** (3n ** 17n)).length', { limits })

  assert.ok(usage.cpuMs >= 50 && usage.cpuMs <= usage.wallMs * 2 + 100, `${usage.cpuMs} ms of processor in ${usage.wallMs} ms`)
})

test('as many runners live afterwards as before', async () => {
  await resultOf('export default () => 1')

  assert.equal(engine.runnerPids().length, 2)
})
