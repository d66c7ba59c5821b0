import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAILURES, type FailureCode } from '../../src/core/failures.ts'
import { buildFailure, EMPTY_USAGE, type Outcome } from '../../src/core/outcome.ts'
import { RetryPolicy } from '../../src/core/retry.ts'
import { decide, decideLost, type Situation } from '../../src/worker/decide.ts'

const NOW = 1_700_000_000_000

function situation (retry: Record<string, unknown> = {}, members: Partial<Situation> = {}): Situation {
  return { attempt: 1, crashes: 0, lost: 0, retry: RetryPolicy.parse(retry), nowMs: NOW, random: () => 0, ...members }
}

function failed (code: FailureCode): Outcome {
  return { type: 'failed', error: buildFailure(code, 'boom'), usage: EMPTY_USAGE }
}

const CRASHED = { type: 'crashed', shared: false, evidence: { signal: 'SIGSEGV', exitCode: null, reason: 'The process ended by itself', stderr: 'oops', memoryCurve: [[0, 1]], lastLogs: ['log: a'], suspect: null }, usage: EMPTY_USAGE } satisfies Outcome

test('a result ends the job well', () => {
  const decision = decide({ type: 'succeeded', result: '[1]', usage: EMPTY_USAGE }, situation({ attempts: 5 }))

  assert.deepEqual(decision, { status: 'succeeded', error: null, result: '[1]', events: [] })
})

test('a job that may try once fails, whatever the code', () => {
  for (const code of Object.keys(FAILURES) as FailureCode[]) { // the keys of a closed table
    const { status, next } = decide(failed(code), situation())

    assert.deepEqual([status, next], ['failed', undefined], code)
  }
})

test('an error that the table calls retryable has a next attempt until the last, and then the job is dead', () => {
  const policy = { attempts: 3, backoff: { type: 'exponential', delayMs: 100, jitter: 0 } }

  const decisions = [1, 2, 3].map((attempt) => decide(failed('TIMEOUT'), situation(policy, { attempt })))

  assert.deepEqual(decisions.map(({ next }) => next), [{ attempt: 2, delayMs: 100 }, { attempt: 3, delayMs: 200 }, undefined])
  assert.equal(decisions[2]?.status, 'dead')
  for (const { error, charge } of decisions) assert.deepEqual([error?.code, charge], ['TIMEOUT', undefined])
})

test('an error that the policy does not retry fails the job at once, also after attempts that were retried', () => {
  assert.equal(decide(failed('SYNTAX_ERROR'), situation({ attempts: 3 })).status, 'failed')
  assert.equal(decide(failed('USER_ERROR'), situation({ attempts: 3, on: ['TIMEOUT'] })).status, 'failed')
  assert.equal(decide(failed('SYNTAX_ERROR'), situation({ attempts: 3 }, { attempt: 3 })).status, 'failed')
})

test('a policy that names codes retries those and no others', () => {
  const named = situation({ attempts: 2, on: ['MEMORY_LIMIT'] })

  assert.equal(decide(failed('MEMORY_LIMIT'), named).next?.attempt, 2)
  assert.equal(decide(failed('TIMEOUT'), named).next, undefined)
})

test('a cancelled run ends the job with the time that stopping took, whatever may be retried', () => {
  const decision = decide({ type: 'cancelled', stoppedAfterMs: 12.6, usage: EMPTY_USAGE }, situation({ attempts: 9, on: ['CANCELLED'] }))

  assert.deepEqual(decision, { status: 'cancelled', error: null, events: [{ type: 'job.cancelled', time: NOW, payload: { stoppedAfterMs: 13 } }] })
})

test('a crash is no attempt: the same one runs again, less soon each time, and the crash is charged with its evidence', () => {
  const decisions = [0, 1, 2, 3].map((crashes) => decide(CRASHED, situation({ maxCrashes: 5 }, { crashes })))

  assert.deepEqual(decisions.map(({ next }) => next), [200, 400, 800, 1600].map((delayMs) => ({ attempt: 1, delayMs })))
  assert.ok(decisions.every(({ charge }) => charge === 'crash'))
  const payload = { reason: 'crash', charged: true, crashes: 1, evidence: CRASHED.evidence }
  assert.deepEqual(decisions[0]?.events, [{ type: 'job.lost', time: NOW, payload }])
})

test('a job whose crash budget is spent is dead, and its error says how the runner died', () => {
  const decision = decide(CRASHED, situation({ attempts: 5, maxCrashes: 3 }, { crashes: 2 }))

  assert.deepEqual([decision.status, decision.next, decision.charge], ['dead', undefined, 'crash'])
  assert.equal(decision.error?.code, 'WORKER_CRASHED')
  assert.match(decision.error.message, /SIGSEGV.*3 of 3.*ended by itself/)
})

test('a runner that died with others in it is charged to nobody: the same attempt runs again at once, alone', () => {
  const decision = decide({ ...CRASHED, shared: true }, situation({ maxCrashes: 1 }))

  assert.deepEqual([decision.status, decision.charge, decision.next], ['queued', 'shared', { attempt: 1, delayMs: 0 }])
  assert.match(decision.error?.message ?? '', /^The runner died by SIGSEGV with other runs in it: /)
  assert.deepEqual(decision.events.map(({ payload }) => payload['charged']), [false])
})

test('a runner that ended without a signal is told by its exit code', () => {
  const outcome: Outcome = { ...CRASHED, evidence: { ...CRASHED.evidence, signal: null, exitCode: 134, reason: 'abort', stderr: '' } }

  assert.match(decide(outcome, situation()).error?.message ?? '', /with code 134/)
})

test('backoff is drawn at random within its jitter', () => {
  const policy = { attempts: 2, backoff: { type: 'fixed', delayMs: 1000, jitter: 0.5 } }

  const delays = [0, 0.5, 0.998].map((value) => decide(failed('TIMEOUT'), situation(policy, { random: () => value })).next?.delayMs)

  assert.deepEqual(delays, [1000, 750, 501])
})

test('a run whose claim was lost runs again at once, until retry.maxLost is spent', () => {
  const policy = { maxLost: 2 }

  const decisions = [0, 1, 2].map((lost) => decideLost(situation(policy, { lost })))

  assert.deepEqual(decisions.map(({ status, next, charge }) => [status, next, charge]), [
    ['queued', { attempt: 1, delayMs: 0 }, 'lost'], ['queued', { attempt: 1, delayMs: 0 }, 'lost'], ['dead', undefined, 'lost'],
  ])
  assert.deepEqual(decisions[2]?.error?.code, 'WORKER_CRASHED')
})
