import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../src/store/moves/settle.ts'
import { readJob } from '../../src/store/read.ts'
import { acceptJob, beginJob, settlement, TENANT } from '../helpers/store.ts'
import { openBench, typesOf } from '../helpers/worker.ts'

const EVIDENCE = { signal: 'SIGKILL', exitCode: null, reason: 'The process ended by itself', stderr: '', memoryCurve: [], lastLogs: [], suspect: null }
const POISON = 'export default () => poison()'

async function openPoison (...[t]: Parameters<typeof openBench>) {
  const bench = await openBench(t, { quarantineCrashes: 3 })
  const { db, engine, run } = bench
  return {
    ...bench,
    /** Posts a job and has its one run end like that. Answers the job. */
    async play (outcome: 'crashed' | 'succeeded', code = POISON) {
      const id = await acceptJob(db, { code, retry: { maxCrashes: 1 } })
      const verdict = run(id)
      const { end } = await engine.next()
      end({ type: outcome, evidence: EVIDENCE })
      await verdict
      return (await readJob(db, TENANT, id))?.status
    },
    /** Posts a job whose run is not to begin. */
    async refuse (code = POISON) {
      const id = await acceptJob(db, { code })
      await run(id)
      assert.equal(engine.untaken, 0, 'no run began')
      const job = await readJob(db, TENANT, id)
      return { id, status: job?.status, message: job?.error?.message }
    },
  }
}

test('code that killed runners again and again is not run any more: its jobs are dead at once, and say why', async (t) => {
  const { db, play, refuse } = await openPoison(t)
  for (let i = 0; i < 3; i++) await play('crashed')

  const { id, status, message } = await refuse()

  assert.equal(status, 'dead')
  assert.match(message ?? '', /in quarantine/)
  assert.deepEqual(await typesOf(db, id), ['job.queued', 'job.dead'])
  assert.equal(await play('succeeded', 'export default () => other()'), 'succeeded', 'other code runs')
})

test('runs that end otherwise take deaths off, so that code that some inputs kill goes on', async (t) => {
  const { play } = await openPoison(t)

  const statuses = []
  for (let i = 0; i < 4; i++) statuses.push(await play('crashed'), await play('succeeded'))

  assert.deepEqual(statuses, ['dead', 'succeeded', 'dead', 'succeeded', 'dead', 'succeeded', 'dead', 'succeeded'])
})

test('runs that were lost, and those whose runner died with others in it, take no death off', async (t) => {
  const { db, play } = await openPoison(t)
  await play('crashed')
  const [key = ''] = await db.redis.keys(`${db.keys.prefix.replaceAll(/[{}]/g, '?')}:crashes:*`)

  for (const charge of ['shared', 'lost'] as const) {
    const { run } = await beginJob(db, await acceptJob(db, { code: POISON }))
    await settle(db, run, settlement({ charge, next: { attempt: 1, delayMs: 0 } }))
  }

  assert.equal(await db.redis.get(key), '1')
})

test('a quarantine ends with its time', async (t) => {
  const { db, play, refuse } = await openPoison(t)
  for (let i = 0; i < 3; i++) await play('crashed')
  await refuse()
  const [key = ''] = await db.redis.keys(`${db.keys.prefix.replaceAll(/[{}]/g, '?')}:crashes:*`)

  const leftMs = await db.redis.pttl(key)
  await db.redis.del(key) // what time does

  assert.ok(leftMs > 0 && leftMs <= 60_000, `${leftMs}`)
  assert.equal(await play('succeeded'), 'succeeded')
})
