import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import { buildOutcome } from '../../src/engine/build-outcome.ts'
import type { RunnerAnswer } from '../../src/engine/run-conversation.ts'

const compiled = { type: 'compiled', form: 'module', file: 'job.js', code: '', map: null, importName: null, sources: [] } as const
const killed: RunnerAnswer = { type: 'killed', code: 'TIMEOUT', observed: 2000, startedAt: 0, endedAt: 2000, peakMemoryBytes: 0, cpuMs: 0, waitedMs: 0 }
const build = (answer: RunnerAnswer) => {
  const outcome = buildOutcome(answer, compiled, { ...DEFAULT_LIMIT_POLICY.defaults, timeoutMs: 2000 }, { logBytes: 0, lastLogs: [], toolCalls: 0 })
  assert.equal(outcome.type, 'failed')
  return outcome.error
}

test('a time-out says that the machine was busy when it was, and only then', () => {
  const messages = [0, 500, 501, 1200].map((waitedMs) => build({ ...killed, waitedMs }).message)

  assert.deepEqual(messages, [
    'Execution timeout', 'Execution timeout',
    'Execution timeout; it waited 501 ms of 2.0 s for a processor: the machine is busy',
    'Execution timeout; it waited 1.2 s of 2.0 s for a processor: the machine is busy',
  ])
})

test('memory that a runner claims is no more than an isolate can have had', () => {
  const usage = { wallMs: 1, cpuMs: 1, memoryBytes: Number.MAX_SAFE_INTEGER, nativeCalls: 0 }
  const answer: RunnerAnswer = { ...killed, type: 'done', result: '1', message: { type: 'done', token: 't'.repeat(16), failure: null, usage, bootMs: 1 } }

  const { usage: { peakMemoryBytes } } = buildOutcome(answer, compiled, DEFAULT_LIMIT_POLICY.defaults, { logBytes: 0, lastLogs: [], toolCalls: 0 })

  assert.equal(peakMemoryBytes, 4 * 128 * 1_048_576)
})

test('other limits say nothing of it', () => {
  assert.equal(build({ ...killed, code: 'CPU_LIMIT', waitedMs: 1900 }).message, 'CPU time limit reached')
})
