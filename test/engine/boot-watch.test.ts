import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { type Activity, BootWatch, readActivity } from '../../src/engine/boot-watch.ts'
import { until } from '../helpers/until.ts'

const counted = { skip: !existsSync('/proc/self/schedstat') && 'needs schedstat in /proc' }

/** A watch over a process whose looks find what the test says. */
function startWatch (t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const reasons: string[] = []
  let found: Activity | undefined
  const watch = new BootWatch({ pid: 1, onStill: (reason) => reasons.push(reason), readActivity: () => found })
  t.after(() => watch.close())
  const look = (times: number, next: (look: number) => Activity | undefined) => {
    for (let i = 0; i < times; i++) {
      found = next(i)
      t.mock.timers.tick(500)
    }
  }
  return { watch, reasons, look }
}

test('a runner that sleeps for three seconds is told of, once', (t) => {
  const { reasons, look } = startWatch(t)

  look(7, () => ({ ms: 200, isAsleep: true })) // the first look only sees where it stands

  assert.deepEqual(reasons, ['The runner hung while it started: nothing in it moved for 3 s'])
  look(100, () => ({ ms: 200, isAsleep: true }))
  assert.equal(reasons.length, 1)
})

test('one that moves now and then is left alone', (t) => {
  const { reasons, look } = startWatch(t)

  look(100, (i) => ({ ms: 200 + 5 * Math.floor(i / 6), isAsleep: true }))

  assert.deepEqual(reasons, [])
})

test('one that waits for a processor or for a disk, or was stopped, is left alone', (t) => {
  const { reasons, look } = startWatch(t)

  look(100, () => ({ ms: 200, isAsleep: false }))

  assert.deepEqual(reasons, [])
})

test('where nothing can be read nobody is told of', (t) => {
  const { reasons, look } = startWatch(t)

  look(100, () => undefined)

  assert.deepEqual(reasons, [])
})

test('a closed watch looks no more', (t) => {
  const { watch, reasons, look } = startWatch(t)
  watch.close()

  look(100, () => ({ ms: 200, isAsleep: true }))

  assert.deepEqual(reasons, [])
})

test('a process that waits is asleep, one that works is not, and a stopped one neither', counted, async (t) => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.once("data", () => { for (;;); })'], { stdio: ['pipe', 'ignore', 'ignore'] })
  await once(child, 'spawn')
  const { pid = 0 } = child
  t.after(() => child.kill('SIGKILL'))

  await until('it sleeps', () => readActivity(pid)?.isAsleep === true)
  const asleepMs = readActivity(pid)?.ms ?? 0
  child.stdin.write('x')
  await until('it works', () => readActivity(pid)?.isAsleep === false && (readActivity(pid)?.ms ?? 0) > asleepMs + 5)
  child.kill('SIGSTOP')
  await until('it is stopped', () => { const before = readActivity(pid); return before?.isAsleep === false && readActivity(pid)?.ms === before.ms })
})

test('of a process that is gone nothing is known', () => {
  assert.equal(readActivity(2 ** 22 + 1), undefined)
})
