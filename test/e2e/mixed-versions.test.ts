import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RECORD_VERSION } from '../../src/store/job-record.ts'
import { startService } from '../helpers/service.ts'

const LEFT = /left to a worker of a newer version/
const job = { code: 'export default (n) => n', input: 1 }

test('a worker leaves a job that a newer version wrote to others, goes on with those it knows, and comes back to it no more than now and then', async (t) => {
  const service = await startService(t, { worker: false })
  const { id } = await service.post(job)
  await service.db.redis.hset(service.db.keys.job(id), 'v', RECORD_VERSION + 1)

  const worker = await service.startWorker()
  for (let n = 0; n < 20; n++) assert.equal((await service.run({ ...job, input: n })).result, n)
  const refused = await service.request('GET', `/v1/jobs/${id}`)
  const looks = worker.lines.filter(({ msg }) => LEFT.test(String(msg)))

  // A worker that knows it finds it as it was.
  await service.db.redis.hset(service.db.keys.job(id), 'v', RECORD_VERSION)
  await service.db.redis.zadd(service.db.keys.scheduled, 'XX', 0, `${id} 1`)
  const ended = await service.end(id)

  assert.deepEqual([refused.status, refused.json['code'], refused.headers.get('retry-after')], [503, 'UNAVAILABLE', '1'])
  assert.deepEqual(looks.map(({ jobId }) => jobId), [id])
  assert.deepEqual([ended.status, ended.result], ['succeeded', 1])
  assert.deepEqual((await service.events(id)).map(({ type }) => type), ['job.queued', 'job.started', 'job.succeeded'])
})
