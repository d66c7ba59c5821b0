import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobView } from '../../src/core/job.ts'
import { startLoad, wholeHistory } from '../helpers/load.ts'
import { descendantsOf, killHard, runnersOf } from '../helpers/process-tree.ts'
import { waitUntilDead } from '../helpers/processes.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const COUNT = 200
const SKIP = process.platform !== 'linux' && 'reads /proc'
/** Short enough that messages of a worker that died are found soon. */
const IMPATIENT = { BATCHBOX_LOCK_MS: '2000', BATCHBOX_STALLED_MS: '500' }

/** Some take longer, so that a kill meets them. */
const small = (index: number) => ({
  code: 'export default async (n) => { console.log("at work on", n); await new Promise((r) => setTimeout(r, n % 8 ? 15 : 300)); return n * n }',
  input: index,
  tags: index % 8 ? {} : { long: 'yes' },
  retry: { maxCrashes: 20 },
})

test('a runner that is killed', { skip: SKIP }, async (t) => {
  const service = await startService(t)

  await t.test('again and again under 200 jobs costs no job its success', () => killRunnersUnderLoad(service))
  await t.test('three times under one job leaves that job dead, with its evidence, and no other charged', () => killRunnersUnderOneJob(service))
})

async function killRunnersUnderLoad (service: TestService): Promise<void> {
  const load = startLoad(service, COUNT, small)

  for (let mark = 10; mark < COUNT; mark += 40) {
    await load.reach(mark)
    await until('one of the longer runs is at work, or none is left', async () => load.ended === COUNT || (await listRunning(service)).some(({ tags }) => tags['long']))
    for (const pid of runnersOf(service.worker.pid)) killHard(pid)
  }
  const jobs = await load.done

  let crashes = 0
  for (const [index, job] of jobs.entries()) {
    assert.deepEqual([job.status, job.result], ['succeeded', index * index], job.id)
    const events = await wholeHistory(service, job.id)
    const lost = events.filter(({ type }) => type === 'job.lost')
    for (const { payload } of lost) {
      assert.deepEqual([payload['reason'], payload['charged']], ['crash', true])
      assert.equal((payload['evidence'] as { signal: string }).signal, 'SIGKILL')
    }
    assert.deepEqual(job.attempts.map(({ number, runs }) => [number, runs.map((run) => run.lost)]), [[1, [...lost.map(() => 'crash'), null]]], 'a crash is no attempt')
    crashes += lost.length
  }
  assert.ok(crashes >= 1 && crashes <= 2 * COUNT / 40, `${crashes} runs were killed`)
  assert.ok(service.worker.lines.some(({ msg, trace_id }) => msg === 'runner died under a run' && trace_id), 'the log tells, with the trace')
}

async function listRunning (service: TestService): Promise<JobView[]> {
  return (await service.request('GET', '/v1/jobs?status=running')).json['data'] as JobView[] // the service's own answer
}

async function killRunnersUnderOneJob (service: TestService): Promise<void> {
  const { id } = await service.post({ code: 'export default () => { console.log("in"); for (;;); }' })

  for (let runs = 1; runs <= 3; runs++) {
    await until(`run ${runs} is at work`, async () => (await service.logs(id)).length >= runs)
    for (const pid of runnersOf(service.worker.pid)) killHard(pid)
  }
  const dead = await service.end(id)
  const neighbour = await service.run(small(2))

  assert.deepEqual([dead.status, dead.error?.code, dead.attempts.length, dead.attempts[0]?.runs.length], ['dead', 'WORKER_CRASHED', 1, 3])
  for (const run of dead.attempts[0]?.runs ?? []) {
    assert.deepEqual([run.lost, run.error?.code, run.worker], ['crash', 'WORKER_CRASHED', dead.attempts[0]?.worker])
    assert.ok(Date.parse(run.finishedAt ?? '') >= Date.parse(run.startedAt) && run.usage, 'each run has its times and what it used')
  }
  assert.match(dead.error?.message ?? '', /SIGKILL under this job \(3 of 3\)/)
  assert.deepEqual((await wholeHistory(service, id)).map(({ type }) => type), [
    'job.queued', 'job.started', 'job.log', 'job.lost', 'job.retrying', 'job.started', 'job.log', 'job.lost', 'job.retrying', 'job.started', 'job.log', 'job.lost', 'job.dead',
  ])
  assert.deepEqual([neighbour.status, neighbour.attempts[0]?.runs.length], ['succeeded', 1])
}

test('a worker that is killed under 200 jobs costs none its success, leaves no process, and another one goes on', { skip: SKIP }, async (t) => {
  const service = await startService(t, { env: IMPATIENT })
  const load = startLoad(service, COUNT, small)
  await load.reach(40)
  const { id } = await service.post({ code: 'export default async () => { console.log("in"); await new Promise((r) => setTimeout(r, 5000)) }', priority: 'critical' })
  await until('a run is at work that the worker takes along', async () => (await service.logs(id)).length > 0)
  const below = descendantsOf(service.worker.pid)
  assert.ok(below.length >= 3, 'two runners and a compiler')

  killHard(service.worker.pid)
  await Promise.all(below.map(({ pid }) => waitUntilDead(pid, 3000)))
  const leftAt = load.ended
  await service.startWorker()
  const jobs = await load.done

  assert.ok(leftAt < COUNT, 'the first worker left something to do')
  assert.deepEqual(jobs.map(({ status, result }) => [status, result]), jobs.map((_, index) => ['succeeded', index * index]))
  let lost = 0
  for (const job of [await service.end(id), ...jobs]) {
    for (const { type, payload } of await wholeHistory(service, job.id)) {
      if (type !== 'job.lost') continue
      assert.deepEqual([payload['reason'], payload['charged'], payload['lost']], ['redelivered', true, 1], JSON.stringify(payload))
      lost += 1
    }
  }
  assert.ok(lost >= 1 && lost <= 2, `${lost} runs were lost with it`)
})
