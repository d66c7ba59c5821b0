import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { z } from 'zod'
import { OutputFormat } from '../../src/core/transform.ts'
import type { RecordBounds } from '../../src/records/bounds.ts'
import { createWriter, type RecordWriter } from '../../src/records/create-writer.ts'
import type { WriterState } from '../../src/records/printer.ts'
import { writeAll } from './records.ts'

type Format = z.input<typeof OutputFormat>

/** What a runner hands over, and what the writer says to it. */
const REFUSED: Readonly<Record<string, { format?: Format, text: string | Buffer, count?: number, message: string }>> = {
  'fewer records than it says': { text: '1\n', count: 2, message: 'Cannot write records: 1 came where 2 were to come' },
  'more records than it says': { text: '1\n2\n3\n', count: 2, message: 'Cannot write records: 3 came where 2 were to come' },
  'a line without an end': { text: '1\n2', count: 2, message: 'Cannot write record 2: its line has no end' },
  'an empty line': { text: '1\n\n', count: 2, message: 'Cannot write record 2: its line is empty' },
  'a record that is not UTF-8': { text: Buffer.from('1\n"\xe4"\n', 'latin1'), count: 2, message: 'Cannot write record 2: it is not UTF-8' },
  'a record that is too long': { text: `"${'x'.repeat(100)}"\n`, message: 'Cannot write record 1: it has 102 bytes as JSON; at most 100 are allowed' },
  'a record that is too deep': { text: '[[[[[[]]]]]]\n', message: 'Cannot write record 1: it has more than 5 arrays and objects in one another' },
  'what is no JSON into an array': { format: { format: 'json' }, text: '1,2\n', message: 'Cannot write record 1: it is not JSON' },
  'what ends the array': { format: { format: 'json' }, text: '1]\n', message: 'Cannot write record 1: it is not JSON' },
  'what is no JSON into CSV': { format: { format: 'csv' }, text: '{"a":1}\n{"a"\n', count: 2, message: 'Cannot write record 2: it is not JSON' },
  'a text into CSV': { format: { format: 'csv' }, text: '"a"\n', message: 'Cannot write record 1: it is neither an object nor an array, and cannot be a line of CSV' },
  'another field into CSV': { format: { format: 'csv' }, text: '{"a":1}\n{"b":1}\n', count: 2, message: 'Cannot write record 2: it has the field "b", and the columns of the file do not; name all of them as transform.output.columns' },
  'an object without fields into CSV': { format: { format: 'csv' }, text: '{}\n', message: 'Cannot write record 1: it has no fields, and the columns of the file are those of its first record' },
  'an array into CSV that names its columns': { format: { format: 'csv' }, text: '[1]\n', message: 'Cannot write record 1: it is an array, and names no columns for the header; name them as transform.output.columns, or have no header' },
  'an array of other length into CSV': { format: { format: 'csv', columns: ['a', 'b'] }, text: '[1]\n', message: 'Cannot write record 1: it is an array of 1 fields, and the file has 2' },
  'half a character into CSV': { format: { format: 'csv' }, text: '{"a":"\\ud800"}\n', message: 'Cannot write record 1: it has half a character, which UTF-8 cannot say' },
  'two lines as one': { format: { format: 'lines' }, text: '"a\\nb"\n', message: 'Cannot write record 1: it is a text of more than one line' },
  'half a character as a line': { format: { format: 'lines' }, text: '"\\udc00"\n', message: 'Cannot write record 1: it has half a character, which UTF-8 cannot say' },
}

for (const [name, { format = {}, text, count = 1, message }] of Object.entries(REFUSED)) {
  test(`a writer refuses ${name}`, async () => {
    const { writer } = open(format)

    await assert.rejects(writer.write(Buffer.from(text), count), { name: 'RecordError', message })
    writer.close()
  })
}

test('a writer refuses a long record that is no JSON, and takes one that is', async () => {
  const long = JSON.stringify(Array.from({ length: 10_000 }, (_, index) => ({ [`k${index}`]: [index, null, 'ä'] })))
  const writer = createWriter({ format: OutputFormat.parse({ format: 'json' }), sink: { write: async () => {} } })

  await writer.write(Buffer.from(`${long}\n`), 1)

  await assert.rejects(writer.write(Buffer.from(`1\n${long.slice(0, -1)},]\n`), 2), { name: 'RecordError', message: 'Cannot write record 3: it is not JSON' })
  writer.close()
})

const WRITTEN: readonly { format: Format, records: readonly unknown[], text: string }[] = [
  { format: { format: 'ndjson' }, records: [], text: '' },
  { format: { format: 'ndjson' }, records: [{ a: 1 }, 'b'], text: '{"a":1}\n"b"\n' },
  { format: { format: 'json' }, records: [], text: '[]\n' },
  { format: { format: 'json' }, records: [{ a: 1 }, 'b'], text: '[\n{"a":1},\n"b"\n]\n' },
  { format: { format: 'lines' }, records: ['a', '', 1, { b: ' ' }, null], text: 'a\n\n1\n{"b":" "}\nnull\n' },
  { format: { format: 'lines' }, records: ['\uFEFFa'], text: '\uFEFF\uFEFFa\n' },
  { format: { format: 'csv' }, records: [], text: '' },
  { format: { format: 'csv', columns: ['a', 'b c'] }, records: [], text: 'a,b c\r\n' },
  { format: { format: 'csv' }, records: [{ a: 'x', b: 'y,z' }, { b: '"' }], text: 'a,b\r\nx,"y,z"\r\n,""""\r\n' },
  { format: { format: 'csv' }, records: [{ a: [1, 'x'] }, { a: { b: null } }, { a: null }], text: 'a\r\n"[1,""x""]"\r\n"{""b"":null}"\r\n""\r\n' },
  { format: { format: 'csv' }, records: [{ a: '=1+2' }], text: 'a\r\n=1+2\r\n' },
  { format: { format: 'csv', header: false, delimiter: ';' }, records: [['a;', 'b'], ['c,']], text: '"a;";b\r\nc,\r\n' },
  { format: { format: 'csv', columns: ['b', 'a'] }, records: [{ a: 'x' }, ['y', 'z']], text: 'b,a\r\n,x\r\ny,z\r\n' },
]

test('records are written as each format has them, also by writers that go on where others committed', async () => {
  for (const { format, records, text } of WRITTEN) {
    assert.equal((await writeAll(format, records)).toString(), text)
    assert.equal((await writeAll(format, records, { commitEvery: 1 })).toString(), text)
    assert.equal(gunzipSync(await writeAll({ ...format, compression: 'gzip' }, records, { commitEvery: 1 })).toString(), text)
    assert.equal(zstdDecompressSync(await writeAll({ ...format, compression: 'zstd' }, records, { commitEvery: 1 })).toString(), text)
  }
})

test('a commit leaves a whole file, and what is written behind it and not committed can be cut off', async () => {
  const { writer, written } = open({ format: 'csv', compression: 'gzip' })
  await writer.write(Buffer.from('{"a":"x"}\n'), 1)
  const state: WriterState = await writer.commit()
  const committed = writer.bytes
  await writer.write(Buffer.from('{"a":"lost"}\n'), 1)
  await writer.commit()
  writer.close()
  const rest = open({ format: 'csv', compression: 'gzip' }, state)

  await rest.writer.write(Buffer.from('{"a":"y"}\n'), 1)
  await rest.writer.end()

  assert.deepEqual(state, { records: 1, columns: ['a'] })
  assert.equal(gunzipSync(Buffer.concat([Buffer.concat(written).subarray(0, committed), ...rest.written])).toString(), 'a\r\nx\r\ny\r\n')
})

test('however many columns a file has, records that name none of them are printed in small portions', async () => {
  const columns = Array.from({ length: 500 }, (_, at) => at.toString(36))
  const known = open({ format: 'csv', columns })
  const found = open({ format: 'csv' }, null, {})
  const first = JSON.stringify(Object.fromEntries(columns.map((name) => [name, 0])))

  await known.writer.write(Buffer.from('{}\n'.repeat(1000)), 1000)
  await found.writer.write(Buffer.from(`${first}\n${'{}\n'.repeat(1000)}`), 1001)

  for (const { written } of [known, found]) {
    assert.ok(Buffer.concat(written).length > 500_000)
    assert.ok(Math.max(...written.map(({ length }) => length)) < 200_000, String(written.map(({ length }) => length)))
  }
})

function open (format: Format, state: WriterState | null = null, bounds: Partial<RecordBounds> = { recordBytes: 100, depth: 5 }): { writer: RecordWriter, written: Buffer[] } {
  const written: Buffer[] = []
  const sink = { write: async (bytes: Buffer) => { written.push(bytes) } }
  return { writer: createWriter({ format: OutputFormat.parse(format), sink, state, bounds }), written }
}
