import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { reconcile } from '../../src/store/reconcile/reconcile.ts'
import { wholeHistory } from '../helpers/load.ts'
import { startRestartableRedis } from '../helpers/restartable-redis.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const IMPATIENT = { BATCHBOX_LOCK_MS: '1000', BATCHBOX_STALLED_MS: '500', BATCHBOX_REAP_EVERY_MS: '500' }
const TERMINAL = /^job\.(?:succeeded|failed|dead|cancelled|expired)$/
const sleep = (ms: number) => ({ code: `export default async () => { console.log('in'); await new Promise((r) => setTimeout(r, ${ms})); return 'slept' }` })
/** Goes on until that time, which its next run does not wait for again. */
const sleepUntil = (ms: number) => ({ code: `export default async (until) => { console.log('in'); await new Promise((r) => setTimeout(r, until - Date.now())); return 'slept' }`, input: ms })

test('a backup that is restored: every job that is in it ends once, whatever had become of it, and no worker dies of it', async (t) => {
  const scope = lastInFirstOut(t)
  const redis = await startRestartableRedis(scope)
  const service = await startService(scope, { env: IMPATIENT, redis: { url: redis.url, prefix: `{test-${randomUUID()}}` } })
  const ended = await service.run({ code: 'export default () => 1' })
  const [running, endless] = [await service.post(sleep(1500)), await service.post({ ...sleepUntil(Date.now() + 12_000), limits: { timeoutMs: 60_000 } })]
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

test('the drill of docs/operations.md: a backup under load, everything lost, restored, started again: all that was in it ends once', async (t) => {
  const scope = lastInFirstOut(t)
  const redis = await startRestartableRedis(scope)
  const options = { env: IMPATIENT, redis: { url: redis.url, prefix: `{test-${randomUUID()}}` } }
  const paths = { REDIS: `-s ${redis.url.slice('unix://'.length)}`, DIR: redis.folder, BACKUP: join(redis.folder, '..', `batchbox-test-${randomUUID()}.rdb`) }
  scope.after(async () => { await run('rm', ['-f', paths.BACKUP]) })
  const before = await startService(scope, options)
  const post = (index: number) => before.post(index % 4 === 3 ? { code: 'export default () => 1', delayMs: 3000 } : { ...sleep(100 + 50 * (index % 10)), retry: { attempts: 2 } })
  const key = (await before.request('POST', '/v1/keys', { body: { name: 'leaked', scopes: ['jobs:read'] } })).json
  const known = [...await Promise.all(Array.from({ length: 40 }, (_, index) => post(index))), await before.post(sleep(5000))]
  const batch = (await before.request('POST', '/v1/batches', { body: { job: { code: 'export default (x) => x' }, inputs: [1, 2, 3, 4, 5] } })).json
  await until('some have ended', async () => await before.db.redis.zcard(before.db.keys.jobs('default', 'succeeded')) >= 3)

  await runBlock('backup', paths)
  const late = await Promise.all(Array.from({ length: 10 }, (_, index) => post(index)))
  await before.request('DELETE', `/v1/keys/${String(key['id'])}`)
  await before.end(known[20]!.id) // there are 41
  await Promise.all([before.api.stop(), before.worker.stop()])
  await redis.kill()
  await runBlock('restore', paths)
  await redis.restart()
  const after = await startService(scope, options)

  const jobs = await Promise.all(known.map(({ id }) => after.end(id)))
  assert.deepEqual([...new Set(jobs.map(({ status }) => status))], ['succeeded'])
  for (const { id } of known) await wholeHistory(after, id)
  for (const { id } of late) assert.equal((await after.request('GET', `/v1/jobs/${id}`)).status, 404)
  assert.partialDeepStrictEqual((await after.request('GET', `/v1/batches/${String(batch['id'])}?wait=30`)).json, { status: 'completed', counts: { succeeded: 5 } })
  assert.equal((await fetch(`${after.url}/v1/jobs`, { headers: { authorization: `Bearer ${String(key['token'])}` } })).status, 200, 'a key that was revoked since is valid again')
  for (const index of [after.db.keys.running, after.db.keys.due, after.db.keys.scheduled, after.db.keys.owedDispatch]) await until(`${index} is empty`, async () => await after.db.redis.zcard(index) === 0)
  await until('all is archived', async () => await after.db.redis.zcard(after.db.keys.owedArchive) === 0)
  const repairs = await Array.fromAsync(reconcile(after.db, { onError: (error) => { throw error } }))
  assert.equal(repairs.reduce((sum, count) => sum + count, 0), 0)
})

const run = promisify(execFile)

/** Runs commands of the documentation. */
async function runBlock (name: string, paths: Readonly<Record<string, string>>): Promise<void> {
  const text = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
  const [, commands] = new RegExp(`^\`\`\`sh ${name}\n(.*?)^\`\`\``, 'ms').exec(text) ?? []
  assert.ok(commands, `docs/operations.md has no block "${name}"`)
  await run('sh', ['-euc', commands], { env: { PATH: process.env['PATH'], ...paths } })
}
