import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median, percentile, sumByName } from '../../bench/statistics.ts'

test('the median of an even count lies between the two in the middle, in whatever order they come', () => {
  assert.equal(median([9, 1, 3, 5]), 4)
  assert.equal(median([7]), 7)
})

test('percentiles are interpolated between neighbours and reach both ends', () => {
  const values = Array.from({ length: 101 }, (_, i) => i)

  assert.equal(percentile(values, 0), 0)
  assert.equal(percentile(values, 0.99), 99)
  assert.equal(percentile(values, 0.995), 99.5)
  assert.equal(percentile(values, 1), 100)
})

test('a percentile of no values is refused', () => {
  assert.throws(() => percentile([], 0.5), RangeError)
})

test('taking a median leaves the values as they are', () => {
  const values = [3, 1, 2]

  median(values)

  assert.deepEqual(values, [3, 1, 2])
})

test('values of one name are added up over the sets, those that only one of them has included', () => {
  assert.deepEqual(sumByName([{ api: 1, worker: 2 }, { api: 3, redis: 4 }]), { api: 4, worker: 2, redis: 4 })
})
