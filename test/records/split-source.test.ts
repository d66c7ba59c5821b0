import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordPosition } from '../../src/core/records.ts'
import { splitSource } from '../../src/records/split-source.ts'
import type { SourceFormat } from '../../src/records/resolve-format.ts'
import { readBatches, sourceOf } from './records.ts'

const FORMAT: SourceFormat = { format: 'ndjson', compression: 'none', delimiter: ',', header: true, types: false }

/** Numbers of the records that each part has, read as shards read them. */
async function readParts (bytes: Buffer, starts: readonly RecordPosition[]): Promise<number[][]> {
  return Promise.all(starts.map(async (from, index) => {
    const to = starts[index + 1]?.bytes
    const batches = await readBatches(sourceOf(bytes), FORMAT, { from, ...(to === undefined ? {} : { to }) })
    return batches.flatMap(({ start, count }) => Array.from({ length: count }, (_, at) => start.records + at))
  }))
}

function linesOf (records: number, length = (_: number) => 10): Buffer {
  return Buffer.from(Array.from({ length: records }, (_, n) => `${JSON.stringify('x'.repeat(length(n)))}\n`).join(''))
}

test('parts are about as long as one another, and have every record once, under its number in the whole', async () => {
  const bytes = linesOf(30_000, (n) => n % 50)

  const starts = await splitSource({ source: sourceOf(bytes), format: FORMAT, parts: 7 })

  const parts = await readParts(bytes, starts)
  assert.deepEqual(parts.flat(), Array.from({ length: 30_000 }, (_, n) => n))
  const lengths = starts.map(({ bytes: from }, index) => (starts[index + 1]?.bytes ?? bytes.length) - from)
  assert.ok(lengths.length === 7 && lengths.every((length) => Math.abs(length - bytes.length / 7) < bytes.length / 500), lengths.join(' '))
})

test('fewer records than parts make fewer parts, none of them empty; nothing makes one', async () => {
  for (const [records, parts] of [[0, 4], [1, 4], [3, 4], [4, 4], [5, 4]] as const) {
    const bytes = linesOf(records)

    const starts = await splitSource({ source: sourceOf(bytes), format: FORMAT, parts })

    assert.equal(starts.length, Math.max(1, Math.min(records, parts)))
    assert.deepEqual((await readParts(bytes, starts)).map(({ length }) => length > 0), starts.map(() => records > 0))
  }
})

test('a record that is wrong counts, and is left to the part that it is in; one much longer than the others makes no part empty', async () => {
  const bytes = Buffer.concat([linesOf(10), Buffer.from([0x22, 0xff, 0x22, 0x0a]), linesOf(1, () => 5000), linesOf(10)])

  const starts = await splitSource({ source: sourceOf(bytes), format: FORMAT, parts: 4 })

  assert.deepEqual(starts.map(({ records }) => records), [0, 12, 13, 14])
})

test('whoever asked is told when the source breaks off, and may stop the reading', async () => {
  const broken = new AbortController()
  broken.abort(new Error('stopped'))

  await assert.rejects(splitSource({ source: sourceOf(linesOf(100)), format: FORMAT, parts: 2, signal: broken.signal }), /stopped/)
  await assert.rejects(splitSource({ source: sourceOf(Buffer.from([0x1f, 0x8b, 8, 0])), format: { ...FORMAT, compression: 'gzip' }, parts: 2 }), { name: 'RecordError' })
})

test('lines of white space are no records, however the source comes in pieces; the last line may have no end', async () => {
  const lines = Array.from({ length: 300 }, (_, n) => [' \t\r\n', '1\n', '\n', ' 2\r\n', '\u0001\n'][n % 5]).join('')
  const bytes = Buffer.from(`${lines}  3`)

  for (const sizes of [[1], [3, 7], [65_536]]) {
    const starts = await splitSource({ source: sourceOf(bytes, sizes), format: FORMAT, parts: 5 })
    assert.deepEqual((await readParts(bytes, starts)).flat(), Array.from({ length: 181 }, (_, n) => n))
    assert.equal(starts.length, 5)
  }
})
