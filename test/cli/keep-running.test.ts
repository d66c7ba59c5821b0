import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepRunning, type Running } from '../../src/cli/keep-running.ts'

const QUICK = { firstMs: 1, maxMs: 4, steadyMs: 60_000 }

function buildRunning (): Running & { die(how: string): void, stopped: boolean } {
  const { promise, resolve } = Promise.withResolvers<string>()
  const running = {
    stopped: false,
    ended: promise,
    die: resolve,
    stop: async () => {
      running.stopped = true
      resolve('was stopped')
    },
  }
  return running
}

test('what dies is started again after waits that double up to the longest', async (t) => {
  const waits: number[] = []
  const enough = Promise.withResolvers<void>()
  let starts = 0

  const kept = await keepRunning({
    start: async () => {
      const running = buildRunning()
      if (++starts < 6) running.die('died')
      return running
    },
    signal: t.signal,
    restarts: QUICK,
    onUp: () => { if (starts === 6) enough.resolve() },
    onDown: (_how, waitMs) => waits.push(waitMs),
  })
  await enough.promise
  await kept.stop()

  assert.deepEqual(waits, [1, 2, 4, 4, 4])
})

test('a start that fails later is tried again, with its message as the reason', async (t) => {
  const reasons: string[] = []
  const up = Promise.withResolvers<void>()
  const first = buildRunning()
  let starts = 0

  const kept = await keepRunning({
    start: async () => {
      if (++starts === 1) return first
      if (starts === 2) throw new Error('no room')
      return buildRunning()
    },
    signal: t.signal,
    restarts: QUICK,
    onUp: () => { if (starts === 3) up.resolve() },
    onDown: (how) => reasons.push(how),
  })
  first.die('fell over')
  await up.promise
  await kept.stop()

  assert.deepEqual(reasons, ['fell over', 'no room'])
})

test('the first start that fails is not tried again', async (t) => {
  const start = t.mock.fn(async (): Promise<Running> => { throw new Error('bad port') })

  await assert.rejects(keepRunning({ start, signal: t.signal, onUp: () => {}, onDown: () => {} }), /bad port/)

  assert.equal(start.mock.callCount(), 1)
})

test('stopping during a restart ends what the restart brings up', async (t) => {
  const first = buildRunning()
  const second = buildRunning()
  const restarting = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  let starts = 0
  const kept = await keepRunning({
    start: async () => {
      if (++starts === 1) return first
      restarting.resolve()
      await finish.promise
      return second
    },
    signal: t.signal,
    restarts: QUICK,
    onUp: () => {},
    onDown: () => {},
  })
  first.die('fell over')
  await restarting.promise

  const stopped = kept.stop()
  finish.resolve()
  await stopped

  assert.ok(second.stopped)
})
