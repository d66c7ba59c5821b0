import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { statSync, truncateSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { expireFiles } from '../../src/store/files/remove.ts'
import { until } from '../helpers/until.ts'
import { blobPaths, openTestFiles, putFile, readContent } from '../helpers/files.ts'
import { allKeys, openSameStore, openStore, TENANT } from '../helpers/store.ts'

test('a file is uploaded, found by its name and its id, read as a whole and in parts, and removed with everything that was stored', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  const upload = await files.upload(TENANT, 'größe.txt', { type: 'text/plain', encoding: 'gzip', bytes: 11 })
  await upload.write(Buffer.from('hello '))
  const early = await files.find(TENANT, 'größe.txt')
  await upload.write(Buffer.from('world'))
  const file = await upload.complete({ bytes: 11, sha256: createHash('sha256').update('hello world').digest('hex') })
  const found = await Promise.all(['größe.txt', file.id].map((name) => files.find(TENANT, name)))
  const others = await Promise.all(['größe.txt', file.id].map((name) => files.find('other', name)))
  const parts = [await readContent(files, file), await readContent(files, file, { start: 6 }), await readContent(files, file, { start: 3, end: 7 }), await readContent(files, file, { start: 11 })]
  const [path = ''] = blobPaths(files.location)
  const modes = [path, dirname(path)].map((each) => statSync(each).mode & 0o777)
  const removed = [await files.remove(TENANT, 'größe.txt'), await files.remove(TENANT, 'größe.txt')]
  const owed = await db.redis.zcard(db.keys.owedBlobs)
  await files.sweep('owed', 10)

  assert.equal(early, undefined)
  assert.deepEqual(found, [file, file])
  assert.deepEqual(others, [undefined, undefined])
  assert.deepEqual([file.name, file.bytes, file.type, file.encoding, file.status, file.jobId], ['größe.txt', 11, 'text/plain', 'gzip', 'complete', null])
  assert.deepEqual(parts, ['hello world', 'world', 'lo w', ''])
  assert.deepEqual(modes, [0o600, 0o700])
  assert.deepEqual(removed, [true, false])
  assert.equal(owed, 1)
  assert.deepEqual(blobPaths(files.location), [])
  assert.deepEqual(await allKeys(db), ['file-store'])
})

test('an empty file is a file', async (t) => {
  const files = openTestFiles(t, await openStore(t))

  const file = await putFile(files, 'empty', '')

  assert.deepEqual([file.bytes, file.extents, await readContent(files, file)], [0, [], ''])
  assert.deepEqual(blobPaths(files.location), [])
})

test('a broken upload is continued by another process where it stands, and its digest is that of the whole', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  const others = openTestFiles(t, openSameStore(t, db, []), { location: files.location })
  const first = await files.upload(TENANT, 'a', { type: null, encoding: null })
  await first.write(Buffer.from('12345'))
  await first.save()
  await first.write(Buffer.from('67'))
  const left = await first.leave()

  await assert.rejects(others.resume(TENANT, 'a', 5), { code: 'UPLOAD_CONFLICT', message: /at byte 5: what is kept of it ends at byte 7/ })
  const second = await others.resume(TENANT, 'a', (await others.findUpload(TENANT, 'a'))?.bytes ?? -1)
  await second.write(Buffer.from('89'))
  const file = await second.complete({ sha256: createHash('sha256').update('123456789').digest('hex') })

  assert.equal(left, 7)
  assert.equal(first.id, file.id)
  assert.equal(await readContent(files, await files.find(TENANT, 'a')), '123456789')
  assert.equal(file.extents.length, 2)
  await assert.rejects(files.resume(TENANT, 'a', 9), { code: 'NOT_FOUND' })
})

test('who goes on with an upload takes it from whoever writes it, and that one spoils nothing', async (t) => {
  const files = openTestFiles(t, await openStore(t))
  const slow = await files.upload(TENANT, 'a', { type: null, encoding: null })
  await slow.write(Buffer.from('one '))
  await slow.save()

  const next = await files.resume(TENANT, 'a', 4)
  await slow.write(Buffer.from('lost'))
  await assert.rejects(slow.save(), { code: 'UPLOAD_CONFLICT' })
  await assert.rejects(slow.complete(), { code: 'UPLOAD_CONFLICT' })
  const stands = await slow.leave()
  await next.write(Buffer.from('two'))
  const file = await next.complete()

  assert.equal(stands, 4)
  assert.equal(await readContent(files, file), 'one two')
})

test('a new upload takes the place of one of its name that is under way, and the name stands for the former file until it is complete', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  await putFile(files, 'a', 'former')
  const first = await files.upload(TENANT, 'a', { type: null, encoding: null })
  await first.write(Buffer.from('first'))
  await first.save()
  const second = await files.upload(TENANT, 'a', { type: null, encoding: null })
  await second.write(Buffer.from('second'))
  const during = await readContent(files, await files.find(TENANT, 'a'))

  await assert.rejects(first.complete(), { code: 'UPLOAD_CONFLICT' })
  await first.leave()
  await second.complete()
  await files.sweep('owed', 10)

  assert.equal(during, 'former')
  assert.equal(await readContent(files, await files.find(TENANT, 'a')), 'second')
  assert.deepEqual([blobPaths(files.location).length, await db.redis.hget(db.keys.fileUsage(TENANT), 'bytes')], [1, '6'])
})

test('content that is not what the client says it is is forgotten', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  const upload = await files.upload(TENANT, 'a', { type: null, encoding: null })
  await upload.write(Buffer.from('hello'))

  await assert.rejects(upload.complete({ sha256: '0'.repeat(64) }), { code: 'CHECKSUM_MISMATCH', message: /SHA-256 of the 5 bytes that came is 2cf24dba/ })

  assert.deepEqual([blobPaths(files.location), await allKeys(db)], [[], ['file-store']])
})

test('files are listed newest first, page by page', async (t) => {
  const files = openTestFiles(t, await openStore(t))
  for (const name of ['a', 'b', 'c', 'd', 'e']) await putFile(files, name, name)
  await putFile(files, 'other', 'x', { tenant: 'other' })

  const pages: string[][] = []
  for (let cursor: string | undefined; ;) {
    const page = await files.list(TENANT, { limit: 2, cursor })
    pages.push(page.files.map(({ name }) => name))
    if (page.nextCursor === null) break
    cursor = page.nextCursor
  }

  assert.deepEqual(pages.flat(), ['e', 'd', 'c', 'b', 'a'])
  await assert.rejects(files.list(TENANT, { limit: 2, cursor: 'x' }), { code: 'INVALID' })
})

test('a file goes when its time is over, and so does an upload that nobody went on with', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db, { uploadIdleMs: 1 })
  await putFile(files, 'a', 'a', { ttlMs: 1 })
  await putFile(files, 'stays', 'b')
  const upload = await files.upload(TENANT, 'b', { type: null, encoding: null })
  await upload.write(Buffer.from('b'))
  await upload.leave()

  let gone = 0
  await until('both are gone', async () => (gone += await expireFiles(db, 10)) === 2)
  await files.sweep('owed', 10)

  assert.deepEqual([await files.find(TENANT, 'a'), await files.findUpload(TENANT, 'b')], [undefined, undefined])
  assert.deepEqual([blobPaths(files.location).length, await db.redis.hgetall(db.keys.fileUsage(TENANT))], [1, { bytes: '1', files: '1' }])
})

test('a blob that was cut off or removed on the disk is an error that names the byte, and never wrong data', async (t) => {
  const files = openTestFiles(t, await openStore(t))
  const cut = await putFile(files, 'cut', 'x'.repeat(1000))
  const [path = ''] = blobPaths(files.location)
  truncateSync(path, 600)

  const before = await readContent(files, cut, { end: 600 })
  await assert.rejects(readContent(files, cut), { code: 'UNAVAILABLE', message: /Cannot read file "cut" \(fil_.*\) from byte 600 on\. .*the blob ends at byte 600 and has to have 1000/ })
  unlinkSync(path)
  await assert.rejects(readContent(files, cut, { start: 5 }), { code: 'FILE_GONE', message: /from byte 5 on/ })

  assert.equal(before.length, 600)
})

test('without a folder, whoever needs files is told which variable is missing', async (t) => {
  const files = openTestFiles(t, await openStore(t), {})
  const { openFiles } = await import('../../src/files/files.ts')
  const none = openFiles(await openStore(t), { location: undefined, maxBytes: 1, tenantBytes: 1, tenantFiles: 1, ttlMs: 1, ttlMaxMs: 1, uploadIdleMs: 1, orphanMs: 1, restMs: 0 })

  await assert.rejects(none.find(TENANT, 'a'), { code: 'UNAVAILABLE', message: /BATCHBOX_FILES/ })

  assert.deepEqual([files.isConfigured, none.isConfigured, await none.sweep('orphans', 1)], [true, false, 0])
})

test('an upload keeps what its client said of the whole, and is held to it by whoever ends it', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  const others = openTestFiles(t, openSameStore(t, db, []), { location: files.location })
  const sha256 = createHash('sha256').update('12345').digest('hex')
  const first = await files.upload(TENANT, 'a', { type: null, encoding: null, bytes: 5, sha256 })
  await first.write(Buffer.from('123'))
  await assert.rejects(first.complete(), { code: 'UPLOAD_CONFLICT', message: /3 bytes came, and 5 are to/ })
  await first.leave()

  const said = await others.findUpload(TENANT, first.id)
  const second = await others.resume(TENANT, first.id, 3)
  await second.write(Buffer.from('4x'))
  await assert.rejects(second.complete(), { code: 'CHECKSUM_MISMATCH' })
  const third = await files.upload(TENANT, 'a', { type: null, encoding: null, bytes: 5, sha256 })
  await third.write(Buffer.from('12'))
  await third.leave()
  const fourth = await files.resume(TENANT, third.id, 2)
  await fourth.write(Buffer.from('345'))
  const file = await fourth.complete()

  assert.deepEqual(said?.expected, { bytes: 5, sha256 })
  assert.equal(await others.findUpload('other', first.id), undefined)
  assert.equal(await readContent(files, file), '12345')
})

test('an upload is given up by its id, and whoever writes it notices', async (t) => {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  const upload = await files.upload(TENANT, 'a', { type: null, encoding: null })
  await upload.write(Buffer.from('hello'))

  const dropped = [await files.dropUpload('other', upload.id), await files.dropUpload(TENANT, upload.id), await files.dropUpload(TENANT, upload.id)]

  await assert.rejects(upload.complete(), { code: 'UPLOAD_CONFLICT' })
  await upload.leave()
  assert.deepEqual(dropped, [false, true, false])
})
