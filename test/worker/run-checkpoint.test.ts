import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDurability } from '../../src/store/durability.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { readCheckpoint } from '../../src/store/moves/checkpoint.ts'
import { createRunCheckpoint } from '../../src/worker/run-checkpoint.ts'
import { acceptJob, beginJob, RETENTION_MS, TENANT } from '../helpers/store.ts'
import { eventsOf, openBench, typesOf } from '../helpers/worker.ts'

test('saves of a run are made one after another, in the order they were asked for', async (t) => {
  const bench = await openBench(t)
  const id = await acceptJob(bench.db)
  const running = bench.run(id)
  const run = await bench.engine.next()
  const large = JSON.stringify(Array.from({ length: 40_000 }, Math.random)) // compressed in another thread

  await Promise.all([large, '1', large, '2'].map((json) => run.hooks.checkpoint?.save(json)))

  assert.partialDeepStrictEqual(await readCheckpoint(bench.db, id), { number: 4, json: '2' })
  assert.equal(await run.hooks.checkpoint?.load(), '2')
  run.end({ type: 'succeeded' })
  await running
  assert.deepEqual(await typesOf(bench.db, id), ['job.queued', 'job.started', ...Array<string>(4).fill('job.checkpoint'), 'job.succeeded'])
})

test('what a run logged before a save stands before it in the history, however many saves there are', async (t) => {
  const bench = await openBench(t)
  const id = await acceptJob(bench.db)
  const running = bench.run(id)
  const { hooks, end } = await bench.engine.next()

  for (let number = 1; number <= 20; number++) {
    void hooks.onLogs(Array.from({ length: number }, () => ({ time: Date.now(), level: 'log', message: String(number) })))
    void hooks.onLogs([{ time: Date.now(), level: 'log', message: String(number) }])
    await hooks.checkpoint?.save(String(number))
  }
  end({ type: 'succeeded' })
  await running

  const told = (await eventsOf(bench.db, id)).filter(({ type }) => type === 'job.log' || type === 'job.checkpoint').map(({ payload }) => Number(payload['message'] ?? payload['number']))
  assert.deepEqual(told, told.toSorted((a, b) => a - b))
})

test('a run that saves more than 8 MB at once waits, and one that lost its job does not', async (t) => {
  const bench = await openBench(t)
  const id = await acceptJob(bench.db)
  const running = bench.run(id)
  const run = await bench.engine.next()
  const megabyte = `"${'x'.repeat(1_048_574)}"`
  const save = async (times: number) => {
    const begun = performance.now()
    await Promise.all(Array.from({ length: times }, () => run.hooks.checkpoint?.save(megabyte)))
    return performance.now() - begun
  }

  const paced = await save(10)
  await beginJob(bench.db, id)
  const refused = await Promise.all(Array.from({ length: 60 }, () => run.hooks.checkpoint?.save(megabyte)))

  assert.ok(paced >= 1000, `${paced} ms`) // the tenth, at least, had to wait for a second
  assert.deepEqual([...new Set(refused)], ['refused'])
  run.end({ type: 'cancelled' })
  await running
})

test('a run that lost its job saves nothing, and is told to stop', async (t) => {
  const bench = await openBench(t)
  const id = await acceptJob(bench.db)
  const running = bench.run(id)
  const run = await bench.engine.next()
  await beginJob(bench.db, id) // its message came to another worker

  const saved = await run.hooks.checkpoint?.save('"late"')
  await run.stopped

  assert.equal(saved, 'refused')
  assert.equal(await readCheckpoint(bench.db, id), undefined)
  run.end({ type: 'cancelled' })
  assert.deepEqual(await running, { type: 'back' })
})

test('a run that was cancelled hears of it by its next save', async (t) => {
  const bench = await openBench(t)
  const id = await acceptJob(bench.db)
  const running = bench.run(id)
  const run = await bench.engine.next()
  await cancel(bench.db, TENANT, id, RETENTION_MS)

  await run.hooks.checkpoint?.save('1')
  await run.stopped

  run.end({ type: 'cancelled' })
  await running
  assert.equal((await typesOf(bench.db, id)).at(-1), 'job.cancelled')
})

test('a save that replicas do not have in time is not confirmed, and one that they need not have is', async (t) => {
  const bench = await openBench(t)
  const durability = createDurability(bench.db, { replicas: 1, fsync: false, timeoutMs: 20, onError: (error) => t.diagnostic(error.message) })
  t.after(() => durability.close())
  const id = await acceptJob(bench.db)
  const { run } = await beginJob(bench.db, id)
  const own = { run, active: { stop () {} }, writer: { written: () => Promise.resolve() } }

  const unsafe = await createRunCheckpoint(bench.db, { ...own, durability }).save('1')
  const safe = await createRunCheckpoint(bench.db, { ...own, durability: createDurability(bench.db, { replicas: 0, fsync: false, timeoutMs: 20, onError () {} }) }).save('2')

  assert.deepEqual([unsafe, safe], ['unconfirmed', 'kept'])
})
