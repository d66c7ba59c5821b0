import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { RunWatch, STOP_GRACE_MS } from '../../src/engine/run-watch.ts'

const linux = { skip: process.platform !== 'linux' && 'reads /proc' }
const limits = { timeoutMs: 1000, cpuMs: 10_000, memoryMb: 64, resultBytes: 1000 }

function startWatch (t: TestContext, more: Partial<ConstructorParameters<typeof RunWatch>[0]> = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const kills: string[] = []
  const watch = new RunWatch({ pid: 0, limits, payloadBytes: 0, threads: 1, kill: (reason) => kills.push(reason), ...more })
  t.after(() => watch.close())
  return { watch, kills, tick: (ms: number) => t.mock.timers.tick(ms) }
}

test('a run is killed a short while after its time, which is the limit\'s doing', (t) => {
  const { watch, kills, tick } = startWatch(t)
  watch.started()

  tick(1000 + STOP_GRACE_MS - 1)
  assert.deepEqual(kills, [])
  tick(1)

  assert.deepEqual(kills, ['The run did not stop: TIMEOUT'])
  assert.deepEqual(watch.killedFor, { code: 'TIMEOUT', observed: 1000 + STOP_GRACE_MS })
})

test('a run that is being stopped is killed when it does not, for the first reason given', (t) => {
  const { watch, kills, tick } = startWatch(t)
  watch.started()
  tick(100)

  watch.stopping('CPU_LIMIT', 250)
  tick(STOP_GRACE_MS - 1)
  watch.stopping('CANCELLED', 0)
  tick(1)

  assert.equal(kills.length, 1)
  assert.deepEqual(watch.killedFor, { code: 'CPU_LIMIT', observed: 250 })
})

test('a start after a stop does not give the run its time back', (t) => {
  const { watch, kills, tick } = startWatch(t)

  watch.stopping('CANCELLED', 0)
  watch.started()
  tick(STOP_GRACE_MS)

  assert.equal(kills.length, 1)
  assert.equal(watch.killedFor?.code, 'CANCELLED')
})

test('a runner that never starts its run is killed, and no limit is to blame', (t) => {
  const { watch, kills, tick } = startWatch(t)

  tick(5000)

  assert.deepEqual(kills, ['The runner did not start the run'])
  assert.equal(watch.killedFor, undefined)
})

test('a watch that is closed kills nobody', (t) => {
  const { watch, kills, tick } = startWatch(t)
  watch.started()

  watch.close()
  tick(100_000)

  assert.deepEqual(kills, [])
})

test('a process that grows over the line of its run is killed for its memory', linux, (t) => {
  const { watch, kills, tick } = startWatch(t, { pid: process.pid, limits: { ...limits, memoryMb: 16, resultBytes: 0, timeoutMs: 60_000 } })
  watch.started()
  tick(100)
  assert.deepEqual(kills, [])

  const ballast = Buffer.alloc(400_000_000, 1)
  tick(100)

  assert.equal(ballast.length, 400_000_000)
  assert.equal(watch.killedFor?.code, 'MEMORY_LIMIT')
  assert.ok(watch.peakMemoryBytes > 300_000_000)
})

test('what a run sends and returns may stand in the process beside its memory', linux, (t) => {
  const { watch, kills, tick } = startWatch(t, { pid: process.pid, payloadBytes: 60_000_000, limits: { ...limits, memoryMb: 16, timeoutMs: 60_000 } })
  watch.started()

  const ballast = Buffer.alloc(400_000_000, 1)
  tick(100)

  assert.equal(ballast.length, 400_000_000)
  assert.deepEqual(kills, [])
})

test('a process that took far more processor time than its run may is killed, though it says nothing', linux, (t) => {
  const { watch, kills, tick } = startWatch(t, { pid: process.pid, limits: { ...limits, cpuMs: 10, timeoutMs: 60_000 } })
  watch.started()
  tick(100)
  assert.deepEqual(kills, [])

  const from = process.cpuUsage()
  for (let used = from; used.user + used.system < 1_100_000; used = process.cpuUsage(from)); // oxlint-disable-line no-empty
  tick(100)

  assert.equal(watch.killedFor?.code, 'CPU_LIMIT')
  assert.ok((watch.killedFor?.observed ?? 0) > 1000)
})

for (const accompanied of [false, true]) {
  test(`what a run waited for a processor is known when its time is over${accompanied ? ', also beside others' : ''}`, (t) => {
    let waited = 5
    const { watch, tick } = startWatch(t, { readWaits: () => new Map([['1', waited]]) })
    watch.accompanied = accompanied
    watch.started()
    tick(100)

    waited += 700
    watch.stopping('TIMEOUT', 1000)

    assert.equal(watch.waitedMs, 700)
  })
}

test('threads are read at the first look and at the end of the time, not for short runs', (t) => {
  let reads = 0
  const readWaits = () => {
    reads += 1
    return new Map()
  }
  const { watch, tick } = startWatch(t, { readWaits })
  watch.started()
  tick(99)
  assert.equal(reads, 0)

  tick(901)
  assert.equal(reads, 1)
  tick(STOP_GRACE_MS)

  assert.equal(reads, 2)
})
