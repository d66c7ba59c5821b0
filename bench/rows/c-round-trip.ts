import { setTimeout as wait } from 'node:timers/promises'
import { startBull } from '../bull.ts'
import { createJobClient } from '../jobs.ts'
import type { Row } from '../row.ts'
import { startService } from '../service.ts'
import { median, percentile } from '../statistics.ts'

const ROUNDS = 8
const TRIPS_PER_ROUND = 50
const WARM_UP_TRIPS = 100
const WAIT_S = 30
/** Between two requests, so that a job meets the service idle, as the isolate of the one before it is being replaced otherwise. */
const IDLE_MS = 10

/** How long a client waits for one job while nothing else goes on. */
export const roundTrip: Row = {
  id: 'c',
  title: 'One no-op at a time, posted with Prefer: wait, until its result is answered',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const service = await startService(bench, closing)
    const client = createJobClient(service)
    closing.defer(() => client.close())
    const bull = await startBull(service.redisUrl, closing)
    const makeTrip = async () => {
      await wait(IDLE_MS)
      const started = performance.now()
      await client.post(WAIT_S)
      return performance.now() - started
    }
    const makeBareTrip = async () => {
      await wait(IDLE_MS)
      return bull.runOne()
    }
    await repeat(WARM_UP_TRIPS, makeTrip)
    await repeat(WARM_UP_TRIPS, makeBareTrip)

    const ratios: number[] = []
    const [trips, bareTrips]: [number[], number[]] = [[], []]
    for (let round = 0; round < ROUNDS; round += 1) {
      const bare = await repeat(TRIPS_PER_ROUND, makeBareTrip)
      const own = await repeat(TRIPS_PER_ROUND, makeTrip)
      ratios.push(median(own) / median(bare))
      trips.push(...own)
      bareTrips.push(...bare)
    }
    return [
      { name: 'round trip, p50', value: median(trips), unit: 'ms', target: { type: 'at most', value: 20 } },
      { name: 'round trip, p99', value: percentile(trips, 0.99), unit: 'ms' },
      { name: 'p50 ÷ bare BullMQ, from add to completed', value: median(ratios), unit: 'ratio' },
      { name: 'bare BullMQ, p50', value: median(bareTrips), unit: 'ms' },
      { name: 'bare BullMQ, p99', value: percentile(bareTrips, 0.99), unit: 'ms' },
    ]
  },
}

async function repeat (times: number, act: () => Promise<number>): Promise<number[]> {
  const values: number[] = []
  while (values.length < times) values.push(await act())
  return values
}
