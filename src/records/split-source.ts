import { RecordError, type RecordPosition, type RecordReader } from '../core/records.ts'
import { RECORD_BOUNDS } from './bounds.ts'
import { readContent } from './content.ts'
import { openReader, type ReaderOptions } from './open-reader.ts'

export interface SplitOptions extends Pick<ReaderOptions, 'source' | 'format' | 'bounds'> {
  parts: number
  signal?: AbortSignal
}

const NEWLINE = 0x0a
/** White space of JSON. Source: RFC 8259, section 2. */
const BLANKS: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d])
/** Places that are remembered of a source, from which those of its parts are chosen. */
const PLACES_MAX = 16_384

/**
 * Finds out where to split a source, in at most so many parts of about as many bytes each: where the first record of each of them begins. There are fewer where there are not so many records. The
 * source is read once, and its records are counted; those that are wrong by themselves count as any. Throws what reading throws, and the reason of the signal.
 */
export async function splitSource (options: SplitOptions): Promise<RecordPosition[]> {
  const places = new Places()
  await (options.format.format === 'ndjson' ? findLines(options, places) : findRecords(options, places))
  return places.choose(options.parts)
}

/** Reads the records as whoever works on them does. */
async function findRecords ({ source, format, bounds, signal }: SplitOptions, places: Places): Promise<void> {
  const reader = openReader({ source, format, ...(bounds ? { bounds } : {}) })
  try {
    for (let ends = await nextEnds(reader); ends; ends = await nextEnds(reader)) {
      signal?.throwIfAborted()
      for (const { records, bytes } of ends) places.add(records, bytes)
    }
  } finally {
    await reader.close()
  }
}

/** Looks for the ends of lines alone, which is ten times faster. Lines of white space are no records. */
async function findLines ({ source, format: { compression }, bounds, signal }: SplitOptions, places: Places): Promise<void> {
  let records = 0
  let isBlank = true
  let end = 0
  for await (const { position, piece } of readContent({ source, compression, from: 0, bounds: { ...RECORD_BOUNDS, ...bounds }, meter: { storedBytes: 0 } })) {
    signal?.throwIfAborted()
    for (let offset = 0; offset < piece.length;) {
      const newline = piece.indexOf(NEWLINE, offset)
      const next = newline === -1 ? piece.length : newline + 1
      if (isBlank) isBlank = isBlankIn(piece, offset, next)
      if (newline !== -1 && !isBlank) places.add(records += 1, position + next)
      if (newline !== -1) isBlank = true
      offset = next
    }
    end = position + piece.length
  }
  if (!isBlank) places.add(records + 1, end)
}

function isBlankIn (bytes: Buffer, start: number, end: number): boolean {
  let at = start
  while (at < end && BLANKS.has(bytes[at])) at++
  return at === end
}

/** Where the next records end; undefined after the last. */
async function nextEnds (reader: RecordReader): Promise<Iterable<RecordPosition> | undefined> {
  try {
    const batch = await reader.next()
    return batch && batch.ends.entries().map(([at, bytes]) => ({ records: batch.start.records + at + 1, bytes }))
  } catch (error) {
    if (error instanceof RecordError && error.end) return [error.end]
    throw error
  }
}

/** Ends of records, not all of them where there are many. */
class Places {
  #places: RecordPosition[] = [{ records: 0, bytes: 0 }]
  #end: RecordPosition = { records: 0, bytes: 0 }
  /** Between two that are remembered lie so many bytes. */
  #spacing = 0

  /** The end of the record behind the last one. */
  add (records: number, bytes: number): void {
    this.#remember(this.#end) // which is no end: a record begins there
    this.#end = { records, bytes }
  }

  choose (parts: number): RecordPosition[] {
    const chosen: RecordPosition[] = []
    for (const place of this.#places) if (place.bytes * parts >= this.#end.bytes * chosen.length && chosen.length < parts) chosen.push(place)
    return chosen
  }

  #remember (place: RecordPosition): void {
    const last = this.#places.at(-1)
    if (last && place.bytes - last.bytes < Math.max(1, this.#spacing)) return
    this.#places.push(place)
    if (this.#places.length < PLACES_MAX) return
    this.#spacing = place.bytes / PLACES_MAX * 2
    this.#places = this.#thin()
  }

  #thin (): RecordPosition[] {
    const kept: RecordPosition[] = []
    for (const place of this.#places) if (place.bytes - (kept.at(-1)?.bytes ?? -Infinity) >= this.#spacing) kept.push(place)
    return kept
  }
}
