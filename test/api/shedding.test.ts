import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildCheckRoom } from '../../src/api/shedding.ts'
import { openDb } from '../../src/store/db.ts'
import { ADMIN_HEADERS, startApi } from '../helpers/api.ts'
import { beginRun } from '../helpers/play-worker.ts'
import { startRestartableRedis } from '../helpers/restartable-redis.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { RETENTION_MS, settlement } from '../helpers/store.ts'
import { settle } from '../../src/store/moves/settle.ts'

/** So much that what Redis takes for connections and scripts is little beside it. */
const BALLAST_BYTES = 16 * 1024 * 1024

const JOB = { code: 'export default () => 1' }

test('near the limit of Redis\'s memory new jobs are refused with 503, and those that run end well', async (t) => {
  const { url } = await startRestartableRedis(lastInFirstOut(t))
  const api = await startApi(t, { BATCHBOX_SHED_AT: '0.5' }, { redis: { url, prefix: '{shed}' } })
  const id = String((await api.post('/v1/jobs', JOB)).json()['id'])
  const run = await beginRun(api.db, id)
  const before = await api.post('/v1/jobs', JOB)
  await api.db.redis.set('ballast', Buffer.alloc(BALLAST_BYTES))
  const used = Number(/^used_memory:(\d+)/m.exec(await api.db.redis.info('memory'))?.[1])

  await api.db.redis.config('SET', 'maxmemory', Math.round(used * 1.8))
  let refused = await api.post('/v1/jobs', JOB)
  while (refused.statusCode === 202) refused = await api.post('/v1/jobs', JOB) // the last look counts for a second
  await settle(api.db, run, settlement({ retentionMs: RETENTION_MS }))

  assert.equal(before.statusCode, 202)
  assert.deepEqual([refused.statusCode, refused.json()['code'], refused.headers['retry-after']], [503, 'OVERLOADED', '1'])
  assert.match(String(refused.json()['detail']), /more than 50 % of the memory that it may use; .* try again later/)
  assert.equal((await api.get(`/v1/jobs/${id}`, ADMIN_HEADERS)).json()['status'], 'succeeded')
})

test('a Redis without a limit is never near it, and one that is away is no overload', async (t) => {
  const redis = await startRestartableRedis(lastInFirstOut(t))
  const db = openDb({ url: redis.url, failFast: true, onError () {} })
  t.after(() => db.close())
  while (db.redis.status !== 'ready') await new Promise(setImmediate)
  const checkRoom = buildCheckRoom(db, 0.5)

  await checkRoom()
  await redis.kill()
  while (db.redis.status === 'ready') await new Promise(setImmediate)

  await assert.rejects(buildCheckRoom(db, 0.5)(), { message: /writeable|closed/ })
})
