import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Order } from '../../bench/records/orders.ts'

/** A transform that goes on while things break. What it has to write is computed without the service. */
export interface ChaosTransform {
  name: string
  code: string
  settings: object
  /** Lines that a run without faults writes, made of one order, and after the last of them. */
  write (order: Order): string
  finish? (): string
  /** Lines of the file of rejects are only counted. */
  rejects? (order: Order): boolean
}

/** What came out, or has to. */
export interface Checksum {
  lines: number
  sha256: string
  rejected: number
}

/** Often enough that faults meet all phases of a commit. */
const CHECKPOINT_MS = 250
const FAILING = 101
const SAVE_EVERY = 2000

const line = (value: unknown) => `${JSON.stringify(value)}\n`
const price = ({ items }: Order) => Math.round(items.reduce((sum, { quantity, price }) => sum + quantity * price * 100, 0))
/** Code rests after so many records. */
const REST_EVERY = 500
const PRICE = 'const price = ({ items }) => Math.round(items.reduce((sum, { quantity, price }) => sum + quantity * price * 100, 0))\n'

/** One of each shape that code may have, each resting about so long in all. They are made anew for each use, since some add up. */
export function makeTransforms ({ records, restMs }: { records: number, restMs: number }): ChaosTransform[] {
  const common = `${PRICE}const after = (order, made) => order.id % ${REST_EVERY} === 0 ? new Promise((resolve) => setTimeout(resolve, ${Math.ceil(restMs / (records / REST_EVERY))}, made)) : made\n`
  const sums: Record<string, { city: string, orders: number, ids: number, cents: number }> = {}
  const mapped = (order: Order) => line({ id: order.id, city: order.city, cents: price(order) })
  return [
    {
      name: 'a function whose failures are skipped',
      code: `${common}export default (order) => {
        if (order.id % ${FAILING} === 0) throw new RangeError("no " + order.id)
        return after(order, { id: order.id, city: order.city, cents: price(order) })
      }`,
      settings: { checkpointMs: CHECKPOINT_MS, errors: { policy: 'skip' } },
      write: (order) => order.id % FAILING === 0 ? '' : mapped(order),
      rejects: ({ id }) => id % FAILING === 0,
    },
    {
      name: 'an aggregate',
      code: `${common}export default {
        initial: {},
        filter: (order) => after(order, order.express),
        reduce (sums, order) {
          const sum = sums[order.city] ??= { city: order.city, orders: 0, ids: 0, cents: 0 }
          sum.orders += 1
          sum.ids += order.id
          sum.cents += price(order)
          return sums
        },
        flush: (sums) => Object.values(sums),
      }`,
      settings: { checkpointMs: CHECKPOINT_MS },
      write (order) {
        if (!order.express) return ''
        const sum = sums[order.city] ??= { city: order.city, orders: 0, ids: 0, cents: 0 }
        sum.orders += 1
        sum.ids += order.id
        sum.cents += price(order)
        return ''
      },
      finish: () => Object.values(sums).map(line).join(''),
    },
    {
      name: 'a generator that saves',
      code: `${common}export default async function* (orders, { checkpoint }) {
        const state = await checkpoint.load() ?? { taken: 0, cents: 0 }
        for await (const order of orders) {
          await after(order)
          state.taken += 1
          state.cents += price(order)
          if (order.express) yield { id: order.id, ...state }
          if (state.taken % ${SAVE_EVERY} === 0) await checkpoint.save(state)
        }
      }`,
      settings: { output: { compression: 'gzip' } },
      ...runningTotal(),
    },
    {
      name: 'shards',
      code: `${common}export default (order) => after(order, { id: order.id, city: order.city, cents: price(order) })`,
      settings: { checkpointMs: CHECKPOINT_MS, shards: 3 },
      write: mapped,
    },
  ]
}

function runningTotal (): Pick<ChaosTransform, 'write'> {
  let [taken, cents] = [0, 0]
  return {
    write (order) {
      taken += 1
      cents += price(order)
      return order.express ? line({ id: order.id, taken, cents }) : ''
    },
  }
}

/** What each has to write for the orders of a file, computed in one pass of it. */
export async function computeChecksums (file: string, transforms: readonly ChaosTransform[]): Promise<Checksum[]> {
  const sums = transforms.map(() => ({ hash: createHash('sha256'), lines: 0, rejected: 0 }))
  const add = (index: number, text: string) => {
    const sum = sums[index]
    if (!sum || text === '') return
    sum.hash.update(text)
    sum.lines += text.split('\n').length - 1
  }
  for await (const order of readOrders(file)) {
    for (const [index, transform] of transforms.entries()) {
      add(index, transform.write(order))
      const sum = sums[index]
      if (sum && transform.rejects?.(order)) sum.rejected += 1
    }
  }
  for (const [index, { finish }] of transforms.entries()) add(index, finish?.() ?? '')
  return sums.map(({ hash, lines, rejected }) => ({ lines, rejected, sha256: hash.digest('hex') }))
}

async function* readOrders (file: string): AsyncGenerator<Order> {
  let rest = ''
  for await (const chunk of createReadStream(file, { encoding: 'utf8' })) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const text of lines) yield JSON.parse(text) as Order // we wrote it
  }
}
