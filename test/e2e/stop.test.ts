import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startLoad, wholeHistory } from '../helpers/load.ts'
import { descendantsOf, killHard } from '../helpers/process-tree.ts'
import { waitUntilDead } from '../helpers/processes.ts'
import { startService, type ServiceProcess } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const SKIP = process.platform !== 'linux' && 'reads /proc'
const SMALL_JOBS = 60

const small = (index: number) => ({ code: 'export default async (n) => { await new Promise((r) => setTimeout(r, 15)); return n }', input: index })
const slow = (ms: number) => ({ code: `export default async () => { console.log("in"); await new Promise((r) => setTimeout(r, ${ms})); return "slow" }` })

test('a worker that is told to stop under load finishes or hands back its jobs, exits with 0 and leaves no process', { skip: SKIP }, async (t) => {
  const service = await startService(t, { env: { BATCHBOX_DRAIN_MS: '200' } })
  const { id } = await service.post(slow(8000)) // longer than the load takes to come up on a busy machine
  await until('the slow job runs', async () => (await service.logs(id)).length > 0)
  const load = startLoad(service, SMALL_JOBS, small)
  await load.reach(10)

  await stopGracefully(service.worker)
  const leftAt = load.ended
  await service.startWorker()
  const jobs = await load.done

  assert.ok(leftAt < SMALL_JOBS, 'it left something to do')
  assert.deepEqual(jobs.map(({ status, result }) => [status, result]), Array.from({ length: SMALL_JOBS }, (_, i) => ['succeeded', i]))
  assert.deepEqual([(await service.end(id)).result, (await wholeHistory(service, id)).map(({ type }) => type)], [
    'slow', ['job.queued', 'job.started', 'job.log', 'job.lost', 'job.started', 'job.log', 'job.succeeded'],
  ])
  for (const job of [id, ...load.ids]) {
    const lost = (await wholeHistory(service, job)).filter(({ type }) => type === 'job.lost')
    assert.ok(lost.every(({ payload }) => payload['reason'] === 'shutdown' && payload['charged'] === false), JSON.stringify(lost))
  }
})

test('a worker that has the time lets what it runs come to its end', { skip: SKIP }, async (t) => {
  const service = await startService(t)
  const { id } = await service.post(slow(700))
  await until('the job runs', async () => (await service.logs(id)).length > 0)

  await stopGracefully(service.worker)

  const job = await service.read(id)
  assert.deepEqual([job.status, job.result, job.attempts[0]?.runs.length], ['succeeded', 'slow', 1])
})

test('a worker that is killed leaves no runner, compiler or esbuild, however busy they are', { skip: SKIP }, async (t) => {
  const service = await startService(t, { env: { BATCHBOX_COMPILE_MS: '60000' } })
  const loop = await service.post({ code: 'export default () => { console.log("in"); for (;;); }', limits: { cpuMs: 60_000 } })
  await until('the loop runs', async () => (await service.logs(loop.id)).length > 0)
  const compiled = await service.post({ code: `${'a=>'.repeat(2000)}1` })
  await until('esbuild is busy', async () => (await service.read(compiled.id)).status === 'running')
  const below = descendantsOf(service.worker.pid)
  for (const name of ['engine/runner/main.ts', 'engine/compiler/main.ts', 'bin/esbuild']) assert.ok(below.some(({ command }) => command.includes(name)), name)

  killHard(service.worker.pid)

  await Promise.all(below.map(({ pid }) => waitUntilDead(pid, 3000)))
})

/** SIGTERM, and the process must leave with 0 and nothing behind. */
async function stopGracefully (worker: ServiceProcess): Promise<void> {
  const below = descendantsOf(worker.pid)
  process.kill(worker.pid, 'SIGTERM')
  assert.equal(await worker.ended, 'ended with code 0')
  await Promise.all(below.map(({ pid }) => waitUntilDead(pid, 1000)))
}
