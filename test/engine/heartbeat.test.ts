import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { BEAT_MS } from '../../src/core/runner-protocol.ts'
import { Heartbeat } from '../../src/engine/heartbeat.ts'

function startHeartbeat (t: TestContext, threads = 1) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const lost: string[] = []
  const state = { deaf: false }
  const heartbeat = new Heartbeat({ threads, missedBeats: 3, isDeaf: () => state.deaf, onLost: (reason) => lost.push(reason) })
  t.after(() => heartbeat.close())
  return { heartbeat, lost, state, look: (times: number) => t.mock.timers.tick(times * BEAT_MS) }
}

test('a thread that beats is never lost, one that stops is lost once', (t) => {
  const { heartbeat, lost, look } = startHeartbeat(t)
  for (let i = 0; i < 10; i++) {
    look(2)
    heartbeat.beat(0)
  }

  look(3)
  assert.deepEqual(lost, [])
  look(5)

  assert.deepEqual(lost, ['A thread of the runner gave no sign of life for 3 s'])
})

test('each thread has to beat', (t) => {
  const { heartbeat, lost, look } = startHeartbeat(t, 2)

  for (let i = 0; i < 4; i++) {
    look(1)
    heartbeat.beat(1)
  }

  assert.equal(lost.length, 1)
})

test('while nothing is read, nobody is lost, and afterwards it counts from the start', (t) => {
  const { lost, state, look } = startHeartbeat(t)
  look(3)

  state.deaf = true
  look(10)
  state.deaf = false
  look(3)
  assert.deepEqual(lost, [])
  look(1)

  assert.equal(lost.length, 1)
})

test('a beat of a thread that there is not is refused', (t) => {
  const { heartbeat } = startHeartbeat(t, 2)

  for (const thread of [2, -1, 0.5]) assert.throws(() => heartbeat.beat(thread), /no thread/)
})
