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
  runs.remove(over)

  runs.stop('a', 'cancel')
  runs.stop('c', 'cancel')

  assert.deepEqual([over.signal.aborted, other.signal.aborted], [false, false])
})

test('of two runs of a job both are stopped, and one goes on when the other is over', () => {
  const runs = new ActiveRuns()
  const [over, first, second] = [runs.add('a'), runs.add('a'), runs.add('a')]

  runs.remove(over)
  runs.stop('a', 'fenced')

  assert.deepEqual([over.reason, first.reason, second.reason], [undefined, 'fenced', 'fenced'])
})

test('all are stopped at once, those that have not begun included', () => {
  const runs = new ActiveRuns()
  const [a, b] = [runs.add('a'), runs.add('b')]
  a.run = { jobId: 'a', tenant: 't', fence: 1, holder: 'h' }

  runs.stopAll('shutdown')

  assert.deepEqual(runs.begun, [a])
  assert.deepEqual([a.reason, b.reason], ['shutdown', 'shutdown'])
})

test('runs of a worker that leaves know it, also those that come after', () => {
  const runs = new ActiveRuns()
  const before = runs.add('a')
  const others = new ActiveRuns().add('a')

  runs.leaveAll()

  assert.deepEqual([before.isLeaving, runs.add('b').isLeaving, others.isLeaving], [true, true, false])
  assert.equal(before.signal.aborted, false)
})
