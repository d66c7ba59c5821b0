import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunOutput } from '../../../src/core/file.ts'
import { newId } from '../../../src/core/ids.ts'
import { archive } from '../../../src/store/archive.ts'
import type { Db } from '../../../src/store/db.ts'
import { cancel } from '../../../src/store/moves/cancel.ts'
import { readCheckpoint, saveCheckpoint } from '../../../src/store/moves/checkpoint.ts'
import { giveBack } from '../../../src/store/moves/give-back.ts'
import { settle } from '../../../src/store/moves/settle.ts'
import { readEvents, readRecord } from '../../../src/store/read.ts'
import { openDb } from '../../../src/store/db.ts'
import { readJobFiles } from '../../../src/store/files/read.ts'
import { removeExpired } from '../../../src/store/reap.ts'
import { reconcile } from '../../../src/store/reconcile/reconcile.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { answerLoading } from '../../helpers/redis-trouble.ts'
import { lastInFirstOut } from '../../helpers/scope.ts'
import { acceptJob, allKeys, beginJob, openStore, RETENTION_MS, settlement, TENANT } from '../../helpers/store.ts'
import { until } from '../../helpers/until.ts'

const LOADING_MS = 1000

/** Bytes that its tenant has stored. */
async function storedBytes (db: Db): Promise<number> {
  return Number(await db.redis.hget(db.keys.usage(TENANT), 'bytes') ?? 0)
}

test('the state saved last is read, with the number of the save over all runs, and each save is an event', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const first = await beginJob(db, id)

  const saved = [await saveCheckpoint(db, first.run, { save: 1, json: '{"at":1}' }), await saveCheckpoint(db, first.run, { save: 2, json: '{"at":22}' })]
  await giveBack(db, first.run, { retentionMs: RETENTION_MS })
  const between = await readCheckpoint(db, id)
  const second = await beginJob(db, id)
  const last = await saveCheckpoint(db, second.run, { save: 1, json: '"ü\\ud800"' })

  assert.deepEqual([...saved, last], [1, 2, 3].map((number) => ({ type: 'kept', number, cancelled: false })))
  assert.partialDeepStrictEqual(between, { number: 2, run: 1, attempt: 1, bytes: 9, json: '{"at":22}' })
  assert.partialDeepStrictEqual(await readCheckpoint(db, id), { number: 3, run: 2, attempt: 1, bytes: 10, json: '"ü\\ud800"' })
  const events = await readEvents(db, id, { after: 0, limit: 100 })
  assert.deepEqual(events.filter(({ type }) => type === 'job.checkpoint').map(({ sequence, payload }) => [sequence, payload]), [
    [3, { number: 1, run: 1, bytes: 8 }], [4, { number: 2, run: 1, bytes: 9 }], [7, { number: 3, run: 2, bytes: 10 }],
  ])
})

const WORK = { position: { records: 3, bytes: 30 }, figures: { records: { read: 3, written: 2, rejected: 1 }, bytes: { read: 30, written: 20 } }, writer: { records: 2 } }
const output = (id: string, bytes: number): RunOutput => ({ id, name: 'out', type: 'text/plain', encoding: null, extents: [{ blob: 'ab', bytes }], isComplete: false })

test('the work of a transform is kept with its state and its files, all at once and once', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  const fileId = newId('file')
  const json = '{"nested":"\\n"}'

  await saveCheckpoint(db, run, { save: 1, json, work: WORK, outputs: [output(fileId, 20)] })
  await saveCheckpoint(db, run, { save: 1, json, work: WORK, outputs: [output(fileId, 99)] })
  const late = await saveCheckpoint(db, { ...run, holder: 'another' }, { save: 2, json, outputs: [output(fileId, 50)] })

  assert.equal(late.type, 'fenced')
  assert.partialDeepStrictEqual(await readCheckpoint(db, id), { number: 1, bytes: json.length, json, work: WORK })
  assert.deepEqual((await readJobFiles(db, id)).map(({ id, status, bytes }) => ({ id, status, bytes })), [{ id: fileId, status: 'partial', bytes: 20 }])
  const told = (await readEvents(db, id, { after: 2, limit: 10 })).map(({ payload }) => payload)
  assert.deepEqual(told, [{ number: 1, run: 1, bytes: json.length, transform: WORK.figures }])
})

test('a commit that is further has deaths be counted anew, and one that is not told of is no event', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  await beginJob(db, id)
  const { run } = await beginJob(db, id) // redelivered
  const lost = async () => (await readRecord(db, id))?.lost

  await saveCheckpoint(db, run, { save: 1, json: 'null', work: WORK, isTold: false })
  const before = await lost()
  await saveCheckpoint(db, run, { save: 2, json: 'null', work: WORK, isFurther: true, isTold: false })

  assert.deepEqual([before, await lost()], [1, 0])
  assert.ok((await readEvents(db, id, { after: 0, limit: 10 })).every(({ type }) => type !== 'job.checkpoint'))
})

test('the files of a job are whole with its success, and not before', async (t) => {
  const db = await openStore(t)
  const [id, other] = [await acceptJob(db), await acceptJob(db, { retry: { attempts: 2 } })]
  const [{ run }, { run: retried }] = [await beginJob(db, id), await beginJob(db, other)]
  const outputs = [{ ...output(newId('file'), 20), isComplete: true }]

  await settle(db, run, settlement({ outputs, events: [{ type: 'job.log', time: 1, payload: { level: 'info', message: 'last' } }] }))
  await settle(db, retried, settlement({ outputs, status: 'failed', next: { attempt: 2, delayMs: 0 }, result: '' }))

  assert.deepEqual((await readJobFiles(db, id)).map(({ status, bytes }) => ({ status, bytes })), [{ status: 'complete', bytes: 20 }])
  assert.deepEqual(await readJobFiles(db, other), [])
  assert.deepEqual((await readEvents(db, id, { after: 2, limit: 10 })).map(({ type }) => type), ['job.log', 'job.succeeded'])
})

test('a job that saved nothing has no checkpoint', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  await beginJob(db, id)

  assert.equal(await readCheckpoint(db, id), undefined)
})

test('a run that lost its job, and one of a job that ended, save nothing', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const lost = (await beginJob(db, id)).run
  const { run } = await beginJob(db, id) // redelivered
  await saveCheckpoint(db, run, { save: 1, json: '1' })

  const late = await saveCheckpoint(db, lost, { save: 1, json: '"late"' })
  const forged = await saveCheckpoint(db, { ...run, holder: 'another' }, { save: 2, json: '"forged"' })
  await settle(db, run, settlement())
  const after = await saveCheckpoint(db, run, { save: 2, json: '"after"' })

  assert.deepEqual([late, forged, after].map(({ type }) => type), ['fenced', 'fenced', 'fenced'])
  assert.equal((await readCheckpoint(db, id))?.json, '1')
})

test('a save that is sent again because its answer was lost is written once', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  const save = (number: number) => saveCheckpoint(db, run, { save: number, json: String(number) })

  const numbers = [await save(1), await save(1), await save(2), await save(2)].map((saved) => saved.type === 'kept' && saved.number)

  assert.deepEqual(numbers, [1, 1, 2, 2])
  assert.equal((await readEvents(db, id, { after: 2, limit: 10 })).length, 2)
})

test('a save tells that somebody asked for the end', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  await cancel(db, TENANT, id, RETENTION_MS)

  assert.deepEqual(await saveCheckpoint(db, run, { save: 1, json: '1' }), { type: 'kept', number: 1, cancelled: true })
})

test('what is saved counts once towards the bytes of its tenant, and goes with its job', async (t) => {
  const db = await openStore(t)
  const before = await allKeys(db)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  const accepted = await storedBytes(db)

  await saveCheckpoint(db, run, { save: 1, json: JSON.stringify(Array.from({ length: 2000 }, Math.random)) })
  const large = await storedBytes(db)
  await saveCheckpoint(db, run, { save: 2, json: '1' })
  const small = await storedBytes(db)
  await settle(db, run, settlement({ retentionMs: 0 }))
  await archive(db, id)
  const archived = await readCheckpoint(db, id)
  await removeExpired(db, 10)

  assert.ok(large > accepted + 1000, `${accepted}, ${large}`)
  assert.equal(small, accepted + 2) // with the byte of its format
  assert.equal(archived?.json, '1')
  assert.equal(await storedBytes(db), 0)
  assert.deepEqual((await allKeys(db)).filter((name) => !name.startsWith('gone:')), before)
})

test('a checkpoint of a job that is gone is removed by the pass over everything, others are left', async (t) => {
  const db = await openStore(t)
  const id = await acceptJob(db)
  await saveCheckpoint(db, (await beginJob(db, id)).run, { save: 1, json: '1' })
  await db.redis.hset(db.keys.checkpoint('job_gone'), 'state', 'x')

  let repairs = 0
  for await (const count of reconcile(db, { onError: (error) => { throw error } })) repairs += count

  assert.equal(repairs, 1)
  assert.equal((await readCheckpoint(db, id))?.json, '1')
})

test('a state that is asked for while Redis loads its data is answered once it has', async (t) => {
  const scope = lastInFirstOut(t)
  const server = await startRedisServer(scope)
  const db = openDb({ url: `redis://127.0.0.1:${server.port}`, failFast: false, onError () {} })
  scope.after(() => db.close())
  const { run } = await beginJob(db, await acceptJob(db))
  await saveCheckpoint(db, run, { save: 1, json: '7' })
  await db.redis.mset(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`filler${i}`, 'x'.repeat(2000)]))) // it answers between one and the next

  const loading = answerLoading(server, LOADING_MS)
  await until('it answers LOADING', () => db.redis.get('x').then(() => false, (error: Error) => error.message.startsWith('LOADING')))

  assert.equal((await readCheckpoint(db, run.jobId))?.json, '7')
  await loading
})
