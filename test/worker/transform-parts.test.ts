import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordError, type RecordBatch, type RecordReader } from '../../src/core/records.ts'
import { OutputFormat } from '../../src/core/transform.ts'
import type { Files } from '../../src/files/files.ts'
import type { OutputWriter } from '../../src/files/output.ts'
import type { Run } from '../../src/store/db.ts'
import { Pace } from '../../src/worker/pace.ts'
import { TransformMeter } from '../../src/worker/transform/meter.ts'
import { openOutputs } from '../../src/worker/transform/outputs.ts'
import { SourceCursor } from '../../src/worker/transform/source-cursor.ts'

const DAY_MS = 86_400_000
const BEGINNING = { records: 0, bytes: 0 }

/** Gives what it is told to, one after another. */
function readFrom (steps: (RecordBatch | RecordError)[]): RecordReader {
  const left = [...steps]
  return {
    storedBytes: 0,
    close: async () => {},
    async next () {
      const step = left.shift()
      if (step instanceof Error) throw step
      return step
    },
  }
}

/** Records of ten bytes each. */
function batch (from: number, count: number): RecordBatch {
  const lines = Array.from({ length: count }, (_, i) => `${from + i}`)
  return { text: Buffer.from(lines.map((line) => `${line}\n`).join('')), count, start: { records: from, bytes: from * 10 }, ends: Float64Array.from(lines, (_, i) => (from + i + 1) * 10) }
}

const malformed = (at: number) => new RecordError(`record ${at + 1}`, { record: at + 1, byte: at * 10, end: { records: at + 1, bytes: (at + 1) * 10 } })
const open = (steps: (RecordBatch | RecordError)[], skips: boolean, onSkipped = async () => {}) => new SourceCursor({ reader: readFrom(steps), from: BEGINNING, skips, onSkipped })

test('the place of the code is behind the last record that it has taken, wherever the batches end', async () => {
  const cursor = open([batch(0, 3), batch(3, 2)], false)
  await cursor.next()
  await cursor.next()

  const places = [0, 1, 3, 4, 5].map((taken) => {
    cursor.advance(taken)
    return cursor.position
  })

  assert.deepEqual(places, [0, 1, 3, 4, 5].map((n) => ({ records: n, bytes: n * 10 })))
  assert.equal(await cursor.next(), null)
  assert.throws(() => cursor.advance(4), RangeError)
  assert.throws(() => cursor.advance(6), RangeError)
})

test('a malformed record is told of when everything before it was taken, however far it was read ahead', async () => {
  const cursor = open([batch(0, 2), malformed(2), batch(3, 1)], false)
  await cursor.next()
  let told = false
  const next = cursor.next().catch((error: unknown) => { told = true; return error })

  cursor.advance(1)
  await new Promise(setImmediate)
  const early = told
  cursor.advance(2)

  assert.equal((await next as Error).message, 'record 3')
  assert.equal(early, false)
})

test('records that are passed over are counted in their place, the last ones too', async () => {
  const cursor = open([malformed(0), batch(1, 2), malformed(3), malformed(4), batch(5, 1), malformed(6)], true)
  const skipped = (taken?: number) => cursor.advance(taken).map(({ record }) => record)
  for (let n = 0; n < 3; n++) await cursor.next()

  assert.deepEqual([skipped(0), skipped(1), skipped(2), skipped(3), skipped()], [[1], [], [4, 5], [7], []])
  assert.deepEqual(cursor.position, { records: 7, bytes: 70 })
})

test('many records in a row that are passed over are counted before more is read', async () => {
  const counts: number[] = []
  const cursor = open([...Array.from({ length: 2500 }, (_, at) => malformed(at)), batch(2500, 1)], true, async () => { counts.push(cursor.advance().length) })

  const next = await cursor.next()

  assert.deepEqual([next?.start.records, counts], [2500, [1001, 1001]])
  assert.equal(cursor.advance().length, 498)
})

test('the text of a record is known until the code is through with its batch', async () => {
  const cursor = open([batch(0, 3)], false)
  await cursor.next()
  cursor.advance(2)

  assert.deepEqual([0, 1, 2, 3, 4].map((record) => cursor.lineOf(record)), [undefined, '0', '1', '2', undefined])
})

test('rejects are written in small portions, and a long record that failed again and again once', async () => {
  const written: Buffer[] = []
  const writer: OutputWriter = { id: 'fil_1', name: 'x', get bytes () { return written.reduce((sum, { length }) => sum + length, 0) }, write: async (bytes) => { written.push(bytes) }, sync: async () => { throw new Error('not here') }, close: async () => {}, discard: async () => {} }
  const settings = { output: OutputFormat.parse({}), errors: { policy: 'skip', name: 'rejects.ndjson' } } as const
  const outputs = await openOutputs({ files: { output: async () => writer } as Partial<Files> as Files, run: { jobId: 'job_1' } as Run, settings, maxBytes: 2_000_000_000, state: null, part: false })
  const error = { code: 'USER_ERROR', name: 'Error', message: 'no' }

  await outputs.reject(Array.from({ length: 100 }, (_, at) => ({ record: 1 + (at >> 1), byte: 0, error })), () => 'x'.repeat(100_000))

  const lines = Buffer.concat(written).toString().trimEnd().split('\n')
  assert.deepEqual([lines.length, ...lines.slice(-2).map((line) => JSON.parse(line) as unknown)], [100, { record: 50, byte: 0, error, text: 'x'.repeat(100_000) }, { record: 50, byte: 0, error }])
  assert.ok(Math.max(...written.map(({ length }) => length)) < 300_000)
  await outputs.close()
})

test('what is told again and again is told some hundred times a day, whatever its beat', () => {
  for (const everyMs of [0, 1000]) {
    const pace = new Pace(everyMs)
    let told = 0
    for (let ms = 100; ms < DAY_MS; ms += 100) if (pace.isDue(ms)) told += 1
    assert.ok(told > 50 && told < 150, `${told}`)
  }
})

test('the rate is that of the last seconds, and the estimate follows from it', () => {
  const meter = new TransformMeter(0, { records: 500, fraction: 0.5 })

  const first = meter.look(1000, { records: 600, fraction: 0.6 })
  let last = first
  for (let n = 1; n <= 60; n++) last = meter.look(1000 + n * 1000, { records: 600 + n, fraction: 0.6 + n / 1000 })

  assert.deepEqual(first, { recordsPerSecond: 100, etaMs: 4000 })
  assert.ok(last.recordsPerSecond < 3, `${last.recordsPerSecond}`)
  assert.deepEqual([meter.look(62_000, { records: 1000, fraction: 1 }).etaMs, meter.look(63_000, { records: 1000, fraction: null }).etaMs], [0, null])
})
