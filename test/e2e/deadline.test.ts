import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killHard } from '../helpers/process-tree.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

/** So long that only the deadline tells that a worker is gone. */
const PATIENT = { BATCHBOX_LOCK_MS: '600000', BATCHBOX_STALLED_MS: '600000', BATCHBOX_REAP_EVERY_MS: '200' }

test('no job stays running past its deadline, though every worker died and only its lock lives on', async (t) => {
  const service = await startService(t, { env: PATIENT })
  const { id } = await service.post({ code: 'export default async () => { console.log("in"); await new Promise((r) => setTimeout(r, 1000)); return 1 }' })
  await until('it runs', async () => (await service.logs(id)).length === 1)
  const running = await service.read(id)
  assert.ok(running.deadlineAt)

  killHard(service.worker.pid)
  await service.worker.ended
  await service.db.redis.zadd(service.db.keys.running, Date.parse(running.deadlineAt) - 60_000, id) // its deadline has passed meanwhile
  await service.startWorker()

  const job = await service.end(id)
  assert.deepEqual([job.status, job.attempts[0]?.runs.length], ['succeeded', 2])
})
