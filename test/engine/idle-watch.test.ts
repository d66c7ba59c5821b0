import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { IdleWatch } from '../../src/engine/idle-watch.ts'

const MB = 1_048_576

/** A watch over a process that uses so much in each of the seconds given. */
function startWatch (t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const use = { cpuMs: 0, rssBytes: 0 }
  const reasons: string[] = []
  const watch = new IdleWatch({ pid: 1, onBusy: (reason) => reasons.push(reason), readUse: () => ({ ...use }) })
  t.after(() => watch.close())
  const pass = (seconds: number, each: { cpuMs?: number, rssBytes?: number } = {}) => {
    for (let i = 0; i < seconds; i++) {
      now += 1000
      use.cpuMs += each.cpuMs ?? 0
      use.rssBytes += each.rssBytes ?? 0
      t.mock.timers.tick(1000)
    }
  }
  return { watch, reasons, pass }
}

test('an idle runner that does little is left alone', (t) => {
  const { reasons, pass } = startWatch(t)

  pass(3, { cpuMs: 900, rssBytes: 40 * MB }) // tidying up
  pass(1000, { cpuMs: 200 })

  assert.deepEqual(reasons, [])
})

test('one that works for seconds without a run is told of, once', (t) => {
  const { reasons, pass } = startWatch(t)

  pass(20, { cpuMs: 300 })

  assert.deepEqual(reasons, ['The runner works, and no run is in it'])
})

test('one that grows without a run is told of, however slowly', (t) => {
  const { reasons, pass } = startWatch(t)

  pass(200, { rssBytes: MB })

  assert.deepEqual(reasons, ['The runner grows, and no run is in it'])
})

test('what a run takes does not count, and neither does the second in which it came or left', (t) => {
  const { watch, reasons, pass } = startWatch(t)

  pass(4, { cpuMs: 1000, rssBytes: 30 * MB })
  watch.enter()
  pass(100, { cpuMs: 1000, rssBytes: 100 * MB })
  watch.leave()
  pass(4, { cpuMs: 1000, rssBytes: 30 * MB })

  assert.deepEqual(reasons, [])
})
