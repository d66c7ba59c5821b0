import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isId, itemId, newId, shardsId, timeOfId } from '../../src/core/ids.ts'

test('an id names its kind and has its form', () => {
  assert.match(newId('job'), /^job_/)
  assert.equal(isId('job', newId('job')), true)
  assert.equal(isId('key', newId('job')), false)
})

test('ids differ, and sort by the millisecond they were made in', () => {
  const millisecondOf = (id: string) => id.slice('job_'.length, 'job_'.length + 13)

  const ids = Array.from({ length: 5000 }, () => newId('job'))
  const times = ids.map(millisecondOf)

  assert.equal(new Set(ids).size, ids.length)
  assert.ok(times.every((time, n) => n === 0 || time >= (times[n - 1] ?? '')))
})

test('nothing else has the form of an id', () => {
  const id = newId('job')

  for (const text of ['', 'job_', id.slice(4), id.toUpperCase(), `${id} `, `${id}\n`, ` ${id}`, id.replace('job_', 'job:'), `${id.slice(0, -1)}*`, `job_${'0'.repeat(36)}`]) {
    assert.equal(isId('job', text), false, JSON.stringify(text))
  }
})

test('the batch of a job\'s shards has one id, of the time of the job, and shares no job with a batch that the job is an item of', () => {
  const jobs = [newId('job'), itemId(newId('batch'), 0)]

  for (const job of jobs) {
    const id = shardsId(job)
    assert.ok(isId('batch', id), id)
    assert.equal(shardsId(job), id)
    assert.equal(timeOfId(id), timeOfId(job))
    assert.notEqual(itemId(id, 0).slice(0, -6), job.slice(0, -6))
  }
})
