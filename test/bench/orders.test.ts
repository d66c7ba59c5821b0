import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeOrder, writeCsv, writeNdjson } from '../../bench/records/orders.ts'

test('orders are the same for the same seed, and others for another', () => {
  assert.deepEqual(makeOrder(7, 1), makeOrder(7, 1))
  assert.notDeepEqual(makeOrder(7, 1), makeOrder(7, 2))
})

test('NDJSON has as many orders as were asked for, or as fit', async (t) => {
  const file = join(makeFolder(t), 'orders.ndjson')

  const byRecords = await writeNdjson(file, 1, { records: 3000 })
  const text = readFileSync(file, 'utf8')
  const byBytes = await writeNdjson(file, 1, { bytes: 100_000 })

  assert.deepEqual(text.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown), Array.from({ length: 3000 }, (_, index) => makeOrder(index + 1, 1)))
  assert.deepEqual(byRecords, { records: 3000, bytes: Buffer.byteLength(text) })
  assert.ok(byBytes.bytes >= 100_000 && byBytes.bytes < 110_000, String(byBytes.bytes))
})

test('CSV has the same orders, with line ends and quotes in fields', async (t) => {
  const file = join(makeFolder(t), 'orders.csv')

  const { records } = await writeCsv(file, 1, { records: 200 })
  const text = readFileSync(file, 'utf8')

  assert.equal(records, 200)
  assert.match(text, /^id,customer,city,placedAt,express,note,sku,quantity,price\r\n1,/)
  assert.match(text, /,"call ""before"" coming",/)
  assert.match(text, /,"two\nlines",/)
})

function makeFolder (t: { after (end: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-orders-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
