import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createResumeRamp } from '../../src/worker/resume-ramp.ts'

test('nobody waits as long as there was no outage', async () => {
  const ramp = createResumeRamp(() => 0.99)
  const begunAt = performance.now()

  for (let i = 0; i < 1000; i++) await ramp.whenAdmitted()

  assert.ok(performance.now() - begunAt < 900, 'no time of the ramp was waited for')
})

test('after an outage callers are let in one after another, from a moment on that is drawn', async () => {
  const ramp = createResumeRamp(() => 0.5)
  const begunAt = performance.now()

  ramp.restart()
  const times = await Promise.all(Array.from({ length: 4 }, () => ramp.whenAdmitted().then(() => performance.now() - begunAt)))

  const least = [500, 550, 600, 650]
  for (const [i, ms] of times.entries()) assert.ok(ms >= least[i]! - 2, `caller ${i} was let in after ${ms} ms`) // timers round
})

test('once the ramp is over, all are let in at once', async (t) => {
  const ramp = createResumeRamp(() => 0)
  const now = performance.now()

  ramp.restart()
  t.mock.method(performance, 'now', () => now + 5000)

  let admitted = 0
  await Promise.all(Array.from({ length: 100 }, () => ramp.whenAdmitted().then(() => { admitted += 1 })))
  assert.equal(admitted, 100)
})

test('those who are still in line when the ramp is over are let in at once, and hold up nobody who comes after', async () => {
  const ramp = createResumeRamp(() => 0)
  const begunAt = performance.now()

  ramp.restart()
  await Promise.all(Array.from({ length: 200 }, () => ramp.whenAdmitted()))
  const inLineMs = performance.now() - begunAt
  for (let i = 0; i < 50; i++) await ramp.whenAdmitted()

  assert.ok(inLineMs < 2500, `the last was let in after ${Math.round(inLineMs)} ms, and not after five seconds`)
  assert.ok(performance.now() - begunAt - inLineMs < 500)
})
