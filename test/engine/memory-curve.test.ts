import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryCurve } from '../../src/engine/memory-curve.ts'

function draw (count: number) {
  const curve = new MemoryCurve()
  for (let i = 0; i < count; i++) curve.add(i * 100 + 0.4, i)
  return curve.samples
}

test('a few samples are all kept', () => {
  assert.deepEqual(draw(0), [])
  assert.deepEqual(draw(3), [[0, 0], [100, 1], [200, 2]])
})

test('of any number at most 64 stay, from the first to the last, evenly', () => {
  for (const count of [63, 64, 65, 127, 128, 1000, 36_001]) {
    const samples = draw(count)
    const steps = samples.slice(1, -1).map(([ms], index) => ms - (samples[index]?.[0] ?? 0))

    assert.ok(samples.length <= 64 && samples.length >= Math.min(count, 32), `${samples.length} of ${count}`)
    assert.deepEqual([samples[0], samples.at(-1)], [[0, 0], [(count - 1) * 100, count - 1]])
    assert.equal(new Set(steps).size, 1)
  }
})
