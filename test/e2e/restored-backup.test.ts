import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { wholeHistory } from '../helpers/load.ts'
import { startRestartableRedis } from '../helpers/restartable-redis.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const IMPATIENT = { BATCHBOX_LOCK_MS: '1000', BATCHBOX_STALLED_MS: '500', BATCHBOX_REAP_EVERY_MS: '500' }
const TERMINAL = /^job\.(?:succeeded|failed|dead|cancelled|expired)$/
const sleep = (ms: number) => ({ code: `export default async () => { console.log('in'); await new Promise((r) => setTimeout(r, ${ms})); return 'slept' }` })

test('a backup that is restored: every job that is in it ends once, whatever had become of it, and no worker dies of it', async (t) => {
  const scope = lastInFirstOut(t)
  const redis = await startRestartableRedis(scope)
  const service = await startService(scope, { env: IMPATIENT, redis: { url: redis.url, prefix: `{test-${randomUUID()}}` } })
  const ended = await service.run({ code: 'export default () => 1' })
  const [running, endless] = [await service.post(sleep(1500)), await service.post({ ...sleep(15_000), limits: { timeoutMs: 60_000 } })]
  await until('both run', async () => (await Promise.all([running, endless].map(({ id }) => service.logs(id)))).every(({ length }) => length === 1))
  const queued = await service.post({ code: 'export default () => 2' })
  const delayed = await service.post({ code: 'export default () => 3', delayMs: 4000 })
  const cancelled = await service.post({ code: 'export default () => 4', delayMs: 3_600_000 })

  redis.backUp()
  await service.end(running.id)
  await service.end(queued.id)
  await service.request('POST', `/v1/jobs/${cancelled.id}/cancel`)
  const unknown = [await service.run({ code: 'export default () => 5' }), await service.post(sleep(20_000))]
  await until('the last one runs', async () => (await service.logs(unknown[1]!.id)).length === 1) // there are two
  await redis.kill()
  redis.restore()
  await redis.restart()

  const known = [ended, running, endless, queued, delayed]
  const jobs = await Promise.all(known.map(({ id }) => endOf(id)))
  async function endOf (id: string) {
    await until('the API is back', async () => (await service.request('GET', '/readyz')).status === 200)
    return service.end(id)
  }
  assert.deepEqual(jobs.map(({ status, result }) => [status, result]), [['succeeded', 1], ['succeeded', 'slept'], ['succeeded', 'slept'], ['succeeded', 2], ['succeeded', 3]])
  for (const { id } of known) {
    const events = await wholeHistory(service, id)
    assert.equal(events.filter(({ type }) => TERMINAL.test(type)).length, 1, id)
    assert.ok(TERMINAL.test(events.at(-1)?.type ?? ''), id)
  }
  assert.equal((await service.read(cancelled.id)).status, 'scheduled', 'what was said after the backup is forgotten')
  for (const { id } of unknown) assert.equal((await service.request('GET', `/v1/jobs/${id}`)).status, 404)
  assert.ok(service.worker.lines.some(({ msg }) => /Redis lost writes/.test(String(msg))))
  assert.equal((await service.run({ code: 'export default () => 6' })).result, 6)
  assert.equal(service.worker.lines.some(({ level }) => level === 'fatal'), false)
  await until('no run is left', async () => await service.db.redis.zcard(service.db.keys.running) === 0)
})
