import { readProcessCpuMs } from '../../src/engine/proc.ts'
import { type AskedProcess, startAsked } from '../asked-process.ts'
import { postJob } from '../followed-job.ts'
import type { Count, Order, Times, Transport } from '../followers/main.ts'
import type { Bench, Figure, Row } from '../row.ts'
import { type BenchService, startService } from '../service.ts'

const MANY = 1000
const LINES = 20
/** Between two lines. A thousand long polls take the API a good half of a second to be answered and asked anew. */
const EVERY_MS = { 'Server-Sent Events': 500, 'WebSocket': 500, 'long poll': 2000 } as const satisfies Record<Transport, number>
const P95_MS = 100
const BURST = 1000
const LIMITS = { timeoutMs: 600_000, cpuMs: 600_000, logLines: 100_000 }

/** Prints the time, until it is cancelled. */
const PRINT = 'export default async (everyMs) => { for (;;) { console.log("at " + Date.now()); await new Promise((resolve) => setTimeout(resolve, everyMs)) } }'
/** Prints many lines as fast as it can, once it is told to. */
const PRINT_MANY = `export default async () => {
  await new Promise((resolve) => channel.on('go', resolve).then(() => console.log('listens')))
  for (let i = 0; i < ${BURST}; i++) console.log('burst ' + i)
}`
const GO = 'export default () => channel.emit("go", 1)'

/** From the isolate over the worker, Redis and one API process into the process of those who follow. */
export const followers: Row = {
  id: 'q',
  title: 'A line that a job prints, until those who follow the job have it',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const service = await startService(bench, closing, { BATCHBOX_USAGE_EVERY_MS: '0' }) // lines, and nothing between them
    const figures: Figure[] = []
    for (const transport of ['Server-Sent Events', 'WebSocket', 'long poll'] as const) {
      for (const viewers of [1, MANY]) figures.push(...await measureTimes(bench, service, transport, viewers))
    }
    for (const transport of ['Server-Sent Events', 'WebSocket'] as const) figures.push(await measureRate(bench, service, transport))
    return figures
  },
}

async function measureTimes (bench: Bench, service: BenchService, transport: Transport, viewers: number): Promise<Figure[]> {
  const job = await postJob(service, { code: PRINT, input: EVERY_MS[transport], limits: LIMITS })
  await using process = await startFollowers(bench, { service, jobId: job.id, transport, viewers })
  const cpuBefore = readProcessCpuMs(service.pids.api)
  const { p50, p95, p99, pieces } = await process.ask({ type: 'time', lines: LINES } satisfies Order) as Times // what the process answers
  const cpuMs = readProcessCpuMs(service.pids.api) - cpuBefore
  await job.cancel()
  const name = `${transport}, ${viewers === 1 ? 'one' : viewers}`
  return [
    { name: `${name}: p50`, value: p50, unit: 'ms' },
    { name: `${name}: p95`, value: p95, unit: 'ms', target: { type: 'at most', value: P95_MS } },
    { name: `${name}: p99`, value: p99, unit: 'ms' },
    ...viewers === 1 ? [] : [{ name: `${name}: CPU of the API each`, value: cpuMs / pieces, unit: 'ms' as const }],
  ]
}

async function measureRate (bench: Bench, service: BenchService, transport: Transport): Promise<Figure> {
  const job = await postJob(service, { code: PRINT_MANY, tools: ['channel'], limits: LIMITS })
  await job.waitFor('job.log')
  await using process = await startFollowers(bench, { service, jobId: job.id, transport, viewers: MANY })
  const counted = process.ask({ type: 'count', lines: BURST } satisfies Order) as Promise<Count> // what the process answers
  await postJob(service, { code: GO, tools: ['channel'] })
  const { deliveries, tookMs } = await counted
  return { name: `${transport}, ${BURST} lines to ${MANY}: events delivered`, value: deliveries / tookMs * 1000, unit: 'per second' }
}

/** Starts a process with that many followers of a job; resolves when all of them follow. */
async function startFollowers (bench: Bench, { service: { url, key }, jobId, transport, viewers }: { service: BenchService, jobId: string, transport: Transport, viewers: number }): Promise<AskedProcess & AsyncDisposable> {
  bench.note(`  ${transport}: ${viewers}`)
  const process = startAsked('followers/main.ts')
  try {
    await process.ask({ type: 'follow', transport, url, key, jobId, viewers } satisfies Order)
  } catch (error) {
    await process.close()
    throw error
  }
  return { ...process, [Symbol.asyncDispose]: () => process.close() }
}
