import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collect, readBatches, readThrough, sourceOf } from './records.ts'

const format = { format: 'ndjson', compression: 'none' } as const

test('lines of white space are no records, the last line needs no end, and a byte-order mark is none', async () => {
  const batches = await readBatches(sourceOf(Buffer.from('\uFEFF1\n\n \t\r\n2\r\n\n3')), format)

  assert.deepEqual(collect(batches), [1, 2, 3])
  assert.deepEqual(batches.map(({ text, ends }) => [text.toString(), [...ends]]), [['1\n2\r\n3\n', [5, 13, 15]]])
})

test('a line that is no JSON is left to whoever parses it', async () => {
  const [batch] = await readBatches(sourceOf(Buffer.from('{"a":\nnull x\n')), format)

  assert.equal(batch?.text.toString(), '{"a":\nnull x\n')
})

test('others have their turn while one record after another is wrong', async () => {
  let turns = 0
  const timer = setInterval(() => turns++, 1)

  const seen = await readThrough(sourceOf(Buffer.from('\xff\n'.repeat(20_000), 'latin1')), format)
  clearInterval(timer)

  assert.equal(seen.length, 20_000)
  assert.ok(turns > 3, String(turns))
})
