import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { FAILURES } from '../../src/core/failures.ts'
import { JobFailure, Usage } from '../../src/core/outcome.ts'
import { allMessages, failureIn, type RunRecord, type TestEngine } from '../helpers/engine.ts'
import { isAlive } from '../helpers/processes.ts'
import type { Attack, AttackGroup, ExpectedFailure } from './attack.ts'

/** Attacks at one time; a lane more is needed for the honest jobs beside them. */
export const ATTACKERS = 2

/**
 * Makes a test of a group: each attack is a subtest, honest jobs run beside all of them, and afterwards the engine serves as before and
 * with as many runners.
 */
export function playGroup ({ name, attacks }: AttackGroup, engine: TestEngine): void {
  test(name, { concurrency: ATTACKERS }, async (t) => {
    const runners = engine.engine.runnerPids().length
    const neighbour = startNeighbour(engine)

    await Promise.all(attacks.map((attack) => t.test(attack.name, () => play(attack, engine))))

    await t.test('honest jobs beside it never noticed', () => neighbour.stop())
    await t.test('afterwards as many runners serve as before', (t) => checkEngine(t, engine, runners))
  })
}

async function play ({ code, options, end, logs }: Attack, engine: TestEngine): Promise<void> {
  const record = await engine.run(code, options)

  checkShape(record)
  if ('result' in end) {
    const { outcome } = record.report
    assert.equal(outcome.type, 'succeeded', JSON.stringify(outcome).slice(0, 2000))
    assert.deepEqual(JSON.parse(outcome.result), end.result)
  } else {
    checkFailure(failureIn(record.report), end)
  }
  if (logs) assert.deepEqual(allMessages(record), logs)
}

/** What holds for every run, whatever it did. */
export function checkShape ({ report: { outcome }, logs }: RunRecord): void {
  Usage.parse(outcome.usage)
  for (const { time, message } of logs) assert.ok(Number.isSafeInteger(time) && typeof message === 'string')
  if (outcome.type !== 'failed') return
  const { code, retryable, limit, stack, name, message } = JobFailure.parse(outcome.error)
  assert.equal(retryable, FAILURES[code].retry)
  assert.ok(name.length <= 256 && message.length <= 8192 && (stack?.length ?? 0) <= 8192)
  for (const line of (stack ?? '').split('\n')) if (line.startsWith('    at ')) assert.match(line, /[( ]job\.[jt]s:\d+:\d+\)?$/)
  if (limit) assert.ok(limit.observed >= limit.configured && limit.suggested >= 2 * limit.observed, JSON.stringify(limit))
}

function checkFailure (failure: JobFailure, { codes, name, message, stack, limit }: ExpectedFailure): void {
  assert.ok(codes.includes(failure.code), JSON.stringify(failure))
  if (name !== undefined) assert.equal(failure.name, name)
  if (typeof message === 'string') assert.equal(failure.message, message)
  if (message instanceof RegExp) assert.match(failure.message, message)
  if (stack !== undefined) assert.equal(failure.stack, stack)
  if (limit) assert.deepEqual({ name: failure.limit?.name, configured: failure.limit?.configured }, limit)
  else if (codes.length === 1) assert.equal(failure.limit, undefined)
}

const HONEST = `
  export default async (input, context) => {
    console.log('honest', input)
    await new Promise((resolve) => setTimeout(resolve, 20))
    context.progress(1, 'done')
    return { twice: input * 2, clean: [typeof globalThis.leaked, Object.keys(Object.prototype).length, [].concat([1]).length] }
  }`

/** Honest jobs, one after another, until it is stopped; each one is checked to the letter. */
function startNeighbour (engine: TestEngine): { stop (): Promise<void> } {
  let stopped = false
  const running = (async () => {
    for (let n = 1; !stopped; n++) {
      const record = await engine.run(HONEST, { input: n })
      const { outcome } = record.report
      assert.equal(outcome.type === 'succeeded' && outcome.result, `{"twice":${n * 2},"clean":["undefined",0,1]}`, JSON.stringify(outcome))
      assert.deepEqual(allMessages(record), [`honest ${n}`])
      assert.deepEqual(record.progress, [{ value: 1, message: 'done' }])
    }
  })()
  running.catch(() => {}) // told by stop
  return {
    stop () {
      stopped = true
      return running
    },
  }
}

async function checkEngine (t: TestContext, { engine, resultOf }: TestEngine, runners: number): Promise<void> {
  const canaries = await Promise.all([1, 2, 3].map((n) => resultOf('export default (input) => [input, 1 + 1]', { input: n })))

  assert.deepEqual(canaries, [[1, 2], [2, 2], [3, 2]])
  const pids = engine.runnerPids()
  assert.equal(pids.length, runners)
  assert.ok(pids.every(isAlive))
}
