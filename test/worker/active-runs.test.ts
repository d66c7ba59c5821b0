import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ActiveRuns } from '../../src/worker/active-runs.ts'

test('stopping a job aborts its run, with the first reason and its time', () => {
  const runs = new ActiveRuns()
  const run = runs.add('a')
  const before = performance.now()

  runs.stop('a', 'cancel')
  runs.stop('a', 'fenced')

  assert.equal(run.signal.aborted, true)
  assert.equal(run.reason, 'cancel')
  assert.ok(run.stoppedAt !== undefined && run.stoppedAt >= before)
})

test('a job that runs elsewhere is not stopped here, nor one that is over', () => {
  const runs = new ActiveRuns()
  const over = runs.add('a')
  const other = runs.add('b')
  runs.remove('a', over)

  runs.stop('a', 'cancel')
  runs.stop('c', 'cancel')

  assert.deepEqual([over.signal.aborted, other.signal.aborted], [false, false])
})

test('a run that took the place of another is not forgotten with it', () => {
  const runs = new ActiveRuns()
  const first = runs.add('a')
  const second = runs.add('a')

  runs.remove('a', first)
  runs.stop('a', 'fenced')

  assert.equal(second.reason, 'fenced')
})

test('all are stopped at once, those that have not begun included', () => {
  const runs = new ActiveRuns()
  const [a, b] = [runs.add('a'), runs.add('b')]
  a.run = { jobId: 'a', fence: 1 }

  runs.stopAll('shutdown')

  assert.deepEqual(runs.begun, [a])
  assert.deepEqual([a.reason, b.reason], ['shutdown', 'shutdown'])
})
