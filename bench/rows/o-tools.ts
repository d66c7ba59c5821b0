import type { Engine } from '../../src/engine/engine.ts'
import { execute, startEngine } from '../engine.ts'
import type { Figure, Row } from '../row.ts'
import { median, percentile } from '../statistics.ts'

const CALLS = 2000
/** Calls that one job keeps waiting at a time. */
const IN_FLIGHT = 64
const MANY_CALLS = 20_000
const ROUNDS = 5
const LIMITS = { toolCalls: 100_000, resultBytes: 1_000_000, cpuMs: 600_000, timeoutMs: 600_000 }

/** Both time themselves: the clock is that of the code. */
const ONE_BY_ONE = `export default async () => {
  const times = []
  for (let i = 0; i < ${CALLS}; i++) {
    const begun = performance.now()
    await echo.say('hello')
    times.push(performance.now() - begun)
  }
  return times
}`
const MANY_AT_ONCE = `export default async () => {
  let left = ${MANY_CALLS}
  const begun = performance.now()
  await Promise.all(Array.from({ length: ${IN_FLIGHT} }, async () => { while (left-- > 0) await echo.say('hello') }))
  return ${MANY_CALLS} / (performance.now() - begun) * 1000
}`

const RUNS = 1000
const WARM_UP_RUNS = 50
const FIVE_TOOLS = ['echo', 'crypto', 'kv', 'channel', 'fetch']
const CODE_BYTES = 1024
/** A kilobyte of code that does a little. Source: row ISO-17. */
const SMALL_JOB = `export default (input) => ({ sum: [1, 2, 3].reduce((a, b) => a + b), input }) // ${'x'.repeat(CODE_BYTES)}`.slice(0, CODE_BYTES)

/** A call goes from the isolate over its thread and the pipe to the worker's broker, through two schemas, and back. */
export const tools: Row = {
  id: 'o',
  title: 'Calls of a tool that says back what it is told, and runs with five tools',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const engine = await startEngine(bench, closing)
    return [...await measureCalls(engine), ...await measureRuns(engine)]
  },
}

async function measureCalls (engine: Engine): Promise<Figure[]> {
  const options = { tools: ['echo'], limits: LIMITS, permissions: { hrtime: true } }
  await execute(engine, ONE_BY_ONE, options)
  const { result } = await execute(engine, ONE_BY_ONE, options)
  const times = JSON.parse(result) as number[] // what the code above returns
  const rates: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) rates.push(Number((await execute(engine, MANY_AT_ONCE, options)).result))
  return [
    { name: 'one after another, p50', value: median(times), unit: 'ms', target: { type: 'at most', value: 0.5 } },
    { name: 'one after another, p99', value: percentile(times, 0.99), unit: 'ms' },
    { name: `${IN_FLIGHT} at a time, of one job`, value: median(rates), unit: 'per second', target: { type: 'at least', value: 5000 } },
  ]
}

async function measureRuns (engine: Engine): Promise<Figure[]> {
  for (let run = 0; run < WARM_UP_RUNS; run += 1) await execute(engine, SMALL_JOB, { tools: FIVE_TOOLS })
  const begun = performance.now()
  for (let run = 0; run < RUNS; run += 1) await execute(engine, SMALL_JOB, { tools: FIVE_TOOLS })
  return [{ name: `${RUNS} runs of 1 KB with five tools, mean`, value: (performance.now() - begun) / RUNS, unit: 'ms', target: { type: 'at most', value: 12 } }]
}
