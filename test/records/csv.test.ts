import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordBounds } from '../../src/records/bounds.ts'
import type { SourceFormat } from '../../src/records/resolve-format.ts'
import { collect, positionsIn, readBatches, readThrough, sourceOf, writeAll } from './records.ts'

interface Case {
  csv: string | Buffer
  format?: Partial<SourceFormat>
  bounds?: Partial<RecordBounds>
  /** Records and messages, in the order in which they come. */
  seen: readonly unknown[]
}

const NO_HEADER = { header: false } as const

const READ: Readonly<Record<string, Case>> = {
  'nothing': { csv: '', seen: [] },
  'a header alone': { csv: 'a,b', seen: [] },
  'carriage returns and line feeds': { csv: 'a,b\r\n1,2\r\n3,4\r\n', seen: [{ a: '1', b: '2' }, { a: '3', b: '4' }] },
  'line feeds, and no end of the last line': { csv: 'a,b\n1,2\n3,4', seen: [{ a: '1', b: '2' }, { a: '3', b: '4' }] },
  'carriage returns alone': { csv: 'a\r1\r2', seen: [{ a: '1' }, { a: '2' }] },
  'a byte-order mark': { csv: '\uFEFFa\n1', seen: [{ a: '1' }] },
  'empty lines': { csv: '\r\n\na\n\n1\n\r\n\n2\n\n', seen: [{ a: '1' }, { a: '2' }] },
  'empty fields, also the last of the last line': { csv: 'a,b\n,\n1,', seen: [{ a: '', b: '' }, { a: '1', b: '' }] },
  'quotes': { csv: 'a,b\n"x","y z"\n"","""q"""\n', seen: [{ a: 'x', b: 'y z' }, { a: '', b: '"q"' }] },
  'delimiters and ends of lines in quotes': { csv: 'a,b\n"1,2","3\r\n4\n"\n', seen: [{ a: '1,2', b: '3\r\n4\n' }] },
  'a quoted field at the end': { csv: 'a\n"x"', seen: [{ a: 'x' }] },
  'white space, which belongs to fields': { csv: 'a, b\n 1 ,\t2\n', seen: [{ 'a': ' 1 ', ' b': '\t2' }] },
  'what JSON has to escape': { csv: 'a\\,b\n\\n,"\u0001\u001f\b"\n', seen: [{ 'a\\': '\\n', 'b': '\u0001\u001f\b' }] },
  'characters of every length': { csv: 'ä,€\n😀,"ß"\n', seen: [{ 'ä': '😀', '€': 'ß' }] },
  'names like those of every object': { csv: '__proto__,constructor\n1,2\n', seen: [JSON.parse('{"__proto__":"1","constructor":"2"}')] },
  'one name that is empty': { csv: ',a\n1,2\n', seen: [{ '': '1', 'a': '2' }] },
  'another delimiter': { csv: 'a;b\n1,5;2\n', format: { delimiter: ';' }, seen: [{ a: '1,5', b: '2' }] },
  'tabs': { csv: 'a\tb\n1\t\n', format: { delimiter: '\t' }, seen: [{ a: '1', b: '' }] },
  'no header, and lines of any number of fields': { csv: 'a,b\n1\n,,\n', format: NO_HEADER, seen: [['a', 'b'], ['1'], ['', '', '']] },
  'types': {
    csv: '0,-1,1.50,123456789012345,true,false,\n"0",-0,007,1234567890123456,TRUE,1e5,""\n.5,1.,+1,- 1,nan,null, 1\n',
    format: { header: false, types: true },
    seen: [[0, -1, 1.5, 123_456_789_012_345, true, false, null], ['0', '-0', '007', '1234567890123456', 'TRUE', '1e5', ''], ['.5', '1.', '+1', '- 1', 'nan', 'null', ' 1']],
  },
}

const WRONG: Readonly<Record<string, Case>> = {
  'too few fields': { csv: 'a,b\n1\n2,3\n', seen: ['Cannot read record 1, at byte 4 of the content: it has 1 fields, and the header 2', { a: '2', b: '3' }] },
  'too many fields': { csv: 'a,b\n1,2,"3\n4"\n5,6\n', seen: ['Cannot read record 1, at byte 4 of the content: it has more than the 2 fields of the header', { a: '5', b: '6' }] },
  'a quote inside of a field': { csv: 'a,b\n1,2"3\n5,6\n', seen: ['Cannot read record 1, at byte 4 of the content: its field 2 has a quote, at byte 7, and does not begin with one', { a: '5', b: '6' }] },
  'text behind a closing quote': { csv: 'a,b\n"1"2,3\n5,6\n', seen: ['Cannot read record 1, at byte 4 of the content: its field 1 goes on behind its closing quote', { a: '5', b: '6' }] },
  'a quote that is not closed': { csv: 'a,b\n1,2\n"3,4\n5,6\n', seen: [{ a: '1', b: '2' }, 'Cannot read record 2, at byte 8 of the content: the quote at byte 8 is not closed'] },
  'a name that is there twice': { csv: 'a,b,a\n', seen: ['Cannot read record 1, at byte 0 of the content: the header is wrong: it has the name "a" twice'] },
  'a header that is not UTF-8': { csv: Buffer.from('\xe4\n1\n', 'latin1'), seen: ['Cannot read record 1, at byte 0 of the content: the header is wrong: it is not UTF-8'] },
  'a header with a stray quote': { csv: 'a"\n1\n', seen: ['Cannot read record 1, at byte 0 of the content: the header is wrong: its field 1 has a quote, at byte 1, and does not begin with one'] },
  'a field that is not UTF-8': { csv: Buffer.from('a,b\n1,2\n\xe4,3\n4,5\n', 'latin1'), seen: [{ a: '1', b: '2' }, 'Cannot read record 2, at byte 8 of the content: it is not UTF-8', { a: '4', b: '5' }] },
  'too many columns': { csv: '1,2,3\n4,5\n', format: NO_HEADER, bounds: { fields: 2 }, seen: ['Cannot read record 1, at byte 0 of the content: it has more than 2 fields', ['4', '5']] },
  'names that are too long': { csv: 'abcd,efgh\n,\n', bounds: { headerBytes: 12 }, seen: ['Cannot read record 1, at byte 0 of the content: the header is wrong: its names have 15 bytes as JSON; at most 12 are allowed'] },
  'too many names': { csv: '1,2,3\n4,5\n', bounds: { fields: 2 }, seen: ['Cannot read record 1, at byte 0 of the content: the header is wrong: it has more than 2 fields'] },
  'a long field': { csv: 'a,b\n123456,1\n2,3\n', bounds: { fieldBytes: 5 }, seen: ['Cannot read record 1, at byte 4 of the content: its field 1 is longer than 5 bytes', { a: '2', b: '3' }] },
  'a record that is long for the names in it': { csv: `${'a'.repeat(30)},b\n1,2\n`, bounds: { recordBytes: 40 }, seen: ['Cannot read record 1, at byte 33 of the content: it is longer than 40 bytes as JSON'] },
  'a record that goes on and on in quotes': { csv: `a\n"${'x'.repeat(5000)}"\n1\n`, bounds: { recordBytes: 1000 }, seen: ['Cannot read record 1, at byte 2 of the content: it is longer than 1000 bytes as JSON', { a: '1' }] },
}

for (const [kind, cases] of Object.entries({ 'CSV is read': READ, 'CSV that is wrong': WRONG })) {
  for (const [name, { csv, format = {}, bounds = {}, seen }] of Object.entries(cases)) {
    test(`${kind}: ${name}`, async () => {
      for (const sizes of [[65_536], [1], [2, 3]]) {
        assert.deepEqual(await readThrough(sourceOf(Buffer.from(csv), sizes), { format: 'csv', ...format }, { bounds }), seen)
      }
    })
  }
}

test('CSV with types that is written is read with types as it was', async () => {
  const records = [{ text: '12', number: 12, nothing: null, yes: true, no: false }, { text: 'true', number: -0.5, nothing: null, yes: false, no: true }, { text: '', number: 0, nothing: null, yes: true, no: true }]

  const stored = await writeAll({ format: 'csv' }, records)

  assert.equal(stored.toString(), 'text,number,nothing,yes,no\r\n"12",12,,true,false\r\n"true",-0.5,,false,true\r\n"",0,,true,true\r\n')
  assert.deepEqual(await readThrough(sourceOf(stored), { format: 'csv', types: true }), records)
})

test('reading CSV goes on behind its header, with the names that are in it', async () => {
  const csv = Buffer.from('\uFEFF"a",b\r\n\r\n"1\n",2\r\n3,4\r\n')
  const batches = await readBatches(sourceOf(csv), { format: 'csv' }, { bounds: { batchRecords: 1 } })

  assert.deepEqual(positionsIn(batches).map(({ bytes }) => bytes), [9, 19, 19, 24])
  assert.deepEqual(collect(await readBatches(sourceOf(csv), { format: 'csv' }, { from: { records: 1, bytes: 19 } })), [{ a: '3', b: '4' }])
  assert.deepEqual(collect(await readBatches(sourceOf(csv), { format: 'csv' }, { to: 19 })), [{ a: '1\n', b: '2' }])
})
