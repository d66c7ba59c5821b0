import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { JobError } from '../../src/core/failures.ts'
import { openFolderStore } from '../../src/files/folder-store.ts'
import type { Upload } from '../../src/files/upload.ts'
import { blobPaths, openTestFiles, putFile, readContent, temporaryFolder } from '../helpers/files.ts'
import { acceptJob, beginJob, openSameStore, openStore, TENANT } from '../helpers/store.ts'

const KB = 1024
const MB = KB * KB
const NOTHING = { type: null, encoding: null }

/** Writes until it may no more; answers why, and how much was taken. */
async function writeUntilRefused (upload: Upload, chunkBytes: number): Promise<{ error: JobError, bytes: number }> {
  for (;;) {
    try {
      await upload.write(Buffer.alloc(chunkBytes, 'x'))
    } catch (error) {
      assert.ok(error instanceof JobError)
      return { error, bytes: upload.bytes }
    }
  }
}

test('uploads that are written at one time have no more together than the tenant may have', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db, { tenantBytes: MB })
  const others = openTestFiles(t, openSameStore(t, db, []), { location: files.location, tenantBytes: MB })
  const uploads = await Promise.all([files, others, files].map((each, index) => each.upload(TENANT, `file ${index}`, NOTHING)))

  const ends = await Promise.all(uploads.map((upload) => writeUntilRefused(upload, 10_000)))
  const apart = await putFile(files, 'a', 'x'.repeat(1000), { tenant: 'other' })
  const taken = ends.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const upload of uploads) await upload.discard()

  assert.ok(taken <= MB && taken > MB - 3 * 10_000, `${taken} bytes were taken`)
  assert.deepEqual(ends.map(({ error }) => error.code), ['RATE_LIMITED', 'RATE_LIMITED', 'RATE_LIMITED'])
  assert.match(String(ends[0]?.error), /the tenant has \d+ bytes in files of 1048576 that it may have \(BATCHBOX_TENANT_FILE_BYTES\)/)
  assert.equal(apart.bytes, 1000)
  assert.deepEqual([await db.redis.exists(db.keys.fileUsage(TENANT)), blobPaths(files.location).length], [0, 1])
})

test('what is said to be too large is refused before a byte of it is taken, and so is one file more than there may be', async (t) => {
  const files = openTestFiles(t, await openStore(t), { tenantBytes: MB, maxBytes: 2 * MB, tenantFiles: 2 })
  await putFile(files, 'a', 'a')
  await putFile(files, 'b', 'b')

  await assert.rejects(files.upload(TENANT, 'c', { ...NOTHING, bytes: 2 * MB + 1 }), { code: 'FILE_TOO_LARGE' })
  await assert.rejects(files.upload(TENANT, 'a', { ...NOTHING, bytes: MB }), { code: 'RATE_LIMITED', message: /BATCHBOX_TENANT_FILE_BYTES/ })
  await assert.rejects(files.upload(TENANT, 'c', NOTHING), { code: 'RATE_LIMITED', message: /2 files of 2 that it may have/ })
  const replaced = await putFile(files, 'a', 'aa')

  assert.equal(await readContent(files, replaced), 'aa')
})

test('a file has no more bytes than it may have, also after it was gone on with', async (t) => {
  const files = openTestFiles(t, await openStore(t), { maxBytes: 100 })
  const upload = await files.upload(TENANT, 'a', NOTHING)
  await upload.write(Buffer.alloc(60))
  await upload.leave()
  const more = await files.resume(TENANT, 'a', 60)

  await assert.rejects(more.write(Buffer.alloc(41)), { code: 'FILE_TOO_LARGE', message: /more than 100 bytes/ })
  await more.write(Buffer.alloc(40))

  assert.equal((await more.complete()).bytes, 100)
})

test('outputs of jobs count for the tenant, too', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db, { tenantBytes: 100_000 })
  const { run } = await beginJob(db, await acceptJob(db))
  const output = await files.output(run, { name: 'out', ...NOTHING })
  await output.write(Buffer.alloc(90_000))

  await assert.rejects(putFile(files, 'a', 'x'.repeat(20_000)), { code: 'RATE_LIMITED' })
  await assert.rejects(output.write(Buffer.alloc(20_000)), { code: 'RATE_LIMITED' })
  await output.close()

  assert.deepEqual(blobPaths(files.location), [])
})

/** Disks that have no room for more than a megabyte: by the bound of this process on files, and a file system of its own where we may mount one. */
const SMALL_DISKS: [how: string, use: (folder: string, act: () => Promise<void>) => Promise<void>][] = [
  ['EFBIG', async (_, act) => {
    limitFiles(String(MB))
    await act().finally(() => limitFiles('unlimited'))
  }],
]
if (process.getuid?.() === 0) {
  SMALL_DISKS.push(['ENOSPC', async (folder, act) => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${MB}`, 'tmpfs', folder])
    await act().finally(() => execFileSync('umount', ['-l', folder]))
  }])
}

function limitFiles (bytes: string): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`])
}

for (const [how, use] of SMALL_DISKS) {
  test(`a disk without room (${how}) is an error of its own; what was committed before it stays, and what is removed makes room`, async (t) => {
    const db = await openStore(t)
    const location = temporaryFolder(t)
    await use(location, async () => {
      const files = openTestFiles(t, db, { location })
      const upload = await files.upload(TENANT, 'big', NOTHING)
      await upload.write(Buffer.alloc(600_000, 'x'))
      await upload.save()

      const { error } = await writeUntilRefused(upload, 100_000)
      const stands = await upload.leave()
      const pending = await files.findUpload(TENANT, 'big')
      await files.remove(TENANT, 'big')
      await files.sweep('owed', 10)
      const small = await putFile(files, 'small', 'x')

      assert.equal(error.code, 'STORAGE_FULL')
      assert.match(error.message, new RegExp(`Cannot write to the store: there is no room left on its disk \\(${how}\\)`))
      assert.ok(stands >= 600_000)
      assert.equal(pending?.bytes, stands)
      assert.equal(small.bytes, 1)
      await files.close()
    })
  })
}

test('a blob that the disk did not keep once is never said to be durable', async (t) => {
  const folder = temporaryFolder(t)
  const store = await openFolderStore(folder)
  t.after(() => store.close())
  const writer = await store.create()
  await writer.write(Buffer.from('lost'))
  const handle = await open(folder)
  t.after(() => handle.close())
  const refuse = async () => { throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }) }
  t.mock.method(Object.getPrototypeOf(handle) as typeof handle, 'datasync', refuse, { times: 1 })

  await assert.rejects(writer.sync(), { code: 'UNAVAILABLE', message: /EIO/ })
  await assert.rejects(writer.sync(), { code: 'UNAVAILABLE', message: /EIO/ })
  await writer.close()
})

test('names of blobs meet a path only when they are names of blobs, and no link is followed', async (t) => {
  const folder = temporaryFolder(t)
  const outside = join(temporaryFolder(t), 'secret')
  writeFileSync(outside, 'secret')
  const store = await openFolderStore(folder)
  t.after(() => store.close())
  const blob = 'a'.repeat(32)
  symlinkSync(outside, join(folder, blob))
  const read = (name: string) => Array.fromAsync(store.read(name, 0, 6))

  for (const name of ['', '..', `../${blob}`, `${blob}/`, `${blob}\0`, blob.toUpperCase(), `${'a'.repeat(31)}/`, `..%2f${blob}`]) {
    await assert.rejects(read(name), RangeError, JSON.stringify(name))
    await assert.rejects(store.remove(name), RangeError)
  }
  await assert.rejects(read(blob), { code: 'UNAVAILABLE', message: /ELOOP/ })
  await store.remove(blob)

  assert.deepEqual(readdirSync(folder), [])
})

test('of blobs that nobody has, those are swept that are old, of this service alone, and a writer whose blob was swept commits nothing', async (t) => {
  const [db, other] = [await openStore(t), await openStore(t)]
  const location = temporaryFolder(t)
  const files = openTestFiles(t, db, { location, orphanMs: -1 })
  const neighbour = openTestFiles(t, other, { location })
  const upload = await neighbour.upload(TENANT, 'a', NOTHING)
  await upload.write(Buffer.from('neighbour'))
  const kept = await putFile(files, 'kept', 'kept')
  const lost = await files.upload(TENANT, 'lost', NOTHING)
  await lost.write(Buffer.from('lost'))

  const young = await neighbour.sweep('orphans', 10)
  const swept = await files.sweep('orphans', 10)
  await assert.rejects(lost.complete(), { code: 'UNAVAILABLE', message: /was removed meanwhile/ })
  await lost.leave()
  const theirs = await upload.complete()

  assert.deepEqual([young, swept], [0, 1])
  assert.equal(await readContent(neighbour, theirs), 'neighbour')
  assert.equal(await readContent(files, kept), 'kept')
})

test('a debt to the store outlives whoever was to pay it, and is paid once', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  await putFile(files, 'a', 'a')
  await files.remove(TENANT, 'a')
  const [path = ''] = blobPaths(files.location)
  unlinkSync(path) // and the debt was not struck

  const others = openTestFiles(t, openSameStore(t, db, []), { location: files.location })
  const paid = [await others.sweep('owed', 10), await files.sweep('owed', 10)]

  assert.deepEqual(paid, [1, 0])
})

test('a blob that the store does not remove is tried again later, and keeps no other one from being removed', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  await putFile(files, 'a', 'a')
  await files.remove(TENANT, 'a')
  await db.redis.zadd(db.keys.owedBlobs, 1, 'no name of a blob')

  await assert.rejects(files.sweep('owed', 10), /Cannot remove 1 blobs of the file store/)
  const next = await files.sweep('owed', 10)

  assert.deepEqual([next, blobPaths(files.location), await db.redis.zcard(db.keys.owedBlobs)], [0, [], 1])
})

test('a process with another folder than the others finds out before it reads or writes', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  await putFile(files, 'a', 'a')
  const elsewhere = openTestFiles(t, openSameStore(t, db, []))

  await assert.rejects(elsewhere.ready(), { code: 'UNAVAILABLE', message: /Processes of one service share one folder/ })
  await assert.rejects(elsewhere.find(TENANT, 'a'), { code: 'UNAVAILABLE' })
})
