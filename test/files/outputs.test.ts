import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobError } from '../../src/core/failures.ts'
import type { Files } from '../../src/files/files.ts'
import { OPERATOR } from '../../src/store/audit.ts'
import type { Db, Run } from '../../src/store/db.ts'
import { deleteJob } from '../../src/store/delete.ts'
import { loseRun } from '../../src/store/reap.ts'
import { giveBack } from '../../src/store/moves/give-back.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { replay } from '../../src/store/moves/replay.ts'
import { readRecord } from '../../src/store/read.ts'
import { newId } from '../../src/core/ids.ts'
import { blobPaths, openTestFiles, putFile, readContent } from '../helpers/files.ts'
import { acceptJob, allKeys, beginJob, openStore, RETENTION_MS, settlement, TENANT } from '../helpers/store.ts'

const AUDIT = { actor: OPERATOR, audit: { maxEntries: 100, maxAgeMs: 1000 } }

/** Writes an output in one piece; commits it. */
async function writeOutput (files: Files, run: Run, name: string, content: string, { isComplete = true, before = [] as { blob: string, bytes: number }[] } = {}) {
  const output = await files.output(run, { name, type: 'text/plain', encoding: null, before })
  await output.write(Buffer.from(content))
  const done = await output.sync(isComplete)
  await output.close()
  return { ...await files.commit(run, [done]), output: done }
}

async function endJob (db: Db, run: Run): Promise<void> {
  await settle(db, run, settlement())
}

/** Has everything in Redis be as it is now, another time. */
async function remember (db: Db): Promise<() => Promise<void>> {
  const names = await db.redis.keys(`${db.keys.prefix}:*`)
  const values = await Promise.all(names.map((name) => db.redis.dumpBuffer(name)))
  return async () => {
    await db.redis.del(await db.redis.keys(`${db.keys.prefix}:*`))
    await Promise.all(names.map((name, index) => db.redis.restore(name, 0, values[index] ?? '')))
  }
}

test('a run writes an output, another one goes on with it under the same id, and it goes with its job', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  const jobId = await acceptJob(db)
  const { run } = await beginJob(db, jobId)
  const first = await writeOutput(files, run, 'out', 'one ', { isComplete: false })
  const [partial] = await files.ofJob(jobId)
  const hidden = await files.find(TENANT, first.output.id)
  await giveBack(db, run, { retentionMs: RETENTION_MS })

  const { run: next } = await beginJob(db, jobId)
  const second = await writeOutput(files, next, 'out', 'two', { before: [...first.output.extents] })
  await endJob(db, next)
  const [whole] = await files.ofJob(jobId)
  const found = await files.find(TENANT, second.output.id)
  const removed = await files.remove(TENANT, second.output.id)
  await deleteJob(db, TENANT, jobId, AUDIT)
  await files.sweep('owed', 10)

  assert.deepEqual([partial?.status, partial?.bytes, partial?.jobId, hidden], ['partial', 4, jobId, undefined])
  assert.deepEqual([whole?.id, whole?.status, whole?.bytes], [partial?.id, 'complete', 7])
  assert.deepEqual(found, whole)
  assert.equal(removed, false)
  assert.deepEqual(blobPaths(files.location), [])
  assert.deepEqual((await allKeys(db)).filter((name) => /file|blob/.test(name)), ['file-store'])
})

test('a run that begins anew replaces what was committed, and what that was is removed', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  const { run } = await beginJob(db, await acceptJob(db))
  await writeOutput(files, run, 'out', 'former', { isComplete: false })

  await writeOutput(files, run, 'out', 'new')
  await files.sweep('owed', 10)

  const [file] = await files.ofJob(run.jobId)
  assert.equal(await readContent(files, file), 'new')
  assert.equal(blobPaths(files.location).length, 1)
  assert.deepEqual(await db.redis.hgetall(db.keys.fileUsage(TENANT)), { bytes: '3', files: '1' })
})

test('a Redis that lost its last writes has the blobs of the files that are there again', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db, { restMs: 60_000 })
  await putFile(files, 'data', 'former')
  const { run } = await beginJob(db, await acceptJob(db))
  await writeOutput(files, run, 'out', 'committed', { isComplete: false })
  const goBack = await remember(db)

  await putFile(files, 'data', 'later')
  await writeOutput(files, run, 'out', 'lost', { isComplete: false })
  await files.sweep('owed', 10)
  await goBack()

  const [output] = await files.ofJob(run.jobId)
  assert.deepEqual([await readContent(files, await files.find(TENANT, 'data')), await readContent(files, output)], ['former', 'committed'])
})

test('a run that has lost its job spoils nothing, and what it wrote is swept when it is old', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db, { orphanMs: -1 })
  const jobId = await acceptJob(db, { retry: { maxLost: 3 } })
  const { run } = await beginJob(db, jobId)
  const zombie = await files.output(run, { name: 'out', type: null, encoding: null })
  await zombie.write(Buffer.from('zombie'))
  const late = await zombie.sync()
  await loseRun(db, run, { graceMs: -100_000, retentionMs: RETENTION_MS })
  const { run: next } = await beginJob(db, jobId)
  await writeOutput(files, next, 'out', 'right')

  const fenced = await files.commit(run, [late])
  await assert.rejects(zombie.write(Buffer.alloc(1_000_000)), { code: 'UNAVAILABLE', message: /has lost its job/ })
  await zombie.close()
  const before = blobPaths(files.location).length
  const swept = await files.sweep('orphans', 10)

  const [file] = await files.ofJob(jobId)
  assert.deepEqual(fenced, { type: 'fenced' })
  assert.equal(await readContent(files, file), 'right')
  assert.deepEqual([before, swept, blobPaths(files.location).length], [2, 1, 1])
})

test('outputs are joined without a copy: their blobs stay as long as one file has them', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  const parts = await Promise.all(['a', 'b', 'c'].map(async (content) => {
    const { run } = await beginJob(db, await acceptJob(db))
    const { output } = await writeOutput(files, run, 'part', content)
    await endJob(db, run)
    return { jobId: run.jobId, output }
  }))
  const { run } = await beginJob(db, await acceptJob(db))
  const joined = { id: newId('file'), name: 'whole', type: null, encoding: null, extents: parts.flatMap(({ output }) => output.extents), isComplete: true }
  await files.commit(run, [joined])
  for (const { jobId } of parts) await deleteJob(db, TENANT, jobId, AUDIT)
  await files.sweep('owed', 10)

  const whole = await readContent(files, await files.find(TENANT, joined.id), { start: 0, end: 3 })
  const middle = await readContent(files, await files.find(TENANT, joined.id), { start: 1, end: 2 })
  await endJob(db, run)
  await deleteJob(db, TENANT, run.jobId, AUDIT)
  const late = await files.commit((await beginJob(db, await acceptJob(db))).run, [joined]).catch((error: JobError) => error.code)
  await files.sweep('owed', 10)

  assert.deepEqual([whole, middle], ['abc', 'b'])
  assert.equal(late, 'FILE_GONE')
  assert.deepEqual(blobPaths(files.location), [])
})

test('a job that was posted with a file keeps it until it ends, whether it was replaced, removed or both', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  const former = await putFile(files, 'in', 'former')
  const jobs = await Promise.all([1, 2].map(() => acceptJob(db, { input: { $file: former.id } })))
  await putFile(files, 'in', 'newer')
  await files.remove(TENANT, 'in')
  await files.sweep('owed', 10)
  const byName = await files.find(TENANT, 'in')
  const byId = await files.find(TENANT, former.id)
  const held = await files.find(TENANT, former.id, { dropped: true })
  const listed = await files.list(TENANT, { limit: 10 })
  const content = await readContent(files, held)

  for (const jobId of jobs) {
    assert.ok(await files.find(TENANT, former.id, { dropped: true }))
    await endJob(db, (await beginJob(db, jobId)).run)
  }
  await files.sweep('owed', 10)

  assert.deepEqual([byName, byId, listed.files], [undefined, undefined, []])
  assert.equal(content, 'former')
  assert.equal(await files.find(TENANT, former.id, { dropped: true }), undefined)
  assert.deepEqual(blobPaths(files.location), [])
})

test('a job holds a file also while it is made again of one that ended, and lets go of it when it is removed', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  const file = await putFile(files, 'in', 'x')
  const source = await acceptJob(db, { input: { $file: file.id } })
  await endJob(db, (await beginJob(db, source)).run)
  const spec = (await readRecord(db, source))?.spec
  assert.ok(spec)
  const id = newId('job')
  await replay(db, { id, tenant: TENANT, source, spec, again: false, traceparent: null })

  await files.remove(TENANT, 'in')
  const held = await files.find(TENANT, file.id, { dropped: true })
  await endJob(db, (await beginJob(db, id)).run)
  await deleteJob(db, TENANT, id, AUDIT)

  assert.equal(held?.isDropped, true)
  assert.equal(await files.find(TENANT, file.id, { dropped: true }), undefined)
})

test('the output of a job stays for another one that was posted with it, after its own job is gone', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  const { run } = await beginJob(db, await acceptJob(db))
  const { output } = await writeOutput(files, run, 'out', 'content')
  await endJob(db, run)
  const reader = await acceptJob(db, { input: { $file: output.id } })

  await deleteJob(db, TENANT, run.jobId, AUDIT)
  await files.sweep('owed', 10)
  const content = await readContent(files, await files.find(TENANT, output.id, { dropped: true }))
  await endJob(db, (await beginJob(db, reader)).run)
  await files.sweep('owed', 10)

  assert.equal(content, 'content')
  assert.deepEqual(blobPaths(files.location), [])
})
