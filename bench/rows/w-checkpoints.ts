import { compareInRounds } from '../rounds.ts'
import type { Figure, Row } from '../row.ts'
import { startTransforms } from '../transforms.ts'

const ROUNDS = 3
const BYTES = 64_000_000
/** The most often that a job may ask for, five times as often as it gets unless it asks, and never within a measurement. */
const OFTEN_MS = 100
const EVERY_SECOND_MS = 1000
const NEVER_MS = 3_600_000

/** What automatic checkpoints cost: each writes the output to the disk and a record to Redis. */
export const checkpoints: Row = {
  id: 'w',
  title: 'A transform with automatic checkpoints ÷ without, records per second',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const transforms = await startTransforms(bench, closing)
    const orders = await transforms.addOrders('orders.ndjson', { bytes: BYTES })
    const rate = async (checkpointMs: number) => orders.records / await transforms.run('map', orders, { checkpointMs }) * 1000
    await rate(NEVER_MS)
    const figures: Figure[] = []
    for (const everyMs of [EVERY_SECOND_MS, OFTEN_MS]) {
      const { ratio } = await compareInRounds(ROUNDS, () => rate(everyMs), () => rate(NEVER_MS))
      bench.note(`  every ${everyMs} ms: ${ratio.toFixed(2)}`)
      figures.push({ name: `every ${everyMs} ms ÷ none`, value: ratio, unit: 'ratio', ...(everyMs === EVERY_SECOND_MS ? { target: { type: 'at least', value: 0.9 } } : {}) })
    }
    return figures
  },
}
