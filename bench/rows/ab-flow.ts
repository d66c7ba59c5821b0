import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'undici'
import { readCpuMs, readRss, type Role } from '../processes.ts'
import type { Bench, Figure, Row } from '../row.ts'
import { startService, type BenchService } from '../service.ts'
import { percentile } from '../statistics.ts'

const BLOCK = Buffer.from('return { sum: input.a + input.b }').toString('base64')
const BODY = JSON.stringify({ codebase64: BLOCK, input: { a: 1, b: 2 } })
const RESULT = '"result":{"sum":3}'
/** Callers at one time, and the calls that all of them make together. */
const CALLERS = [[1, 300], [50, 5000], [1000, 5000]] as const
const WARM_UP_CALLS = 2000
const LEAST_PER_SECOND = 364
/** Waves of as many callers, each with connections of its own; V8 collects what a dozen of them leave at one time. */
const WAVES = { count: 24, callers: 1000, calls: 1500 } as const
/** What the later half of the waves takes beside the earlier, at the most: what is kept of each adds up, and what waits to be collected does not. */
const WAVE_GROWTH_MAX = 1.25
const SAMPLE_MS = 200
/** Allocators and collectors give memory back when nothing happens for a while. */
const REST_MS = 3000
const MB = 1_048_576
const MEASURED = ['api', 'worker', 'runners', 'redis'] as const satisfies Role[]

/** Blocks of code that automation products call, from the request to the answer; the callers share the machine. */
export const flow: Row = {
  id: 'ab',
  title: 'Trivial blocks of code through the flow endpoint',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const service = await startService(bench, closing, { BATCHBOX_LANES: '1', BATCHBOX_FLOW_LANES: '2' })
    await makeCalls(service, 50, WARM_UP_CALLS)
    const before = await restAndReadRss(service)
    const figures: Figure[] = []
    for (const [callers, calls] of CALLERS) figures.push(...await measureCallers(bench, service, callers, calls))
    const after = await restAndReadRss(service)
    return [...figures, ...await measureWaves(bench, service), ...MEASURED.map((role): Figure => ({ name: `RSS of ${role}, before`, value: before[role] / MB, unit: 'MB' })), ...MEASURED.map((role): Figure => ({ name: `RSS of ${role}, after ÷ before`, value: after[role] / before[role], unit: 'ratio' }))]
  },
}

async function measureCallers (bench: Bench, service: BenchService, callers: number, calls: number): Promise<Figure[]> {
  const cpuBefore = readCpuMs(service.pids)
  const { times, ms } = await makeCalls(service, callers, calls)
  const cpu = readCpuMs(service.pids)
  const name = callers === 1 ? 'one caller' : `${callers} callers`
  bench.note(`  ${name}: ${Math.round(calls / ms * 1000)} calls/s`)
  return [
    { name: `${name}: calls`, value: calls / ms * 1000, unit: 'per second', ...(callers > 1 ? { target: { type: 'at least', value: LEAST_PER_SECOND } } : {}) },
    { name: `${name}: p50`, value: percentile(times, 0.5), unit: 'ms' },
    { name: `${name}: p99`, value: percentile(times, 0.99), unit: 'ms' },
    ...callers === 1 ? [] : MEASURED.map((role): Figure => ({ name: `${name}: CPU of ${role} each`, value: (cpu[role] - cpuBefore[role]) / calls, unit: 'ms' })),
  ]
}

/** Tells what the API's memory comes to while waves of connections come and go. */
async function measureWaves (bench: Bench, service: BenchService): Promise<Figure[]> {
  const peaks: number[] = []
  for (let wave = 0; wave < WAVES.count; wave++) {
    let peak = 0
    const sampling = setInterval(() => { peak = Math.max(peak, readRss(service.pids).api) }, SAMPLE_MS)
    try {
      await makeCalls(service, WAVES.callers, WAVES.calls)
    } finally {
      clearInterval(sampling)
    }
    peaks.push(peak)
    bench.note(`  wave ${wave + 1}: RSS of api ${Math.round(peak / MB)} MB at the most`)
  }
  const half = WAVES.count / 2
  const [earlier, later] = [Math.max(...peaks.slice(0, half)), Math.max(...peaks.slice(half))]
  return [
    { name: `most RSS of api, waves 1 to ${half} of ${WAVES.callers} callers`, value: earlier / MB, unit: 'MB' },
    { name: `most RSS of api, waves ${half + 1} to ${WAVES.count} ÷ those`, value: later / earlier, unit: 'ratio', target: { type: 'at most', value: WAVE_GROWTH_MAX } },
  ]
}

/** Makes calls until there were so many, each caller one after the other. Throws for an answer that is not the block's. */
async function makeCalls ({ url, key }: BenchService, callers: number, calls: number): Promise<{ times: number[], ms: number }> {
  await using pool = new Disposable(new Pool(url, { connections: callers }))
  const times: number[] = []
  let left = calls
  const began = performance.now()
  await Promise.all(Array.from({ length: callers }, async () => {
    while (left-- > 0) {
      const started = performance.now()
      const { statusCode, body } = await pool.value.request({ path: '/flow/codeblock', method: 'POST', headers: { 'accesstoken': key, 'content-type': 'application/json' }, body: BODY })
      const text = await body.text()
      if (statusCode !== 200 || !text.includes(RESULT)) throw new Error(`Cannot use measurement: the service answered ${statusCode} ${text.slice(0, 300)}`)
      times.push(performance.now() - started)
    }
  }))
  return { times, ms: performance.now() - began }
}

class Disposable {
  readonly value: Pool
  constructor (value: Pool) { this.value = value }
  [Symbol.asyncDispose] (): Promise<void> { return this.value.close() }
}

async function restAndReadRss ({ pids }: BenchService): Promise<Record<Role, number>> {
  await wait(REST_MS)
  return readRss(pids)
}
