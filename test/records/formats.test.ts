import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { buildGlue } from '../../src/records/build-glue.ts'
import { splitSource } from '../../src/records/split-source.ts'
import { OutputFormat, type Compression } from '../../src/core/transform.ts'
import { chunked, collect, formatOf, positionsIn, readBatches, sourceOf, writeAll, writeParts } from './records.ts'

const text = fc.string({ unit: 'binary', maxLength: 12 })
const field = fc.oneof(text, fc.constantFrom('', '007', '1', '-1.50', 'true', 'null', '"', 'a,b', 'a\nb', 'a\rb', ' x ', '\r\n', '\uFEFF', '\0', '12345678901234567890'))
const names = fc.uniqueArray(field, { minLength: 1, maxLength: 5 })
/** What each format writes and reads again as it was. */
const FORMATS = {
  ndjson: fc.array(fc.jsonValue({ noUnicodeString: false }), { maxLength: 25 }),
  json: fc.array(fc.jsonValue({ noUnicodeString: false }), { maxLength: 25 }),
  lines: fc.array(text.filter((line) => !/[\r\n]/.test(line)), { maxLength: 25 }),
  csv: names.chain((names) => fc.array(fc.tuple(...names.map(() => field)).map((values) => Object.fromEntries(names.map((name, index) => [name, values[index]]))), { maxLength: 25 })),
} as const
const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'zstd']

for (const [format, records] of Object.entries(FORMATS) as [keyof typeof FORMATS, fc.Arbitrary<unknown[]>][]) {
  test(`what is written as ${format} is read as it was, whatever pieces it comes in, from any position and to any other, and in parts`, async () => {
    await fc.assert(fc.asyncProperty(records, chunked(), fc.integer({ min: 1, max: 60 }), fc.constantFrom(...COMPRESSIONS), fc.integer({ min: 1, max: 5 }), async (given, chunks, batchBytes, compression, parts) => {
      const expected = JSON.parse(JSON.stringify(given)) as unknown[]
      const form = formatOf({ format, compression })
      const source = sourceOf(await writeAll({ format, compression }, given, { commitEvery: 7 }), chunks)

      const batches = await readBatches(source, form, { bounds: { batchBytes } })
      assert.deepEqual(collect(batches), expected)

      const positions = positionsIn(batches)
      for (const from of [positions[0], positions[positions.length >> 1], positions.at(-1)]) {
        if (!from) continue
        assert.deepEqual(collect(await readBatches(source, form, { from, bounds: { batchBytes } })), expected.slice(from.records))
        assert.deepEqual(collect(await readBatches(source, form, { to: from.bytes, bounds: { batchBytes } })), expected.slice(0, from.records))
      }

      const starts = await splitSource({ source, format: form, parts })
      assert.ok(starts.length <= parts)
      const read: unknown[] = []
      for (const [index, { bytes, records }] of starts.entries()) {
        assert.equal(records, read.length)
        const to = starts[index + 1]?.bytes
        read.push(...collect(await readBatches(source, form, { from: { bytes, records }, ...to !== undefined && { to } })))
      }
      assert.deepEqual(read, expected)
    }), { numRuns: 25 })
  })

  test(`parts of ${format} are one file with what joins them`, async () => {
    await fc.assert(fc.asyncProperty(records, fc.array(fc.nat(25), { maxLength: 4 }), fc.constantFrom(...COMPRESSIONS), async (given, cuts, compression) => {
      const bounds = [0, ...cuts.sort((a, b) => a - b), given.length]
      const parts = await Promise.all(bounds.slice(1).map((end, index) => writeParts({ format, compression }, given.slice(bounds[index], end), { part: true, commitEvery: 3 })))
      const glue = await buildGlue(OutputFormat.parse({ format, compression }), parts.map(({ state }) => state))
      const whole = Buffer.concat([...parts.flatMap(({ stored }, index) => [glue.before[index] ?? Buffer.alloc(0), stored]), glue.after])

      assert.deepEqual(collect(await readBatches(sourceOf(whole), { format, compression })), JSON.parse(JSON.stringify(given)))
    }), { numRuns: 20 })
  })
}

test('a file of parts of CSV has the columns that all of its parts have', async () => {
  const format = OutputFormat.parse({ format: 'csv' })

  await assert.rejects(buildGlue(format, [{ records: 0, columns: null }, { records: 1, columns: ['a'] }, { records: 1, columns: ['b'] }]), {
    name: 'RecordError',
    message: 'Cannot join part 3 of the output: its columns are ["b"], and those before it have ["a"]; name them as transform.output.columns',
  })
})
