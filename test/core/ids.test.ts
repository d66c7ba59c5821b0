import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isId, newId } from '../../src/core/ids.ts'

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
