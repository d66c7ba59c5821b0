import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import * as fc from 'fast-check'
import { RecordError, type RecordBatch, type RecordPosition } from '../../src/core/records.ts'
import { OutputFormat } from '../../src/core/transform.ts'
import type { RecordBounds } from '../../src/records/bounds.ts'
import { createWriter } from '../../src/records/create-writer.ts'
import type { WriterState } from '../../src/records/printer.ts'
import { openReader } from '../../src/records/open-reader.ts'
import type { SourceFormat } from '../../src/records/resolve-format.ts'
import type { RecordSource } from '../../src/records/source.ts'
import type { z } from 'zod'

const DEFAULTS: SourceFormat = { format: 'ndjson', compression: 'none', delimiter: ',', header: true, types: false }

export interface Reading {
  from?: RecordPosition
  to?: number
  bounds?: Partial<RecordBounds>
}

export function formatOf (format: Partial<SourceFormat>): SourceFormat {
  return { ...DEFAULTS, ...format }
}

/** Sizes of the pieces that a source comes in, again and again. */
export function chunked (): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 })
}

export function sourceOf (stored: Buffer, sizes: readonly number[] = [65_536]): RecordSource {
  return {
    bytes: stored.length,
    open: (start) => Readable.from((function * () {
      for (let offset = start, turn = 0; offset < stored.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1
        yield stored.subarray(offset, offset + size)
        offset += size
      }
    })(), { objectMode: false }),
  }
}

/** Every batch; rejects with the first failure. */
export async function readBatches (source: RecordSource, format: Partial<SourceFormat>, reading: Reading = {}): Promise<RecordBatch[]> {
  const reader = openReader({ source, format: { ...DEFAULTS, ...format }, ...reading })
  const batches: RecordBatch[] = []
  try {
    for (let batch = await reader.next(); batch; batch = await reader.next()) batches.push(batch)
  } finally {
    await reader.close()
  }
  return batches
}

/** Records, and messages of failures where they were; ends at one that nothing can be read behind. */
export async function readThrough (source: RecordSource, format: Partial<SourceFormat>, reading: Reading = {}): Promise<unknown[]> {
  const reader = openReader({ source, format: { ...DEFAULTS, ...format }, ...reading })
  const seen: unknown[] = []
  try {
    for (;;) {
      try {
        const batch = await reader.next()
        if (!batch) return seen
        seen.push(...collect([batch]))
      } catch (error) {
        assert.ok(error instanceof RecordError, String(error))
        seen.push(error.message)
        if (!error.end) return seen
      }
    }
  } finally {
    await reader.close()
  }
}

/** The records of batches, which are checked to be as they have to be. */
export function collect (batches: readonly RecordBatch[]): unknown[] {
  return batches.flatMap(({ text, count, start, ends }) => {
    const lines = text.toString().split('\n')
    assert.equal(lines.pop(), '')
    assert.equal(lines.length, count)
    assert.equal(ends.length, count)
    assert.ok(ends.every((end, index) => end > (ends[index - 1] ?? start.bytes)), `${start.bytes}: ${ends.join()}`)
    return lines.map((line) => JSON.parse(line) as unknown)
  })
}

/** Everywhere that reading can go on. */
export function positionsIn (batches: readonly RecordBatch[]): RecordPosition[] {
  return batches.flatMap(({ start, ends }) => [start, Array.from(ends, (bytes, index) => ({ records: start.records + index + 1, bytes }))].flat())
}

export async function readAll (source: RecordSource, format: Partial<SourceFormat>, bounds: Partial<RecordBounds> = {}): Promise<unknown[]> {
  return collect(await readBatches(source, format, { bounds }))
}

export interface Writing {
  commitEvery?: number
  part?: boolean
  bounds?: Partial<RecordBounds>
}

/** Writes records, each writer going on where the one before committed. */
export async function writeAll (format: z.input<typeof OutputFormat>, records: readonly unknown[], { commitEvery = Infinity, ...options }: Writing = {}): Promise<Buffer> {
  return (await writeParts(format, records, { commitEvery, ...options })).stored
}

export async function writeParts (format: z.input<typeof OutputFormat>, records: readonly unknown[], { commitEvery = Infinity, ...options }: Writing = {}): Promise<{ stored: Buffer, state: WriterState }> {
  const stored: Buffer[] = []
  const sink = { write: async (bytes: Buffer) => { stored.push(bytes) } }
  let state: WriterState | null = null
  let writer = createWriter({ format: OutputFormat.parse(format), sink, ...options })
  for (const [index, record] of records.entries()) {
    await writer.write(Buffer.from(`${JSON.stringify(record)}\n`), 1)
    if ((index + 1) % commitEvery !== 0) continue
    state = JSON.parse(JSON.stringify(await writer.commit())) as WriterState // as it is kept
    writer.close()
    writer = createWriter({ format: OutputFormat.parse(format), sink, state, ...options })
  }
  state = await writer.end()
  writer.close()
  return { stored: Buffer.concat(stored), state }
}
