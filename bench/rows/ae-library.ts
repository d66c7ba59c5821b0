import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { NO_OP } from '../jobs.ts'
import type { Bench, Figure, Row } from '../row.ts'
import { LANES } from '../service.ts'
import { median, percentile } from '../statistics.ts'
import { create, type EmbeddedEngine, type ExecuteRequest } from '../../src/engine/library.ts'

const WARM_UP_RUNS = 50
const RUNS = 1000
/** Source: row ISO-17, on average. */
const KILOBYTE_MS = 12
const KILOBYTE = 1024

/** Where `create()` may have code run. */
const ISOLATIONS = ['process', 'thread'] as const

/** What code has that names tools: five of them, of which it uses none. */
const WITH_TOOLS: ExecuteRequest = { code: `${NO_OP}\n//`.padEnd(KILOBYTE, '.'), input: 1, tools: ['crypto', 'echo', 'kv', 'channel', 'fetch'] }

/** The engine as programs embed it, from the call of `execute` to its answer. */
export const library: Row = {
  id: 'ae',
  title: 'The engine as a library: no-ops one right after another, and as many at one time as there are lanes',
  async measure (bench) {
    enableCompileCache(join(bench.root, '.batchbox', 'compile-cache'))
    const figures: Figure[] = []
    for (const isolation of ISOLATIONS) {
      for (const figure of await measureEngine(bench, isolation)) figures.push({ ...figure, name: `${isolation}: ${figure.name}` })
    }
    return figures
  },
}

async function measureEngine (bench: Bench, isolation: typeof ISOLATIONS[number]): Promise<Figure[]> {
  const started = performance.now()
  await using engine = await create({ isolation, config: { lanes: LANES, onError: (error) => bench.note(`  ${error.message}`) } })
  const readyMs = performance.now() - started
  return [...await measureRuns(bench, engine), { name: 'from create() to an engine that takes runs', value: readyMs, unit: 'ms' }]
}

async function measureRuns (bench: Bench, engine: EmbeddedEngine): Promise<Figure[]> {
  const trivial = { code: NO_OP, input: 1 }
  await runInTurn(engine, trivial, WARM_UP_RUNS)
  const times = await runInTurn(engine, trivial, RUNS)
  const together = await countPerSecond(engine, trivial)
  await runInTurn(engine, WITH_TOOLS, WARM_UP_RUNS)
  const withTools = await runInTurn(engine, WITH_TOOLS, RUNS)
  bench.note(`  p50 ${median(times).toFixed(2)} ms, ${Math.round(together)} runs/s`)
  return [
    { name: 'one after another: p50', value: median(times), unit: 'ms' },
    { name: 'one after another: p99', value: percentile(times, 0.99), unit: 'ms' },
    { name: `${LANES} at one time: runs`, value: together, unit: 'per second' },
    { name: '1 KB of code with 5 tools: mean', value: withTools.reduce((sum, ms) => sum + ms, 0) / RUNS, unit: 'ms', target: { type: 'at most', value: KILOBYTE_MS } },
    { name: '1 KB of code with 5 tools: p99', value: percentile(withTools, 0.99), unit: 'ms' },
  ]
}

async function runInTurn (engine: EmbeddedEngine, request: ExecuteRequest, runs: number): Promise<number[]> {
  const times: number[] = []
  while (times.length < runs) times.push(await run(engine, request))
  return times
}

async function countPerSecond (engine: EmbeddedEngine, request: ExecuteRequest): Promise<number> {
  let left = RUNS
  const started = performance.now()
  await Promise.all(Array.from({ length: LANES }, async () => {
    while (left-- > 0) await run(engine, request)
  }))
  return RUNS / (performance.now() - started) * 1000
}

/** Answers how long a run took, in milliseconds. Throws an Error when it does not succeed. */
async function run (engine: EmbeddedEngine, request: ExecuteRequest): Promise<number> {
  const started = performance.now()
  const ended = await engine.execute(request)
  if (ended.status !== 'succeeded') throw new Error(`Cannot use measurement: the run ended as ${JSON.stringify(ended)}`)
  return performance.now() - started
}
