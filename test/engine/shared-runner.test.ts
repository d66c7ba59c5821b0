import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../../src/core/outcome.ts'
import { startEngine, type RunOptions } from '../helpers/engine.ts'
import { countTo, createMemoryPort } from '../helpers/records.ts'

const { engine, run, resultOf } = await startEngine({ lanes: 4, spares: 0, threads: 4 })

/** Starts code that says that it runs and goes on for ever, or as it is told; resolves when it runs. */
async function startRun (options: RunOptions = {}, rest = 'await new Promise(() => {})'): Promise<{ ended: Promise<Outcome> }> {
  const running = Promise.withResolvers<void>()
  const record = run(`export default async () => { console.log('runs'); ${rest} }`, { ...options, onLog: () => running.resolve() })
  await running.promise
  return { ended: record.then(({ report }) => report.outcome) }
}

test('four runs of one tenant share one runner, and each ends for itself', async () => {
  const cancel = new AbortController()
  const others = await Promise.all([1, 2, 3].map(() => startRun({ signal: cancel.signal })))

  const { report } = await run('export default () => 42')
  cancel.abort()
  const outcomes = await Promise.all(others.map(({ ended }) => ended))

  assert.equal(engine.runnerPids().length, 1)
  assert.deepEqual([report.outcome.type, report.isolation?.threads], ['succeeded', 4])
  assert.deepEqual(outcomes.map(({ type }) => type), ['cancelled', 'cancelled', 'cancelled'])
})

for (const [who, options] of [['another tenant', { tenant: 'other' }], ['a run that has to be alone', { alone: true }]] as const) {
  test(`${who} waits until the runner is empty, and nobody passes by`, async () => {
    await run('export default () => 42', options) // compiled once for each tenant: nothing delays it below
    const cancel = new AbortController()
    const order: string[] = []
    const { ended } = await startRun({ signal: cancel.signal })

    const waits = run('export default () => 42', options).then(() => order.push('waits'))
    const behind = run('export default () => 42').then(() => order.push('behind'))
    const first = ended.then(() => order.push('first'))
    cancel.abort()
    await Promise.all([waits, behind, first])

    assert.deepEqual(order, ['first', 'waits', 'behind'])
  })
}

test('one that stops for nothing but a kill is to blame, and those beside it are not', async () => {
  const beside = await startRun()
  const stuck = await startRun({ limits: { timeoutMs: 200 } }, '3n ** (3n ** 17n)')

  const [guilty, innocent] = await Promise.all([stuck.ended, beside.ended])

  assert.equal(guilty.type === 'failed' && guilty.error.code, 'TIMEOUT')
  assert.equal(innocent.type === 'crashed' && innocent.shared, true, JSON.stringify(innocent))
  assert.equal(await resultOf('export default () => "served again"'), 'served again')
})

test('a death that nobody explains is nobody\'s while there were several, and one\'s who was alone', async () => {
  const pair = [await startRun(), await startRun()]
  process.kill(engine.runnerPids()[0] ?? 0, 'SIGKILL')
  const outcomes = await Promise.all(pair.map(({ ended }) => ended))

  const single = await startRun({ alone: true })
  process.kill(engine.runnerPids()[0] ?? 0, 'SIGKILL')
  const outcome = await single.ended

  assert.deepEqual(outcomes.map((each) => each.type === 'crashed' && each.shared), [true, true])
  assert.equal(outcome.type === 'crashed' && outcome.shared, false)
})

test('memory over the line with several runs inside is nobody\'s, and the one that holds it is found when it runs alone', async () => {
  const hog = `JSON.parse('['.repeat(3e7))` // beyond the isolate's own limit
  const limits = { memoryMb: 16, resultBytes: 1000 }
  const beside = await startRun({ limits })
  const together = await startRun({ limits }, hog)
  const outcomes = await Promise.all([together.ended, beside.ended])

  const alone = await (await startRun({ alone: true, limits }, hog)).ended

  assert.deepEqual(outcomes.map((each) => each.type === 'crashed' ? each.shared : each.type), [true, true])
  assert.equal(alone.type === 'failed' && alone.error.code, 'MEMORY_LIMIT')
})

test('the records of two runs in one runner are each its own', async () => {
  const ports = [1, 2].map(() => createMemoryPort({ lines: countTo(5000) }))

  await Promise.all(ports.map((records, i) => resultOf(`export default async ({ n }) => { if (n % 500 === 0) await new Promise((resolve) => setTimeout(resolve)); return [${i}, n] }`, { records })))

  ports.forEach((records, i) => assert.deepEqual(records.written(), Array.from({ length: 5000 }, (_, n) => [i, n + 1])))
})
