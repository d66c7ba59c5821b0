import { join } from 'node:path'
import { startBaseline } from '../baseline.ts'
import { readCpuMs } from '../processes.ts'
import { compareInRounds } from '../rounds.ts'
import type { Bench, Figure, Row } from '../row.ts'
import { startTransforms, SUBJECTS, urlOf, type Orders, type Subject, type TransformBench } from '../transforms.ts'

const ROUNDS = 3
const BYTES = 64_000_000
const MB = 1_000_000
/** A runner and its code that have not run yet are slower. */
const WARM_UP_BYTES = 2_000_000
/** What a map has to reach. The others are there to compare. */
const LEAST = 0.4

/** Records through the whole service. */
export const transforms: Row = {
  id: 't',
  title: 'Records of NDJSON through a transform, from the request to its end ÷ the same function in plain Node streams',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const transforms = await startTransforms(bench, closing)
    const warmUp = await transforms.addOrders('warm-up.ndjson', { bytes: WARM_UP_BYTES })
    const orders = await transforms.addOrders('orders.ndjson', { bytes: BYTES })
    await transforms.run('identity', warmUp)
    const figures: Figure[] = []
    for (const subject of SUBJECTS) figures.push(...await measureSubject(bench, transforms, { subject, orders }))
    return figures
  },
}

async function measureSubject (bench: Bench, { service, folder, run }: TransformBench, { subject, orders }: { subject: Subject, orders: Orders }): Promise<Figure[]> {
  const rate = (ms: number) => orders.records / ms * 1000
  const cpuMs = { service: 0, plain: 0 }
  const { ratio, subject: served, baseline } = await compareInRounds(ROUNDS, async () => {
    const before = sumOf(readCpuMs(service.pids))
    const ms = await run(subject, orders)
    cpuMs.service += sumOf(readCpuMs(service.pids)) - before
    return rate(ms)
  }, async () => {
    const plain = startBaseline('streams.ts')
    try {
      const spent = await plain.ask({ from: orders.file, to: join(folder, 'plain.ndjson'), url: urlOf(subject).href }) as { ms: number, cpuMs: number } // what the baseline answers
      cpuMs.plain += spent.cpuMs
      return rate(spent.ms)
    } finally {
      await plain.close()
    }
  })
  bench.note(`  ${subject}: ${ratio.toFixed(2)}`)
  return [
    { name: `${subject}: service ÷ plain Node`, value: ratio, unit: 'ratio', ...(subject === 'map' ? { target: { type: 'at least', value: LEAST } } : {}) },
    // Other processes take more from one process than from a service of several; this they do not touch.
    { name: `${subject}: CPU time of plain Node ÷ CPU time of the service`, value: cpuMs.plain / cpuMs.service, unit: 'ratio' },
    { name: `${subject}: records, service`, value: served, unit: 'per second' },
    { name: `${subject}: records, plain Node`, value: baseline, unit: 'per second' },
    { name: `${subject}: megabytes, service`, value: served * orders.bytes / orders.records / MB, unit: 'per second' },
  ]
}

function sumOf (byRole: Readonly<Record<string, number>>): number {
  return Object.values(byRole).reduce((sum, ms) => sum + ms, 0)
}
