import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { explainWait, longestWaitMs, readWaits } from '../../src/engine/processor-wait.ts'
import { until } from '../helpers/until.ts'

const pinned = { skip: spawnSync('taskset', ['-c', '0', 'true']).status !== 0 && 'needs taskset (util-linux)' }
const BUSY = 'const until = Date.now() + 20000; while (Date.now() < until);'

test('the thread that waited longest counts, a new one from its start', () => {
  const before = new Map([['1', 100], ['2', 50]])

  assert.equal(longestWaitMs(before, new Map([['1', 110], ['2', 90]])), 40)
  assert.equal(longestWaitMs(before, new Map([['1', 110], ['3', 70]])), 70)
  assert.equal(longestWaitMs(before, new Map()), 0)
})

test('a time-out tells of a wait that took more than a quarter of its time', () => {
  assert.equal(explainWait(1240, 2000), '; it waited 1.2 s of 2.0 s for a processor: the machine is busy')
  assert.equal(explainWait(500, 2000), '')
  assert.equal(explainWait(0, 0), '')
})

test('a process that is gone waited for nothing', () => {
  assert.equal(readWaits(2 ** 22 + 1).size, 0)
})

test('a process that shares its processor is seen waiting', pinned, async (t) => {
  const busy = Array.from({ length: 3 }, () => spawn('taskset', ['-c', '0', process.execPath, '-e', BUSY], { stdio: 'ignore' }))
  t.after(() => { for (const child of busy) child.kill('SIGKILL') })
  const [{ pid = 0 }] = busy as [ChildProcess] // three were started
  const before = readWaits(pid)
  const begun = performance.now()

  await until('it has waited for half a second', () => longestWaitMs(before, readWaits(pid)) > 500)

  assert.ok(longestWaitMs(before, readWaits(pid)) <= performance.now() - begun + 50)
})
