import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isTerminal, JobStatus, TRANSITIONS } from '../../src/core/status.ts'

const canMove = (from: JobStatus, to: JobStatus) => (TRANSITIONS[from] as readonly JobStatus[]).includes(to) // widened: the table's tuples are literal

test('a job ends once: terminal states lead nowhere, the others lead on', () => {
  assert.deepEqual(JobStatus.options.filter(isTerminal), ['succeeded', 'failed', 'cancelled', 'expired', 'dead'])
  for (const from of JobStatus.options) assert.equal(JobStatus.options.some((to) => canMove(from, to)), !isTerminal(from), from)
})

test('every state but the first two is reached from another, and none from itself', () => {
  const reached = new Set(Object.values(TRANSITIONS).flat())

  assert.deepEqual(JobStatus.options.filter((status) => !reached.has(status)), [])
  for (const status of JobStatus.options) assert.equal(canMove(status, status), false, status)
})

test('a job that has not run neither succeeds nor fails nor dies', () => {
  for (const from of ['queued', 'scheduled'] as const) {
    for (const to of ['succeeded', 'failed', 'dead'] as const) assert.equal(canMove(from, to), false)
  }
})

test('a running job does not expire', () => {
  assert.equal(canMove('running', 'expired'), false)
})
