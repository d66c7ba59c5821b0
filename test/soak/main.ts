import { delimiter, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../../scripts/run-tests.ts'
import { ensureRedisServer } from '../../src/cli/redis-server.ts'
import { sha256 } from '../../src/core/digest.ts'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import type { Outcome } from '../../src/core/outcome.ts'
import { createEngine, type Engine } from '../../src/engine/engine.ts'
import { DEFAULT_WEAR } from '../../src/engine/wear.ts'
import { DEFAULT_TOOL_SETTINGS } from '../../src/tools/registry.ts'
import { descendantsOf } from '../helpers/process-tree.ts'
import { createDraw, type SoakJob } from './jobs.ts'
import { type MemorySample, MemoryTrend } from './memory-trend.ts'
import { soakTransforms } from './transform.ts'

const USAGE = `Usage: npm run test:soak -- [--jobs 20000] [--lanes 3] [--seed 1] [--leaks]
       npm run test:soak -- --transforms 20
  --leaks        jobs that leave behind whatever they can, and few others
  --transforms   instead, transforms through the whole service that take so many minutes and wait nearly all of them
`
/** Jobs after which memory is taken for settled, and how many times that it may be at the end. */
const SETTLED_JOBS = 2000
const MAX_GROWTH = { workerHeap: 1.3, workerRss: 1.6, runnerRss: 1.3 } as const satisfies Record<keyof MemorySample, number>
const SAMPLE_JOBS = 100
/** Of progress. */
const LINES = 20
const TOLD_FAILURES = 20

const { values } = parseArgs({ options: { jobs: { type: 'string', default: '20000' }, lanes: { type: 'string', default: '3' }, seed: { type: 'string', default: '1' }, leaks: { type: 'boolean', default: false }, transforms: { type: 'string' }, help: { type: 'boolean' } } })
const [jobs, lanes, seed, minutes] = [values.jobs, values.lanes, values.seed, values.transforms ?? '1'].map(Number) as [number, number, number, number] // four of them
if (values.help || ![jobs, lanes, seed, minutes].every((figure) => Number.isInteger(figure) && figure > 0)) {
  process.stderr.write(USAGE)
  process.exitCode = values.help ? 0 : 2
} else if (values.transforms !== undefined) {
  await soakLongTransforms(minutes)
} else {
  await soak()
}

async function soakLongTransforms (minutes: number): Promise<void> {
  const say = (line: string) => { process.stdout.write(`${line}\n`) }
  const path = process.env['PATH'] ?? ''
  const server = await ensureRedisServer({ path, binFolder: join(ROOT, '.batchbox', 'bin') }, (manager) => say(`Installing a Redis server with ${manager}…`))
  process.env['PATH'] = `${path}${delimiter}${dirname(server)}`
  await using stack = new AsyncDisposableStack()
  await soakTransforms({ after: (end) => { stack.defer(async () => { await end() }) } }, { minutes, say })
  say('✔ all ended as they should')
}

async function soak (): Promise<void> {
  const problems: string[] = []
  const engine = await createEngine({
    tools: DEFAULT_TOOL_SETTINGS,
    onToolError: (error) => problems.push(`tool: ${error.message}`),
    supervisor: { lanes, spares: 1, threads: 1, memoryMb: 128, bootTimeoutMs: 60_000, wear: DEFAULT_WEAR, onError: (error) => problems.push(`runner: ${error.message}`) },
    compiler: { processes: 1, timeoutMs: 30_000, onError: (error) => problems.push(`compiler: ${error.message}`) },
  })
  const trend = new MemoryTrend()
  const ends = new Map<string, number>()
  const wrong: string[] = []
  const runners = new Set<number>()
  const draw = createDraw(seed, values.leaks)
  const begun = performance.now()
  let drawn = 0
  let done = 0

  async function lane (): Promise<void> {
    while (drawn < jobs) {
      const job = draw(++drawn)
      const end = describe(await execute(engine, job))
      if (end !== job.ends) wrong.push(`job ${job.input} (${job.kind}) ended as ${end.slice(0, 300)}, expected ${job.ends.slice(0, 100)}`)
      ends.set(job.kind, (ends.get(job.kind) ?? 0) + 1)
      done++
      if (done % SAMPLE_JOBS === 0) tell(trend.sample(done, engine.runnerPids()))
      for (const pid of engine.runnerPids()) runners.add(pid)
    }
  }

  function tell ({ workerHeap, workerRss, runnerRss }: MemorySample): void {
    if (done % (Math.ceil(jobs / LINES / SAMPLE_JOBS) * SAMPLE_JOBS) !== 0 && done !== jobs) return
    const seconds = (performance.now() - begun) / 1000
    process.stdout.write(`${done}/${jobs} jobs in ${seconds.toFixed(0)} s (${(done / seconds).toFixed(0)}/s), worker ${workerRss.toFixed(0)} MB (${workerHeap.toFixed(0)} alive), a runner ${runnerRss.toFixed(0)} MB, ${runners.size} runners so far, ${wrong.length} wrong\n`)
  }

  await Promise.all(Array.from({ length: lanes }, lane))
  const alive = engine.runnerPids().length
  await engine.close()
  const left = descendantsOf(process.pid)

  process.stdout.write(`${[...ends].sort().map(([kind, count]) => `${kind} ${count}`).join(', ')}\n`)
  const complaints = [...wrong, ...problems, ...left.map(({ pid, command }) => `process ${pid} is left: ${command}`)]
  if (alive !== lanes + 1) complaints.push(`${alive} runners were alive at the end, not ${lanes + 1}`)
  for (const [of, most] of Object.entries(MAX_GROWTH) as [keyof MemorySample, number][]) { // the keys of the table
    const { before, after, ratio } = trend.growth(of, Math.min(SETTLED_JOBS, jobs / 2))
    process.stdout.write(`${of}: ${before.toFixed(0)} MB once settled, ${after.toFixed(0)} MB at the end (${ratio.toFixed(2)} times, allowed are ${most})\n`)
    if (!(ratio < most)) complaints.push(`${of} grew ${ratio.toFixed(2)} times`)
  }
  for (const complaint of complaints.slice(0, TOLD_FAILURES)) process.stdout.write(`✖ ${complaint}\n`)
  process.stdout.write(`${complaints.length === 0 ? '✔' : '✖'} ${done} jobs with seed ${seed} in ${((performance.now() - begun) / 1000).toFixed(0)} s: ${wrong.length} wrong ends, ${runners.size} runners, ${complaints.length} complaints\n`)
  if (complaints.length > 0) process.exitCode = 1
}

async function execute (engine: Engine, { code, input, tools, limits, cancelled }: SoakJob): Promise<Outcome> {
  const cancel = new AbortController()
  const { outcome } = await engine.execute({
    tenant: 'soak',
    code,
    files: {},
    codeHash: sha256(code),
    input: JSON.stringify(input),
    entry: 'default',
    tools,
    requireIsolation: [], toolConfig: {}, secrets: [], permissions: 'none', fence: 1, batchId: null,
    alone: false,
    limits: { ...DEFAULT_LIMIT_POLICY.defaults, ...limits },
    context: { jobId: `job-${input}`, attempt: 1, tags: {}, deadline: '2030-01-01T00:00:00.000Z' },
  }, { signal: cancel.signal, onLogs () { if (cancelled) cancel.abort() }, onProgress () {} })
  return outcome
}

function describe (outcome: Outcome): string {
  switch (outcome.type) {
    case 'succeeded': return outcome.result
    case 'failed': return outcome.error.code
    default: return outcome.type
  }
}
