import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Pace } from '../../../src/engine/runner/pace.ts'

function start (t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const sent: number[] = []
  const pace = new Pace({ charsPerMs: 10, burstChars: 1000 })
  return { sent, pace, pass: (chars: number) => pace.pass(chars, () => sent.push(chars)) }
}

test('a burst passes at once, and the rest in its order at the pace', (t) => {
  const { sent, pass } = start(t)

  for (const chars of [600, 399, 500, 1, 2]) pass(chars)

  assert.deepEqual(sent, [600, 399])
  t.mock.timers.tick(25)
  assert.deepEqual(sent, [600, 399])
  t.mock.timers.tick(30)
  assert.deepEqual(sent, [600, 399, 500, 1, 2])
})

test('what waits is dropped by a close', (t) => {
  const { sent, pace, pass } = start(t)

  pass(5000)
  pace.close()
  t.mock.timers.tick(10_000)

  assert.deepEqual(sent, [])
})
