import { compareInRounds } from '../rounds.ts'
import type { Figure, Row } from '../row.ts'
import { startTransforms } from '../transforms.ts'

const ROUNDS = 3
const BYTES = 64_000_000
const SHARDS = [2, 4] as const

/** What it brings to split a file. No target: with two processors, as many shards have all there is. */
export const shards: Row = {
  id: 'v',
  title: 'The same transform in shards ÷ in one piece, records per second',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const transforms = await startTransforms(bench, closing)
    const orders = await transforms.addOrders('orders.ndjson', { bytes: BYTES })
    const rate = async (count: number) => orders.records / await transforms.run('map', orders, { shards: count }) * 1000
    await rate(1)
    const figures: Figure[] = []
    for (const count of SHARDS) {
      const { ratio, subject, baseline } = await compareInRounds(ROUNDS, () => rate(count), () => rate(1))
      bench.note(`  ${count} shards: ${ratio.toFixed(2)}`)
      figures.push(
        { name: `${count} shards ÷ 1`, value: ratio, unit: 'ratio' },
        { name: `${count} shards: records`, value: subject, unit: 'per second' },
        { name: `1 shard: records`, value: baseline, unit: 'per second' },
      )
    }
    return figures
  },
}
