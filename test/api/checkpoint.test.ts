import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCheckpoint, saveCheckpoint } from '../../src/store/moves/checkpoint.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { startApi } from '../helpers/api.ts'
import { beginRun } from '../helpers/play-worker.ts'
import { settlement } from '../helpers/store.ts'

const JOB = { code: 'export default (x) => x' }

test('the checkpoint of a job is read while it runs and after its end', async (t) => {
  const { post, get, db } = await startApi(t)
  const { id } = (await post('/v1/jobs', JOB)).json() as { id: string } // JobView
  const run = await beginRun(db, id)
  await saveCheckpoint(db, run, { save: 1, json: '{"at":1}' })
  const json = '{"at":[2,"\\u2028<script>"],"__proto__":1}'
  await saveCheckpoint(db, run, { save: 2, json })

  const running = await get(`/v1/jobs/${id}/checkpoint`)
  await settle(db, run, settlement())
  const ended = await get(`/v1/jobs/${id}/checkpoint`)
  const events = (await get(`/v1/jobs/${id}/events`)).json()['data'] as { type: string, payload: unknown }[] // a page of events

  assert.equal(running.statusCode, 200)
  const { savedAt, ...rest } = running.json()
  assert.deepEqual(rest, { number: 2, run: 1, attempt: 1, bytes: json.length, state: JSON.parse(json) as unknown })
  assert.ok(Math.abs(Date.parse(String(savedAt)) - Date.now()) < 60_000)
  assert.equal(ended.body, running.body)
  assert.deepEqual(events.filter(({ type }) => type === 'job.checkpoint').map(({ payload }) => payload), [{ number: 1, run: 1, bytes: 8 }, { number: 2, run: 1, bytes: json.length }])
})

test('the checkpoint of a transform tells how far it was, with and without encryption', async (t) => {
  for (const keys of ['', `k1=${Buffer.alloc(32, 1).toString('base64')}`]) {
    const { post, get, db } = await startApi(t, { BATCHBOX_ENCRYPTION_KEYS: keys })
    const { id } = (await post('/v1/jobs', JOB)).json() as { id: string } // JobView
    const figures = { records: { read: 3, written: 2, rejected: 1 }, bytes: { read: 30, written: 20 } }
    const work = { position: { records: 3, bytes: 30 }, figures, writer: { records: 2, columns: ['a\nb'] } }
    await saveCheckpoint(db, await beginRun(db, id), { save: 1, json: '{"sum":6}', work })

    const { state, bytes, transform } = (await get(`/v1/jobs/${id}/checkpoint`)).json()

    assert.deepEqual([state, bytes, transform], [{ sum: 6 }, 9, figures])
    assert.deepEqual((await readCheckpoint(db, id))?.work, work)
    assert.equal(String(await db.redis.hget(db.keys.checkpoint(id), 'state')).includes('sum'), keys === '')
  }
})

test('a job without a checkpoint, a job of another tenant and a job that is unknown have none to read', async (t) => {
  const { post, get, db, holder } = await startApi(t)
  const { id } = (await post('/v1/jobs', JOB)).json() as { id: string } // JobView
  const before = await get(`/v1/jobs/${id}/checkpoint`)
  await saveCheckpoint(db, await beginRun(db, id), { save: 1, json: '"secret"' })
  const [stranger, writer] = [await holder('stranger', 'jobs:read'), await holder('default', 'jobs:write')]

  const answers = [await get(`/v1/jobs/${id}/checkpoint`, stranger), await get('/v1/jobs/job_x/checkpoint'), await get(`/v1/jobs/${id}/checkpoint`, writer)]

  assert.deepEqual([before.statusCode, before.json()['code'], before.json()['detail']], [404, 'NOT_FOUND', `Cannot read the checkpoint of job "${id}": there is none, its status is queued`])
  assert.deepEqual(answers.map(({ statusCode }) => statusCode), [404, 404, 403])
  for (const { body } of answers) assert.ok(!body.includes('secret'))
})

test('the replay of a job starts without its checkpoint', async (t) => {
  const { post, get, db } = await startApi(t)
  const { id } = (await post('/v1/jobs', JOB)).json() as { id: string } // JobView
  const run = await beginRun(db, id)
  await saveCheckpoint(db, run, { save: 1, json: '1' })
  await settle(db, run, settlement())

  const replay = (await post(`/v1/jobs/${id}/replay`, {})).json() as { id: string } // JobView

  assert.equal((await get(`/v1/jobs/${replay.id}/checkpoint`)).statusCode, 404)
})
