// Breaks the service while it works, as often as it is told, and settles accounts:
//   npm run test:chaos -- --jobs 20000 --faults 100 --seed 1
//   npm run test:chaos -- --jobs 600 --faults 10 --only MISCONF
//   npm run test:chaos -- --batch 100000 --faults 40
//   npm run test:chaos -- --transforms --records 5000000 --faults 50
import { delimiter, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../../scripts/run-tests.ts'
import { ensureRedisServer } from '../../src/cli/redis-server.ts'
import type { Scope } from '../helpers/scope.ts'
import { runBatch } from './run-batch.ts'
import { runChaos } from './run-chaos.ts'
import { runTransforms } from './run-transforms.ts'

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '5000' },
    batch: { type: 'string' },
    transforms: { type: 'boolean', default: false },
    records: { type: 'string', default: '100000' },
    faults: { type: 'string', default: '50' },
    workers: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    only: { type: 'string' },
  },
})
const [jobs, faults, workers, seed] = [values.jobs, values.faults, values.workers, values.seed].map(Number) as [number, number, number, number] // four of them
const say = (text: string) => process.stdout.write(`${text}\n`)

const path = process.env['PATH'] ?? ''
const server = await ensureRedisServer({ path, binFolder: join(ROOT, '.batchbox', 'bin') }, (manager) => say(`Installing a Redis server with ${manager}…`))
process.env['PATH'] = `${path}${delimiter}${dirname(server)}`

const items = Number(values.batch ?? 0)
const records = Number(values.records)
const load = values.transforms ? `transforms of ${records} records` : items > 0 ? `a batch of ${items} items` : `${jobs} jobs`

say(`${load}, ${faults} faults, ${workers} workers, --seed ${seed}`)
const begun = performance.now()
const stack = new AsyncDisposableStack()
const scope: Scope = { after: (end) => { stack.defer(async () => { await end() }) } }
try {
  let count = 0
  const breakage = { faults, workers, seed, only: values.only, onFault: (name: string, ended: number) => say(`${String(++count).padStart(4)}  after ${ended} ${values.transforms ? 'records' : 'jobs'}: ${name}`) }
  const clean = () => `\nClean after ${Math.round((performance.now() - begun) / 1000)} s:`
  if (values.transforms) {
    const survived = await runTransforms(scope, { records, ...breakage })
    say(`${clean()} transforms of ${records} records wrote, every time, what they write undisturbed, each record once:`)
    for (const { name, times, lines, rejected, sha256, runs } of survived) say(`  ${name}: ${times} times in ${runs} runs, ${lines} lines, ${rejected} rejected, SHA-256 ${sha256}`)
  } else if (items > 0) {
    const { posts, batch } = await runBatch(scope, { items, ...breakage })
    say(`${clean()} ${batch.total} items, posted in ${posts} tries, each there once and ended as it should: ${batch.counts.succeeded} succeeded, ${batch.counts.failed} failed; one completion.`)
  } else {
    const tally = await runChaos(scope, { jobs, ...breakage })
    say(`${clean()} ${tally.jobs} jobs acknowledged, each ended once and as it should, in ${tally.runs} runs (${tally.lost} lost, ${tally.crashes} of them with their runners); ${tally.notes} notes written outside; ${tally.endedAgain} ended again after a primary was lost.`)
  }
} catch (error) {
  say(`\nNot clean: ${error instanceof Error ? error.stack : String(error)}\nTry again with --seed ${seed}`)
  process.exitCode = 1
} finally {
  await stack.disposeAsync()
}
