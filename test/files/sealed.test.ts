import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { buffer } from 'node:stream/consumers'
import { CHUNK_BYTES, HEAD_BYTES, SALT_BYTES, SEAL_BYTES, STRIDE_BYTES } from '../../src/files/blob-seal.ts'
import { openFolderStore } from '../../src/files/folder-store.ts'
import { countKeys, renewEncryption } from '../../src/store/encryption/renew.ts'
import { blobPaths, openTestFiles, putFile, readContent, temporaryFolder } from '../helpers/files.ts'
import { createRandom } from '../helpers/seeded-random.ts'
import { openSameStore, openStore, TENANT } from '../helpers/store.ts'

const [OLD, NEW] = ['old', 'new'].map((id) => ({ id, key: randomBytes(32) })) as [{ id: string, key: Buffer }, { id: string, key: Buffer }]
/** Bytes that come to the disk together, or not. */
const PIECE_BYTES = 7
const MARK = 'what nobody is to read'

test('whatever is written in whatever pieces, and committed in between, is read back, as a whole and in parts', async (t) => {
  const random = createRandom(7)
  const store = await openFolderStore(temporaryFolder(t), randomBytes(32))
  t.after(() => store.close())
  const content = randomBytes(5 * CHUNK_BYTES + 123)
  const writer = await store.create()
  const commits: { blob: string, bytes: number }[] = []
  for (let at = 0; at < content.length;) {
    const next = Math.min(content.length, at + 1 + Math.floor(random() ** 3 * 2 * CHUNK_BYTES))
    await writer.write(content.subarray(at, next))
    if (random() < 0.7) commits.push(...await writer.sync())
    at = next
  }
  const [{ blob = '', bytes = 0 } = {}] = await writer.sync()
  await writer.close()

  for (const end of [bytes, ...commits.map((each) => each.bytes)]) {
    const start = Math.floor(random() * end)
    assert.ok((await buffer(store.read(blob, start, end))).equals(content.subarray(start, end)), `${start} to ${end}`)
  }
  assert.equal(bytes, content.length)
  assert.ok(commits.length > 5)
  assert.ok((await buffer(store.read(blob, 0, bytes))).equals(content))
})

test('what is in the folder can be read with the key of the service alone, also after that was changed', async (t) => {
  const db = await openStore(t, [OLD])
  const files = openTestFiles(t, db)
  const sealed = await putFile(files, 'sealed', MARK.repeat(5000))
  const plain = openTestFiles(t, openSameStore(t, db, []), { location: files.location })
  const before = await putFile(plain, 'plain', MARK)
  const [encrypted = '', clear = ''] = [sealed, before].map((file) => readFileSync(blobPaths(files.location).find((path) => path.endsWith(`/${file.extents[0]?.blob}`)) ?? '', 'latin1'))

  const both = openSameStore(t, db, [NEW, OLD])
  await renewEncryption(both)
  const others = openTestFiles(t, openSameStore(t, db, [NEW]), { location: files.location })

  assert.deepEqual([encrypted.includes(MARK), clear.includes(MARK)], [false, true])
  assert.deepEqual([...await countKeys(both)], [['new', 1]])
  assert.equal(await readContent(others, sealed), MARK.repeat(5000))
  assert.equal(await readContent(others, before), MARK)
  await assert.rejects(readContent(plain, sealed), { code: 'UNAVAILABLE', message: /the blob is encrypted, and BATCHBOX_ENCRYPTION_KEYS is empty here/ })
  await assert.rejects(openTestFiles(t, openSameStore(t, db, [OLD]), { location: files.location }).find(TENANT, 'plain'), { code: 'UNAVAILABLE', message: /key "new"/ })
})

test('what was changed, moved or cut off on the disk is an error that names the byte, and what is before it is read', async (t) => {
  const files = openTestFiles(t, await openStore(t, [OLD]))
  const file = await putFile(files, 'a', 'x'.repeat(2 * CHUNK_BYTES + 10))
  const [path = ''] = blobPaths(files.location)
  const whole = readFileSync(path)
  const change = (at: number) => {
    const changed = Buffer.from(whole)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    writeFileSync(path, changed)
  }
  const second = SALT_BYTES + STRIDE_BYTES

  for (const at of [second, second + SEAL_BYTES - 1, second + HEAD_BYTES, second + HEAD_BYTES + CHUNK_BYTES - 1]) {
    change(at)
    await assert.rejects(readContent(files, file), { code: 'UNAVAILABLE', message: /from byte 65536 on.*bytes 65536 to 131072 of the blob are not those that were written/ }, `byte ${at}`)
    assert.equal((await readContent(files, file, { end: CHUNK_BYTES })).length, CHUNK_BYTES)
  }
  change(0)
  await assert.rejects(readContent(files, file), { code: 'UNAVAILABLE', message: /from byte 0 on/ })
  writeFileSync(path, Buffer.concat([whole.subarray(0, SALT_BYTES), whole.subarray(second, second + STRIDE_BYTES), whole.subarray(SALT_BYTES, second), whole.subarray(second + STRIDE_BYTES)]))
  await assert.rejects(readContent(files, file), { code: 'UNAVAILABLE', message: /are not those that were written/ })
  writeFileSync(path, whole)
  truncateSync(path, whole.length - 1)
  await assert.rejects(readContent(files, file), { code: 'UNAVAILABLE', message: /from byte 131072 on.*the blob ends at byte 131081/ })
  assert.equal((await readContent(files, file, { end: 2 * CHUNK_BYTES })).length, 2 * CHUNK_BYTES)
})

test('what was committed is read although the commit after it was torn by a crash, whichever bytes of that came to the disk', async (t) => {
  const random = createRandom(11)
  const folder = temporaryFolder(t)
  const store = await openFolderStore(folder, randomBytes(32))
  t.after(() => store.close())
  const content = randomBytes(CHUNK_BYTES + 1000)
  const writer = await store.create()
  let committed = 0
  let before = Buffer.alloc(0)
  for (const end of [10, 400, 401, 70, 65_000, 65_530, CHUNK_BYTES, CHUNK_BYTES + 1, CHUNK_BYTES + 900].toSorted((a, b) => a - b)) {
    await writer.write(content.subarray(committed, end))
    const [{ blob = '' } = {}] = await writer.sync()
    const path = `${folder}/${blob}`
    const after = readFileSync(path)
    const former = Buffer.concat([before, Buffer.alloc(after.length - before.length)])
    for (let tear = 0; tear < 10; tear += 1) {
      const torn = Buffer.from(after)
      for (let at = 0; at < torn.length; at += PIECE_BYTES) {
        if (random() < 0.5) former.copy(torn, at, at, at + PIECE_BYTES)
      }
      writeFileSync(path, torn)
      assert.ok((await buffer(store.read(blob, 0, committed))).equals(content.subarray(0, committed)), `${committed} of ${end}`)
    }
    writeFileSync(path, after)
    before = after
    committed = end
  }
  await writer.close()
})
