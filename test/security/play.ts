import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LOG_LEVELS } from '../../src/core/events.ts'
import { FAILURES } from '../../src/core/failures.ts'
import { DEFAULT_LIMIT_POLICY, type Limits } from '../../src/core/limits.ts'
import { JobFailure, Usage } from '../../src/core/outcome.ts'
import { allMessages, failureIn, type RunRecord, type TestEngine } from '../helpers/engine.ts'
import { isAlive } from '../helpers/processes.ts'
import { until } from '../helpers/until.ts'
import type { Attack, AttackGroup, ExpectedCrash, ExpectedFailure } from './attack.ts'

/** Attacks at one time; a lane more is needed for the honest jobs beside them. */
export const ATTACKERS = 2

/**
 * Makes a test of a group: each attack is a subtest, honest jobs run beside all of them, and afterwards the engine serves as before and
 * with as many runners.
 */
export function playGroup ({ name, attacks }: AttackGroup, engine: TestEngine, honest = HONEST): void {
  test(name, { concurrency: ATTACKERS }, async (t) => {
    const runners = engine.engine.runnerPids().length
    const neighbour = startNeighbour(engine, honest)

    await Promise.all(attacks.map((attack) => t.test(attack.name, () => play(attack, engine))))

    await t.test('honest jobs beside it never noticed', () => neighbour.stop())
    await t.test('afterwards as many runners serve as before', () => checkEngine(engine, honest, runners))
  })
}

/** Plays one attack and checks its end. */
export async function play ({ code, options, end, logs }: Attack, engine: TestEngine): Promise<void> {
  const record = await engine.run(code, options)

  checkShape(record, options?.limits)
  if ('result' in end) {
    const { outcome } = record.report
    assert.equal(outcome.type, 'succeeded', JSON.stringify(outcome).slice(0, 2000))
    assert.deepEqual(JSON.parse(outcome.result), end.result)
  } else if ('crash' in end) {
    checkCrash(record, end)
  } else {
    checkFailure(failureIn(record.report), end)
  }
  if (logs) assert.deepEqual(allMessages(record), logs)
}

/** What holds for every run, whatever it did. */
export function checkShape (record: RunRecord, limits: Partial<Limits> = {}): void {
  const { report: { outcome, logTail }, logs } = record
  const { logLines, logBytes } = { ...DEFAULT_LIMIT_POLICY.defaults, ...limits }
  const messages = allMessages(record)
  Usage.parse(outcome.usage)
  for (const { time, level, message } of [...logs, ...logTail.lines]) assert.ok(Number.isSafeInteger(time) && LOG_LEVELS.includes(level) && typeof message === 'string')
  assert.ok(messages.length <= logLines)
  assert.equal(outcome.usage.logBytes, messages.reduce((sum, message) => sum + Buffer.byteLength(message), 0))
  assert.ok(outcome.usage.logBytes <= logBytes)
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

function checkCrash ({ report: { outcome } }: RunRecord, { crash }: ExpectedCrash): void {
  assert.equal(outcome.type, 'crashed', JSON.stringify(outcome).slice(0, 1000))
  const { signal, reason, stderr } = outcome.evidence
  assert.equal(signal, crash.signal)
  assert.match(reason, crash.reason)
  assert.ok(reason.length <= 500 && stderr.length <= 4096)
  if (crash.stderr) assert.match(stderr, crash.stderr)
}

/** A job that attacks nobody. Its input is a number, and all that comes of it follows from that. */
export interface HonestJob {
  code: string
  result (input: number): string
  logs (input: number): string[]
}

const HONEST: HonestJob = {
  code: `export default async (input, context) => {
    console.log('honest', input)
    await new Promise((resolve) => setTimeout(resolve, 100))
    return { twice: input * 2, clean: [typeof globalThis.leaked, Object.keys(Object.prototype).length, [].concat([1]).length] }
  }`,
  result: (input) => `{"twice":${input * 2},"clean":["undefined",0,1]}`,
  logs: (input) => [`honest ${input}`],
}

/** Honest jobs, one after another, until it is stopped. */
function startNeighbour (engine: TestEngine, honest: HonestJob): { stop (): Promise<void> } {
  let stopped = false
  const running = (async () => {
    for (let n = 1; !stopped; n++) await playHonest(engine, honest, n)
  })()
  running.catch(() => {}) // told by stop
  return {
    stop () {
      stopped = true
      return running
    },
  }
}

/** Plays one honest job and checks all that comes of it. */
export async function playHonest (engine: TestEngine, { code, result, logs }: HonestJob, input: number): Promise<void> {
  const record = await engine.run(code, { input })
  const { outcome } = record.report
  assert.equal(outcome.type === 'succeeded' && outcome.result, result(input), JSON.stringify(outcome))
  assert.deepEqual(allMessages(record), logs(input))
}

async function checkEngine (engine: TestEngine, honest: HonestJob, runners: number): Promise<void> {
  await Promise.all([1, 2, 3].map((n) => playHonest(engine, honest, n)))

  await until('as many runners live as before', () => {
    const pids = engine.engine.runnerPids()
    return pids.length === runners && pids.every(isAlive) // one that has just died may not have been replaced yet
  })
}
