import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { buffer } from 'node:stream/consumers'
import type { BlobStore, BlobWriter } from '../../src/files/blob-store.ts'
import type { Extent } from '../../src/core/file.ts'
import { makeFolder, openFolderStore } from '../../src/files/folder-store.ts'
import { openS3Store } from '../../src/files/s3-store.ts'
import { temporaryFolder } from '../helpers/files.ts'
import { startS3Server } from '../helpers/s3-server.ts'
import { lastInFirstOut, type Scope } from '../helpers/scope.ts'

/** Pieces that are small enough for a test to have many. */
const PIECE_BYTES = 4096
/** Everything is renewed by each sync. */
const ALWAYS_MS = -1

const STORES: Readonly<Record<string, (scope: Scope) => Promise<BlobStore>>> = {
  'a folder': async (scope) => {
    const folder = join(temporaryFolder(scope), 'part')
    await makeFolder(folder)
    return openFolderStore(folder)
  },
  'a bucket': async (scope) => openS3Store((await startS3Server(scope)).settings(), { part: 'part', orphanMs: ALWAYS_MS, pieceBytes: PIECE_BYTES }),
}

for (const [name, open] of Object.entries(STORES)) {
  describe(`blobs in ${name}`, async () => {
    const ends: (() => Promise<unknown> | void)[] = []
    const scope = lastInFirstOut({ after: (end) => { ends.push(end) } })
    const store = await open(scope)
    scope.after(() => store.close())

    test('what was written is read, in parts and over what were several writes and syncs', async (t) => {
      const writer = await create(t, store)
      const content = randomBytes(5 * PIECE_BYTES + 17)
      const [first, second, third] = [content.subarray(0, 10), content.subarray(10, 3 * PIECE_BYTES), content.subarray(3 * PIECE_BYTES)]

      await writer.write(first)
      const early = await writer.sync()
      for (let at = 0; at < second.length; at += 100) await writer.write(second.subarray(at, at + 100))
      await writer.write(third)
      const extents = await writer.sync()
      const again = await writer.sync()

      assert.equal(early.reduce((sum, { bytes }) => sum + bytes, 0), 10)
      assert.deepEqual(again, extents)
      assert.deepEqual(await readAll(store, extents), content)
      assert.deepEqual(await readAll(store, early), first)
      const [{ blob } = { blob: '' }] = extents
      assert.deepEqual(await buffer(store.read(blob, 3, 12)), content.subarray(3, 12))
      assert.deepEqual(await buffer(store.read(blob, 5, 5)), Buffer.alloc(0))
    })

    test('nothing written is no extent', async (t) => {
      const writer = await create(t, store)

      assert.deepEqual(await writer.sync(), [])
    })

    test('a read of what is not there, or is shorter than its extent, fails, and so does a name that is none', async (t) => {
      const writer = await create(t, store)
      await writer.write(Buffer.from('short'))
      const [{ blob } = { blob: '' }] = await writer.sync()

      await assert.rejects(buffer(store.read('0'.repeat(32), 0, 1)), { code: 'FILE_GONE' })
      await assert.rejects(buffer(store.read(blob, 0, 6)), { code: 'UNAVAILABLE', message: /ends at byte 5 and has to have 6/ })
      await assert.rejects(buffer(store.read(blob, 9, 12)), { code: 'UNAVAILABLE' })
      await assert.rejects(async () => buffer(store.read('../part', 0, 1)), RangeError)
    })

    test('a reader that leaves early leaves nothing behind', async (t) => {
      const writer = await create(t, store)
      await writer.write(randomBytes(PIECE_BYTES))
      const [{ blob } = { blob: '' }] = await writer.sync()

      for await (const chunk of store.read(blob, 0, PIECE_BYTES)) {
        assert.ok((chunk as Buffer).length > 0)
        break
      }

      assert.equal((await buffer(store.read(blob, 0, PIECE_BYTES))).length, PIECE_BYTES)
    })

    test('what is removed is gone, and may be removed again', async (t) => {
      const writer = await create(t, store)
      await writer.write(Buffer.from('x'))
      const [{ blob } = { blob: '' }] = await writer.sync()

      await store.remove(blob)
      await store.remove(blob)

      await assert.rejects(buffer(store.read(blob, 0, 1)), { code: 'FILE_GONE' })
    })

    test('what was not synced goes with its writer', async (t) => {
      const before = await names(store)
      const writer = await create(t, store)
      for (let written = 0; written < 3; written++) await writer.write(randomBytes(PIECE_BYTES))

      await writer.close()

      assert.deepEqual(await names(store), before)
    })

    test('blobs are named by their age', async (t) => {
      const writer = await create(t, store)
      await writer.write(Buffer.from('x'))
      const [{ blob } = { blob: '' }] = await writer.sync()

      assert.ok((await names(store)).includes(blob))
      assert.ok(!(await names(store, 60_000)).includes(blob))
    })

    test('a sync finds out that what it has written was swept meanwhile', async (t) => {
      const writer = await create(t, store)
      await writer.write(randomBytes(PIECE_BYTES))
      for (const { blob } of await writer.sync()) await store.remove(blob)
      await writer.write(randomBytes(PIECE_BYTES))

      await assert.rejects(writer.sync(), { code: 'UNAVAILABLE', message: /removed meanwhile/ })
    })

    test('the store is closed', async () => { for (const end of ends) await end() })
  })
}

async function create (scope: Scope, store: BlobStore): Promise<BlobWriter> {
  const writer = await store.create()
  let isClosed = false
  const close = async () => {
    if (isClosed) return
    isClosed = true
    await writer.close()
  }
  scope.after(close)
  return { ...writer, close }
}

async function readAll (store: BlobStore, extents: readonly Extent[]): Promise<Buffer> {
  return Buffer.concat(await Promise.all(extents.map(({ blob, bytes }) => buffer(store.read(blob, 0, bytes)))))
}

async function names (store: BlobStore, olderThanMs = -10_000): Promise<string[]> {
  return (await Array.fromAsync(store.list(olderThanMs))).sort()
}
