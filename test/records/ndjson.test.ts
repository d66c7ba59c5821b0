import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { chunked, collect, positionsIn, readAll, readBatches, sourceOf, writeAll } from './records.ts'

const format = { format: 'ndjson', compression: 'none' } as const

for (const compression of ['none', 'gzip', 'zstd'] as const) {
  test(`what is written as NDJSON (${compression}) is read as it was, in whatever pieces the source comes`, async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 50 }), chunked(), fc.nat(60), async (records, chunks, batchBytes) => {
      const stored = await writeAll({ format: 'ndjson', compression }, records, { commitEvery: 7 })

      assert.deepEqual(await readAll(sourceOf(stored, chunks), { format: 'ndjson', compression }, { batchBytes }), JSON.parse(JSON.stringify(records)))
    }), { numRuns: 50 })
  })

  test(`reading NDJSON (${compression}) goes on at any position`, async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 30 }), chunked(), fc.nat(60), async (records, chunks, batchBytes) => {
      const stored = await writeAll({ format: 'ndjson', compression }, records, { commitEvery: 7 })
      const batches = await readBatches(sourceOf(stored, chunks), { format: 'ndjson', compression }, { bounds: { batchBytes } })
      
      for (const from of positionsIn(batches)) {
        const rest = await readBatches(sourceOf(stored, chunks), { format: 'ndjson', compression }, { from, bounds: { batchBytes } })
        assert.deepEqual(collect(rest), JSON.parse(JSON.stringify(records.slice(from.records))))
        assert.equal(rest[0]?.start.records ?? from.records, from.records)
        const before = await readBatches(sourceOf(stored, chunks), { format: 'ndjson', compression }, { to: from.bytes, bounds: { batchBytes } })
        assert.deepEqual(collect(before), JSON.parse(JSON.stringify(records.slice(0, from.records))))
      }
    }), { numRuns: 20 })
  })
}

test('lines of white space are no records, the last line needs no end, and a byte-order mark is none', async () => {
  const batches = await readBatches(sourceOf(Buffer.from('\uFEFF1\n\n \t\r\n2\r\n\n3')), format)

  assert.deepEqual(collect(batches), [1, 2, 3])
  assert.deepEqual(batches.map(({ text, ends }) => [text.toString(), [...ends]]), [['1\n2\r\n3\n', [5, 13, 15]]])
})

test('a line that is no JSON is left to whoever parses it', async () => {
  const [batch] = await readBatches(sourceOf(Buffer.from('{"a":\nnull x\n')), format)

  assert.equal(batch?.text.toString(), '{"a":\nnull x\n')
})
