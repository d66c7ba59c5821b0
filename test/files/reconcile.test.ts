import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import type { Db } from '../../src/store/db.ts'
import { reconcile } from '../../src/store/reconcile/reconcile.ts'
import { blobPaths, openTestFiles, putFile, readContent } from '../helpers/files.ts'
import { dumpLines } from '../helpers/dump.ts'
import { acceptJob, beginJob, openStore, TENANT } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'

async function pass (db: Db): Promise<number> {
  const repairs = await Array.fromAsync(reconcile(db, { onError: (error) => { throw error } }))
  return repairs.reduce((sum, count) => sum + count, 0)
}

/** Lines of a dump that tell of no time and no debt. */
function isLasting (line: string): boolean {
  return !/reconciled|files-expiring|owed:blobs| used = /.test(line)
}

/** A file of its own, one that was replaced and is held, an upload under way, and an output. */
async function fillStore (t: Parameters<typeof openStore>[0], db: Db) {
  const files = openTestFiles(t, db)
  const held = await putFile(files, 'name', 'former')
  const jobId = await acceptJob(db, { input: { $file: held.id } })
  const own = await putFile(files, 'name', 'newer')
  const upload = await files.upload(TENANT, 'upload', { type: null, encoding: null })
  await upload.write(Buffer.from('begun'))
  await upload.leave()
  const { run } = await beginJob(db, await acceptJob(db))
  const output = await files.output(run, { name: 'output', type: null, encoding: null })
  await output.write(Buffer.from('out'))
  await files.commit(run, [await output.sync()])
  await output.close()
  return { files, held, own, upload, output, jobId, run }
}

test('a pass over everything leaves files of every kind as they are', async (t) => {
  const db = await openStore(t)
  const { files } = await fillStore(t, db)
  const before = await dumpLines(db)

  const repairs = [await pass(db), await pass(db)]

  assert.deepEqual(repairs, [0, 0])
  assert.deepEqual((await dumpLines(db)).filter(isLasting), before.filter(isLasting))
  assert.equal(await files.sweep('orphans', 10), 0)
})

test('a pass puts files back where they are missing, and removes those that belong to nobody', async (t) => {
  const db = await openStore(t)
  const { redis, keys } = db
  const { files, held, own, upload, output, jobId, run } = await fillStore(t, db)
  const before = await dumpLines(db)
  const ghost = newId('file')
  await Promise.all([
    redis.zrem(keys.files(TENANT), own.id),
    redis.zrem(keys.filesExpiring, own.id),
    redis.hdel(keys.fileNames(TENANT), 'name'),
    redis.hdel(keys.fileUploads(TENANT), 'upload'),
    redis.hdel(keys.jobFiles(run.jobId), 'output'),
    redis.del(...own.extents.map(({ blob }) => keys.blob(blob))),
    redis.zadd(keys.files(TENANT), 1, ghost),
    redis.zadd(keys.filesExpiring, 9e12, ghost),
    redis.hset(keys.fileNames(TENANT), 'ghost', ghost),
    redis.sadd(keys.fileHolds(ghost), jobId),
    redis.sadd(keys.fileHolds(own.id), newId('job')),
    redis.sadd(keys.blob('a'.repeat(32)), ghost),
  ])

  await pass(db)
  const repaired = await dumpLines(db)
  await redis.del(keys.job(jobId), keys.job(run.jobId)) // and nobody is told
  await pass(db)
  await pass(db)
  await files.sweep('owed', 10)

  assert.deepEqual(repaired.filter(isLasting), before.filter(isLasting))
  assert.ok(repaired.some((line) => line.startsWith('owed:blobs') && line.includes('a'.repeat(32))))
  assert.deepEqual(await Promise.all([own, upload, held, output].map(({ id }) => redis.exists(keys.file(id)))), [1, 1, 0, 0])
  assert.equal(blobPaths(files.location).length, 2)
})

test('a process that is killed in the middle of an upload costs its client only what was not committed', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  await files.ready()
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'fixtures', 'upload-until-killed.ts'), db.url, db.keys.prefix, files.location], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [saved] = await once(child.stdout, 'data') as [Buffer]
  child.kill('SIGKILL')
  await once(child, 'close')
  const pending = await files.findUpload(TENANT, 'big')
  const stands = pending?.bytes ?? 0

  const upload = await files.resume(TENANT, 'big', stands)
  await upload.write(Buffer.from('end'))
  const whole = Buffer.concat([Buffer.alloc(stands, 'x'), Buffer.from('end')])
  const file = await upload.complete({ sha256: createHash('sha256').update(whole).digest('hex') })

  assert.ok(stands >= Number(saved.toString().split('\n')[0]))
  assert.equal(await readContent(files, file), whole.toString())
  await until('its job is done', async () => await files.sweep('owed', 10) === 0)
})
