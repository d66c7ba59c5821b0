import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { LogEntry } from '../../src/engine/engine.ts'
import type { Db, Run } from '../../src/store/db.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { readJob } from '../../src/store/read.ts'
import { EventWriter, logEvent } from '../../src/worker/event-writer.ts'
import { acceptJob, beginJob, openStore, RETENTION_MS, TENANT } from '../helpers/store.ts'
import { eventsOf } from '../helpers/worker.ts'

async function openWriter (t: TestContext) {
  const db = await openStore(t)
  const jobId = await acceptJob(db)
  const { run } = await beginJob(db, jobId)
  const seen = { fenced: 0, cancelled: 0, errors: [] as unknown[] }
  const writer = new EventWriter(db, run, {
    fenced: () => { seen.fenced += 1 },
    cancelled: () => { seen.cancelled += 1 },
    error: (error) => seen.errors.push(error),
  })
  return { db, jobId, run, writer, seen }
}

function line (message: string): LogEntry {
  return { time: 1, level: 'log', message }
}

/** The messages of a job's log, in order. */
async function messagesOf (db: Db, jobId: string): Promise<unknown[]> {
  return (await eventsOf(db, jobId)).filter(({ type }) => type === 'job.log').map(({ payload }) => payload['message'])
}

async function waitForMessages (db: Db, jobId: string, count: number): Promise<void> {
  for (let polls = 0; polls < 1000; polls++) if ((await messagesOf(db, jobId)).length >= count) return
  assert.fail(`Cannot find ${count} messages: there are ${(await messagesOf(db, jobId)).length}`)
}

type ScriptClient = Record<'evalshaBuffer', (...args: unknown[]) => Promise<unknown>>

/** The call that every move makes. */
function evalOf (db: Db): ScriptClient {
  return db.redis as unknown as ScriptClient // ioredis makes it for every command
}

/** Counts the writes of a store, and the most that were under way at one time. */
function countWrites (db: Db): { writes: number, most: number } {
  const counted = { writes: 0, most: 0 }
  let underWay = 0
  const client = evalOf(db)
  const original = client.evalshaBuffer.bind(db.redis)
  client.evalshaBuffer = async (...args) => {
    counted.writes += 1
    underWay += 1
    counted.most = Math.max(counted.most, underWay)
    return original(...args).finally(() => { underWay -= 1 })
  }
  return counted
}

test('lines are appended in order, one write at a time, and what comes during a write goes with the next', async (t) => {
  const { db, jobId, writer } = await openWriter(t)
  const counted = countWrites(db)
  const messages = Array.from({ length: 600 }, (_, i) => `line ${i}`)

  await messages.map((message) => writer.addLogs([line(message)])).at(-1)

  assert.deepEqual(await messagesOf(db, jobId), messages)
  assert.deepEqual(counted, { writes: 2, most: 1 })
})

test('finishing answers what was not written yet, after what the run brought last', async (t) => {
  const { db, jobId, writer } = await openWriter(t)

  void writer.addLogs([line('a')])
  void writer.addLogs([line('b')])
  const rest = await writer.finish([logEvent(line('c'))])

  assert.deepEqual(await messagesOf(db, jobId), ['a'])
  assert.deepEqual(rest.map(({ payload }) => payload['message']), ['b', 'c'])
})

test('a long rest is written in several goes before the settlement takes the end of it', async (t) => {
  const { db, jobId, writer } = await openWriter(t)
  const messages = Array.from({ length: 50_000 }, (_, i) => `${i}`)

  void writer.addLogs(messages.slice(0, 30_000).map(line))
  const rest = await writer.finish(messages.slice(30_000).map((message) => logEvent(line(message))))

  const written = await messagesOf(db, jobId)
  assert.ok(rest.length <= 1000, `${rest.length} events are left`)
  assert.deepEqual([...written, ...rest.map(({ payload }) => payload['message'])], messages)
})

test('a runner that is ahead of Redis waits until its lines are written', async (t) => {
  const { db, jobId, writer } = await openWriter(t)
  void writer.addLogs([line('first')])

  const room = writer.addLogs(Array.from({ length: 501 }, () => line('x')))
  assert.ok(room instanceof Promise)
  await room

  assert.equal((await messagesOf(db, jobId)).length, 502)
  assert.equal(writer.addLogs([line('last')]), undefined)
  await writer.finish([])
})

test('a line that comes in the moment in which a write ends is written without another to push it', async (t) => {
  const { db, jobId, writer } = await openWriter(t)
  const client = evalOf(db)
  const original = client.evalshaBuffer.bind(db.redis)
  let turns: number | undefined
  client.evalshaBuffer = async (...args) => {
    const answer = await original(...args)
    if (turns !== undefined) void addAfter(turns)
    turns = undefined
    return answer
  }
  const addAfter = async (count: number) => {
    for (let i = 0; i < count; i++) await Promise.resolve()
    void writer.addLogs([line('second')])
  }

  // The moment is some turns of the microtask queue wide, so each of them is tried.
  for (let tried = 0; tried < 30; tried++) {
    turns = tried
    void writer.addLogs([line('first')])
    await waitForMessages(db, jobId, 2 * (tried + 1))
  }
})

test('progress is in the job and in its history, the newest value also when it came last', async (t) => {
  const { db, jobId, writer } = await openWriter(t)

  for (let i = 1; i <= 50; i++) writer.setProgress(i / 50, `step ${i}`)
  const rest = await writer.finish([])

  assert.deepEqual((await readJob(db, TENANT, jobId))?.progress, { value: 1, message: 'step 50' })
  const written = (await eventsOf(db, jobId)).filter(({ type }) => type === 'job.progress')
  assert.deepEqual([...written, ...rest].map(({ payload }) => payload['message']), Array.from({ length: 50 }, (_, i) => `step ${i + 1}`))
})

test('a history keeps ten thousand values of progress of a run, the job keeps the newest', async (t) => {
  const { db, jobId, writer } = await openWriter(t)

  for (let i = 1; i <= 10_500; i++) writer.setProgress(i, '')
  const rest = await writer.finish([])

  const written = (await eventsOf(db, jobId)).filter(({ type }) => type === 'job.progress')
  assert.equal(written.length + rest.length, 10_000)
  assert.equal((await readJob(db, TENANT, jobId))?.progress?.value, 10_500)
})

test('a run that lost its job is told once, and writes nothing from then on', async (t) => {
  const { db, jobId, writer, seen } = await openWriter(t)
  const other: Run = (await beginJob(db, jobId)).run
  assert.equal(other.fence, 2)

  void writer.addLogs([line('late')])
  assert.deepEqual(await writer.finish([]), [])
  void writer.addLogs([line('later')])
  writer.setProgress(1, 'later')
  await writer.finish([])

  assert.deepEqual(seen, { fenced: 1, cancelled: 0, errors: [] })
  assert.deepEqual(await messagesOf(db, jobId), [])
  assert.equal((await readJob(db, TENANT, jobId))?.progress, null)
})

test('a run whose end was asked for hears of it with its next line, which is kept', async (t) => {
  const { db, jobId, writer, seen } = await openWriter(t)
  await cancel(db, TENANT, jobId, RETENTION_MS)

  void writer.addLogs([line('still here')])
  await writer.finish([])

  assert.deepEqual(seen, { fenced: 0, cancelled: 1, errors: [] })
  assert.deepEqual(await messagesOf(db, jobId), ['still here'])
})

test('a write that Redis refuses is reported and ends the run', async (t) => {
  const { db, jobId, writer, seen } = await openWriter(t)
  await db.redis.set(db.keys.events(jobId), 'no stream')

  void writer.addLogs([line('a')])
  await writer.finish([])

  assert.equal(seen.fenced, 1)
  assert.match(String(seen.errors[0]), /WRONGTYPE/)
})
