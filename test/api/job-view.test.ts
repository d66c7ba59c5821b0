import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesEtag, writeJob, type ShownJob } from '../../src/api/job-view.ts'

const JOB: ShownJob = {
  id: 'job_1', status: 'succeeded', sequence: 3, createdAt: 0, startedAt: 1, finishedAt: 2, deadlineAt: null, expiresAt: 9, result: null,
  error: null, attempts: [], usage: null, queueMs: 1, progress: null, traceId: null, batchId: null, shards: null, replayOf: null, spec: { priority: 'normal', tags: {} },
}

test('a stored result that is not JSON can forge nothing', () => {
  const forged = '1}, "status": "failed", "x": {"a": 1'

  assert.throws(() => writeJob({ ...JOB, result: { bytes: forged.length, json: forged } }), SyntaxError)
})

test('an entity tag is matched weakly, in lists and by a star', () => {
  for (const header of ['"a-1"', 'W/"a-1"', '"b-2", "a-1"', ' * ']) assert.equal(matchesEtag(header, '"a-1"'), true, header)
  for (const header of [undefined, '', '"a-2"', 'a-1']) assert.equal(matchesEtag(header, '"a-1"'), false)
})
