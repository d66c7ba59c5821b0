import { Buffer } from 'node:buffer'
import type { RecordBatch, RecordPort, TransformOutput } from '../../src/core/records.ts'

export interface MemoryPort extends RecordPort {
  /** What the code made, in its order. */
  readonly outputs: TransformOutput[]
  /** The records of all outputs, parsed. */
  readonly written: () => unknown[]
  /** States in the order in which they were committed. */
  readonly states: () => unknown[]
  /** Records that were handed out. */
  readonly sent: () => number
}

export interface MemoryPortOptions {
  /** One record a line, with or without an end. */
  lines: Iterable<string>
  /** Records a batch. */
  size?: number
  policy?: 'fail' | 'skip'
  checkpointMs?: number
  state?: string | null
  /** Number of the first record in its source, less one. */
  skipped?: number
  /** Called before a batch is given, and before an output is taken. */
  beforeNext? (): Promise<void> | void
  beforeTake? (output: TransformOutput): Promise<void> | void
}

/** Records out of memory and into it. */
export function createMemoryPort ({ lines, size = 100, policy = 'fail', checkpointMs = 3_600_000, state = null, skipped = 0, ...hooks }: MemoryPortOptions): MemoryPort {
  const iterator = lines[Symbol.iterator]()
  const outputs: TransformOutput[] = []
  let at = { records: skipped, bytes: 0 }
  let sent = 0

  function readBatch (): RecordBatch | null {
    const batch: string[] = []
    const ends: number[] = []
    let end = at.bytes
    for (let step = iterator.next(); !step.done; step = batch.length < size ? iterator.next() : { done: true, value: undefined }) {
      batch.push(`${step.value}\n`)
      ends.push(end += Buffer.byteLength(step.value) + 1)
    }
    if (batch.length === 0) return null
    const start = at
    at = { records: at.records + batch.length, bytes: end }
    sent += batch.length
    return { text: Buffer.from(batch.join('')), count: batch.length, start, ends: Float64Array.from(ends) }
  }

  return {
    settings: { errors: { policy, name: 'rejects.ndjson' }, checkpointMs },
    state,
    outputs,
    async next () {
      await hooks.beforeNext?.()
      return readBatch()
    },
    async take (output) {
      await hooks.beforeTake?.(output)
      outputs.push({ ...output, text: Buffer.from(output.text) })
    },
    written: () => outputs.flatMap(({ text }) => text.toString().split('\n').slice(0, -1).map((line) => JSON.parse(line) as unknown)),
    states: () => outputs.flatMap((output) => output.state === null ? [] : [JSON.parse(output.state) as unknown]),
    sent: () => sent,
  }
}

/** Lines of JSON, one for each number from 1. */
export function * countTo (last: number): Generator<string> {
  for (let n = 1; n <= last; n++) yield `{"n":${n}}`
}
