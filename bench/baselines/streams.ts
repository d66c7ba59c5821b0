// A transform of NDJSON as one writes it with Node's streams: {from, to, url} comes in, {records, ms, cpuMs} goes out.
import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

interface Task {
  from: string
  to: string
  /** Module with the transform. */
  url: string
}

/** The shapes that the subjects have. */
interface Shape {
  filter? (record: unknown): boolean
  map? (record: unknown): unknown
  initial?: unknown
  reduce? (accumulator: unknown, record: unknown): unknown
  flush? (accumulator: unknown): Iterable<unknown>
}

/** As much is read at a time; less and more were no faster. */
const READ_BYTES = 262_144

process.on('message', async ({ from, to, url }: Task) => {
  const { default: entry } = await import(url) as { default: Shape | ((record: unknown) => unknown) } // our own subjects
  const shape = typeof entry === 'function' ? { map: entry } : entry
  const started = performance.now()
  const before = process.cpuUsage()
  let records = 0

  let accumulator = structuredClone(shape.initial)

  const transformLines = (lines: readonly string[]): string => {
    let text = ''
    for (const line of lines) {
      records += 1
      const record: unknown = JSON.parse(line)
      if (shape.filter && !shape.filter(record)) continue
      const made = shape.map ? shape.map(record) : record
      if (shape.reduce) accumulator = shape.reduce(accumulator, made)
      else if (made !== undefined) text += `${JSON.stringify(made)}\n`
    }
    return text
  }

  /** All lines of a piece at once, since a step of an asynchronous generator for each would cost more than its work. */
  async function* transform (chunks: AsyncIterable<string>): AsyncGenerator<string> {
    let rest = ''
    for await (const chunk of chunks) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      yield transformLines(lines)
    }
    if (rest !== '') yield transformLines([rest])
    if (!shape.reduce) return
    for (const made of shape.flush?.(accumulator) ?? [accumulator]) yield `${JSON.stringify(made)}\n`
  }

  await pipeline(createReadStream(from, { encoding: 'utf8', highWaterMark: READ_BYTES }), transform, createWriteStream(to))
  const { user, system } = process.cpuUsage(before)
  process.send?.({ records, ms: performance.now() - started, cpuMs: (user + system) / 1000 })
})
