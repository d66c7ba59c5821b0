import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeadLetter } from '../../src/core/job.ts'
import { newId } from '../../src/core/ids.ts'
import { buildFailure, EMPTY_USAGE } from '../../src/core/outcome.ts'
import type { Db } from '../../src/store/db.ts'
import { accept } from '../../src/store/moves/accept.ts'
import { settle } from '../../src/store/moves/settle.ts'
import type { Client } from '../helpers/client.ts'
import { startLoad } from '../helpers/load.ts'
import { startService } from '../helpers/service.ts'
import { beginJob, request } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'

const TENANT = 'default'
const SLOW = 'export default () => new Promise((resolve) => setTimeout(resolve, 200))'
/** Kills its runner unless it is given time: V8 gives the process up. */
const HASTY = `export default (_, { deadline }) => {
  console.log('down it goes')
  if (new Date(deadline) - Date.now() < 20_000) 'x'.repeat(2 ** 27 + 5).split('')
  return 'enough time'
}`

interface SweepAnswer {
  status: string
  seen: number
  done: number
  jobs: { inFlight: number, ended: Record<string, number> }
}

async function letters (service: Client): Promise<DeadLetter[]> {
  return (await service.request('GET', '/v1/dead-letters')).json['data'] as DeadLetter[] // what the route answers
}

test('a job that kills runners is a dead letter with evidence, and its replay with larger limits succeeds', async (t) => {
  const service = await startService(t, { env: { BATCHBOX_SPARE_RUNNERS: '1' } })

  const dead = await service.run({ code: HASTY, limits: { timeoutMs: 5000 }, tags: { pipeline: 'orders' } })
  const [letter] = await letters(service)
  const answer = await service.request('POST', `/v1/jobs/${dead.id}/replay`, { body: { limits: { timeoutMs: 60_000 } } })
  const made = await service.end(String(answer.json['id']))

  assert.deepEqual([dead.status, dead.error?.code], ['dead', 'WORKER_CRASHED'])
  assert.equal(letter?.id, dead.id)
  assert.deepEqual(letter.losses.map(({ run, reason, evidence }) => [run, reason, evidence?.signal, evidence?.lastLogs]), [1, 2, 3].map((run) => [run, 'crash', 'SIGTRAP', ['log: down it goes']]))
  for (const { evidence } of letter.losses) assert.match(evidence?.stderr ?? '', /Fatal JavaScript invalid size error/)
  assert.deepEqual((await service.request('GET', '/v1/dead-letters/counts')).json, { total: 1, byCode: { WORKER_CRASHED: 1 } })
  assert.deepEqual([made.status, made.result, made.replayOf, made.tags], ['succeeded', 'enough time', dead.id, { pipeline: 'orders' }])
  assert.equal((await letters(service))[0]?.replayedAs, made.id)
})

/** Jobs that are dead of a failure, as if they had run. */
async function makeDead (db: Db, count: number): Promise<void> {
  const AT_ONCE = 50
  for (let made = 0; made < count; made += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      const id = newId('job')
      await accept(db, { id, tenant: TENANT, request: request({ code: SLOW }), traceparent: null })
      const { run } = await beginJob(db, id)
      await settle(db, run, { status: 'dead', usage: EMPTY_USAGE, isolation: null, error: buildFailure('TIMEOUT', 'too slow'), events: [], retentionMs: 600_000 })
    }))
  }
}

test('the replay of two thousand goes on beside new work, which overtakes it', async (t) => {
  const COUNT = 2000
  const NEW = 40
  /** Handed out before the first new job came (16 and two under way), and one in eight of the tenant's turns for what waits longest; and as many again. */
  const AHEAD_MAX = 2 * (16 + 2 + NEW / 8)
  const service = await startService(t, { worker: false, env: { BATCHBOX_REPLAY_PER_SECOND: '5000', BATCHBOX_REPLAY_IN_FLIGHT: '1000' } })
  await makeDead(service.db, COUNT)
  const order = await service.request('POST', '/v1/dead-letters/replay', { body: { all: true } })
  const path = String(order.headers.get('location'))
  const read = async () => (await service.request('GET', path)).json as unknown as SweepAnswer // what the route answers
  await service.startWorker()
  await until('many wait', async () => (await read()).jobs.inFlight > 500, 60_000)

  const load = startLoad(service, NEW, (index) => ({ code: 'export default (n) => n * n', input: index }))
  const jobs = await load.done
  const sweep = await read()

  const [from, to] = [Math.min(...jobs.map(({ createdAt }) => Date.parse(createdAt))), Math.max(...jobs.map(({ startedAt }) => Date.parse(startedAt ?? '')))]
  const ids = await service.db.redis.zrange(service.db.keys.jobs(TENANT), 0, '-1')
  const replays = (await Promise.all(ids.map((id) => service.db.redis.hmget(service.db.keys.job(id), 'replayOf', 'startedAt')))).filter(([replayOf, startedAt]) => replayOf && startedAt)
  const ahead = replays.filter(([, startedAt]) => Number(startedAt) >= from && Number(startedAt) <= to)
  assert.ok(jobs.every(({ status }) => status === 'succeeded'))
  assert.ok(sweep.status === 'running' && sweep.jobs.inFlight > 300, JSON.stringify(sweep))
  assert.ok(ahead.length <= AHEAD_MAX, `${ahead.length} of the replay began before the last new job`)

  await service.request('POST', `${path}/cancel`, { body: {} })
  assert.equal((await read()).status, 'cancelled')
})
