import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryFolder } from '../helpers/files.ts'
import { killHard } from '../helpers/process-tree.ts'
import { startRestartableRedis } from '../helpers/restartable-redis.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { KEY, startService, type ServiceProcess } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const RECORDS = 1500
/** Takes some milliseconds for each record. */
const SLOW = 'export default async (record) => { await new Promise((resolve) => setTimeout(resolve, 3)); return record }'
const LINES = Array.from({ length: RECORDS }, (_, n) => `{"n":${n},"text":"${'x'.repeat(n % 50)}"}\n`).join('')
const ENV = { BATCHBOX_LOCK_MS: '2000', BATCHBOX_STALLED_MS: '500', BATCHBOX_DRAIN_MS: '15000', BATCHBOX_REAP_EVERY_MS: '500' }

test('a transform under which a worker, another one and Redis go away ends with every record, once', { skip: process.platform !== 'linux' && 'reads /proc' }, async (t) => {
  const scope = lastInFirstOut(t)
  const redis = await startRestartableRedis(scope)
  const service = await startService(scope, { redis: { url: redis.url, prefix: '{batchbox}' }, env: { ...ENV, BATCHBOX_FILES: temporaryFolder(t) } })
  const workers = [service.worker, ...await Promise.all([service.startWorker(), service.startWorker()])]
  await service.db.redis.config('SET', 'appendfsync', 'always') // else the last answers of a killed Redis may be ahead of its file
  const headers = { 'authorization': `Bearer ${KEY}`, 'content-type': 'application/x-ndjson' }
  const uploaded = await fetch(new URL('/v1/files/lines', service.url), { method: 'PUT', body: LINES, headers })
  assert.equal(uploaded.status, 201, await uploaded.text())
  const { id } = await service.post({ code: SLOW, input: { $file: 'lines' }, transform: { checkpointMs: 200 } })
  let seen = 0
  /** Waits until more is committed than was when it waited last. */
  const goesOn = () => until('more is committed', async () => {
    const { status, json } = await service.request('GET', `/v1/jobs/${id}/checkpoint`)
    const read = status === 200 ? (json['transform'] as { records: { read: number } }).records.read : 0
    if (read <= seen) return false
    seen = read
    return true
  })

  const holder = async (): Promise<ServiceProcess | undefined> => {
    const name = (await service.read(id)).attempts.at(-1)?.runs.at(-1)?.worker
    return workers.find(({ pid }) => name?.endsWith(`-${pid}`))
  }

  await goesOn()
  const killed = await holder()
  killHard(Number(killed?.pid))
  await goesOn()
  const left = await holder()
  await left?.stop()
  const running = await service.read(id)
  await redis.kill()
  const isReady = async () => (await service.request('GET', '/readyz')).status === 200
  await until('the API has noticed', async () => !await isReady())
  await redis.restart()
  await until('the API goes on', isReady)
  const job = await service.end(id)

  assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
  const { files: [file], records } = job.result as { files: { id: string }[], records: unknown }
  assert.deepEqual(records, { read: RECORDS, written: RECORDS, rejected: 0 })
  assert.equal(await (await fetch(new URL(`/v1/files/${file?.id}`, service.url), { headers })).text(), LINES)
  const { progress } = running
  assert.ok(progress?.records && progress.fraction && progress.fraction > 0 && progress.recordsPerSecond !== undefined && progress.etaMs !== undefined, JSON.stringify(progress))
  const types = (await service.events(id)).map(({ type }) => type)
  assert.ok(types.filter((type) => type === 'job.checkpoint').length > 3 && types.includes('job.progress'), types.join())
  assert.equal(job.attempts.length, 1)
  assert.ok(killed && left && killed !== left)
  assert.ok((job.attempts[0]?.runs.length ?? 0) >= 3, 'three workers had it')
})
