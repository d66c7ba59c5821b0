import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Supervisor, type SupervisorOptions } from '../../src/engine/supervisor.ts'
import { DEFAULT_WEAR } from '../../src/engine/wear.ts'
import { isAlive } from '../helpers/processes.ts'
import { until } from '../helpers/until.ts'
import { fakeImage } from '../helpers/fake-image.ts'

const FAKE = fileURLToPath(new URL('fixtures/fake-runner.ts', import.meta.url))
const signal = new AbortController().signal
const REQUEST = { tenant: 'acme', alone: false }

async function startSupervisor (t: TestContext, options: Partial<SupervisorOptions> = {}) {
  const errors: Error[] = []
  const supervisor = await Supervisor.start({
    lanes: 1, spares: 1, threads: 1, memoryMb: 64, bootTimeoutMs: 30_000, wear: DEFAULT_WEAR, guest: fakeImage('fair'), file: FAKE, onError: (error) => errors.push(error), ...options,
  })
  t.after(() => supervisor.close())
  const acquire = async () => {
    const lease = await supervisor.acquire(REQUEST, signal)
    assert.ok(lease)
    return lease
  }
  return { supervisor, acquire, errors }
}

test('a runner is lent to one at a time, and again after its release', async (t) => {
  const { supervisor, acquire } = await startSupervisor(t, { spares: 0 })
  const first = await acquire()
  let isServed = false

  const waiting = acquire().finally(() => { isServed = true })
  await new Promise(setImmediate)
  assert.equal(isServed, false)
  first.release()

  assert.equal((await waiting).runner.pid, first.runner.pid)
  assert.equal(supervisor.pids.length, 1)
})

test('a runner that dies is replaced; the spare serves meanwhile', async (t) => {
  const { supervisor, acquire } = await startSupervisor(t)
  const first = await acquire()

  first.runner.kill('It did wrong')
  await first.runner.exited
  first.release()
  const next = await acquire()
  const after = await acquire()

  assert.equal(new Set([first.runner.pid, next.runner.pid, after.runner.pid]).size, 3)
  assert.deepEqual(supervisor.pids.toSorted(), [next.runner.pid, after.runner.pid].toSorted())
})

test('an idle runner that dies is not lent', async (t) => {
  const { supervisor, acquire } = await startSupervisor(t, { spares: 0 })
  const [pid = 0] = supervisor.pids

  process.kill(pid, 'SIGKILL')
  while (supervisor.pids.includes(pid)) await new Promise(setImmediate)
  const lease = await acquire()

  assert.ok(isAlive(lease.runner.pid ?? 0))
})

test('those who wait are served in their order, also by a replacement', async (t) => {
  const { acquire } = await startSupervisor(t, { spares: 0 })
  const first = await acquire()
  const order: string[] = []

  const waiting = ['a', 'b'].map((name) => acquire().then((lease) => {
    order.push(name)
    lease.release()
  }))
  first.runner.kill('It did wrong')
  await Promise.all(waiting)

  assert.deepEqual(order, ['a', 'b'])
})

test('who waits and is cancelled gets none, and takes none from the others', async (t) => {
  const { supervisor, acquire } = await startSupervisor(t, { spares: 0 })
  const first = await acquire()
  const cancel = new AbortController()

  const cancelled = supervisor.acquire(REQUEST, cancel.signal)
  const patient = acquire()
  cancel.abort()
  first.release()

  assert.equal(await cancelled, undefined)
  assert.equal((await patient).runner, first.runner)
})

test('closing ends every runner and everybody\'s wait', async (t) => {
  const { supervisor, acquire } = await startSupervisor(t)
  await acquire()
  await acquire()
  const { pids } = supervisor
  const waiting = assert.rejects(acquire(), /the engine is closed/)

  await supervisor.close()

  await waiting
  assert.deepEqual(pids.filter(isAlive), [])
  await assert.rejects(acquire(), /the engine is closed/)
})

test('when not one runner comes up the start rejects with why, and leaves none behind', async (t) => {
  for (const options of [{}, { spares: 0, pool: { least: 0 } }]) {
    await assert.rejects(startSupervisor(t, { guest: fakeImage('dies'), ...options }), /Cannot start runner: The process ended by itself/)
  }
})

test('runners that cannot start are tried again with growing pauses, and whoever waits is served in the end', async (t) => {
  const failedAt: number[] = []
  const options: Partial<SupervisorOptions> = { guest: fakeImage('fair') }
  const supervisor = await Supervisor.start({
    lanes: 1, spares: 0, threads: 1, memoryMb: 64, bootTimeoutMs: 30_000, wear: DEFAULT_WEAR, file: FAKE,
    get guest () { return options.guest ?? fakeImage('fair') },
    onError () { if (failedAt.push(performance.now()) === 3) options.guest = fakeImage('fair') },
  })
  t.after(() => supervisor.close())
  const lease = await supervisor.acquire(REQUEST, signal)

  options.guest = fakeImage('dies')
  lease?.runner.kill('It did wrong')
  const next = await supervisor.acquire(REQUEST, signal)

  assert.ok(next)
  const [first = 0, second = 0, third = 0] = failedAt
  assert.equal(failedAt.length, 3)
  assert.ok(second - first >= 100 && third - second >= 200, `${second - first} and ${third - second} ms`)
})

for (const [word, wear] of [['by its runs', { ...DEFAULT_WEAR, runs: 1 }], ['by its age', { ...DEFAULT_WEAR, ageMs: 0 }]] as const) {
  test(`a runner that is worn ${word} is replaced once another is idle`, async (t) => {
    const { supervisor, acquire } = await startSupervisor(t, { wear })
    const [worn, other] = [await acquire(), await acquire()]

    other.release() // worn as well, but nobody else is idle
    worn.release()

    assert.equal((await worn.runner.exited).reason, 'The runner is worn')
    assert.equal((await acquire()).runner, other.runner)
    const { runner } = await acquire()
    assert.ok(supervisor.pids.includes(runner.pid ?? 0) && runner !== other.runner)
  })
}

test('a runner that is worn goes on while there is no other', async (t) => {
  const { acquire } = await startSupervisor(t, { spares: 0, wear: { ...DEFAULT_WEAR, runs: 1 } })
  const first = await acquire()

  first.release()

  assert.equal((await acquire()).runner, first.runner)
})

test('a runner that holds twice what it may is not lent again, though there is no other', async (t) => {
  const { acquire } = await startSupervisor(t, { spares: 0, wear: { ...DEFAULT_WEAR, rssMb: 1 } })
  const first = await acquire()

  first.release()

  assert.equal((await first.runner.exited).reason, 'The runner is worn')
  assert.notEqual((await acquire()).runner, first.runner)
})

test('there are as few runners as are needed, and more as more runs come, up to as many as lanes and spares need', async (t) => {
  const { supervisor, acquire } = await startSupervisor(t, { lanes: 3, spares: 1, pool: { least: 2 } })
  const counts = [supervisor.pids.length]
  for (let n = 0; n < 3; n++) {
    await acquire()
    counts.push(supervisor.pids.length)
  }

  assert.deepEqual(counts, [2, 2, 3, 4])
  const { least, most, busy, starting, idle, retiring } = supervisor.figures
  assert.deepEqual([least, most, busy, starting + idle, retiring], [2, 4, 3, 1, 0])
})

test('runners that nobody needed for a while are ended, down to the least', async (t) => {
  const { supervisor, acquire } = await startSupervisor(t, { lanes: 3, spares: 0, pool: { least: 1, idleMs: 50, checkMs: 10 } })
  const leases = await Promise.all([acquire(), acquire(), acquire()])
  const runners = leases.map(({ runner }) => runner)

  for (const lease of leases) lease.release()
  const ends = await Promise.all(runners.slice(0, 2).map(({ exited }) => exited))

  assert.deepEqual(ends.map(({ reason }) => reason), Array(2).fill('Nobody needed the runner'))
  await until('one is left', () => supervisor.figures.idle === 1 && supervisor.figures.retiring === 0)
  assert.equal((await acquire()).runner, runners[2])
})

test('a runner that is worn is replaced though nobody uses it', async (t) => {
  const { supervisor } = await startSupervisor(t, { lanes: 2, spares: 0, wear: { ...DEFAULT_WEAR, ageMs: 1 }, pool: { checkMs: 200 } })
  const before = supervisor.pids

  await until('another is there', () => supervisor.pids.length === 2 && supervisor.pids.some((pid) => !before.includes(pid)))
})

test('runners that are worn together are replaced one after another', async (t) => {
  const { supervisor } = await startSupervisor(t, { lanes: 4, spares: 0, wear: { ...DEFAULT_WEAR, ageMs: 1 }, pool: { checkMs: 10 } })
  await until('all are ready', () => supervisor.figures.starting === 0)
  const before = supervisor.pids
  let fewest = Infinity

  await until('each was replaced', () => {
    fewest = Math.min(fewest, supervisor.figures.idle)
    return !supervisor.pids.some((pid) => before.includes(pid))
  })

  assert.equal(fewest, 3)
})

test('where each runner is for one run, no two runs have the same, and a spare is ready for the next', async (t) => {
  const { supervisor, acquire } = await startSupervisor(t, { pool: { fresh: true } })
  const seen = new Set<number | undefined>()
  for (let n = 0; n < 3; n++) {
    const { runner, release } = await acquire()
    assert.equal(supervisor.figures.busy, 1)
    seen.add(runner.pid)
    release()
    assert.equal((await runner.exited).reason, 'The runner is worn')
  }

  assert.equal(seen.size, 3)
})
