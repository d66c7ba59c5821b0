import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureIn, startEngine } from '../../helpers/engine.ts'

const { run } = await startEngine({ lanes: 1, spares: 0 })

const WAIT = 'const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))'

test('progress is delivered while the code runs, thinned to one in 100 ms, and the last one always arrives', async () => {
  const cancel = new AbortController()
  const first = await run(`${WAIT}; export default async (input, context) => { context.progress(0.25, 'first'); await wait(60_000) }`, {
    limits: { timeoutMs: 60_000 }, signal: cancel.signal, onProgress: () => cancel.abort(),
  })
  assert.equal(first.report.outcome.type, 'cancelled') // by the progress that it made
  assert.deepEqual(first.progress, [{ value: 0.25, message: 'first' }])

  const { progress } = await run(`export default (input, context) => { for (let i = 0; i <= 1000; i++) context.progress(i / 1000, 'at ' + i) }`)
  assert.ok(progress.length <= 3)
  assert.deepEqual(progress.at(-1), { value: 1, message: 'at 1000' })
})

test('progress takes a finite number and any message, cut at 1024 characters', async () => {
  const { report, progress } = await run(`export default (input, context) => {
    const refused = [NaN, Infinity, '5', null, undefined, {}].filter((value) => { try { context.progress(value); return false } catch (error) { return error instanceof TypeError } })
    context.progress(-3.5, { toString: () => '\\0'.repeat(5000) })
    return refused.length
  }`)

  assert.equal(report.outcome.type === 'succeeded' && report.outcome.result, '6')
  assert.deepEqual(progress, [{ value: -3.5, message: '\0'.repeat(1024) }])
})

test('a run that is killed keeps the progress it made', async () => {
  const { report, progress } = await run(`export default (input, context) => { context.progress(0.5, 'half'); for (;;) {} }`, { limits: { timeoutMs: 100 } })

  failureIn(report, 'TIMEOUT')
  assert.deepEqual(progress, [{ value: 0.5, message: 'half' }])
})
