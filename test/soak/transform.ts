import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { JobView } from '../../src/core/job.ts'
import type { Event } from '../helpers/client.ts'
import { killHard } from '../helpers/process-tree.ts'
import { startRestartableRedis } from '../helpers/restartable-redis.ts'
import { startService, type TestService } from '../helpers/service.ts'
import type { Scope } from '../helpers/scope.ts'

/** Each record waits so long: the code uses no processor. */
const RECORD_MS = 500
const MINUTE_MS = 60_000
const TELL_MS = MINUTE_MS
const CANCEL_MS = 5000
const LANES = 4
/** A state that is saved more often costs more than it is worth at that length. */
const CHECKPOINT_MS = 5000
const CODE = `export default async ({ n }) => {
  await new Promise((resolve) => setTimeout(resolve, ${RECORD_MS}))
  return { n }
}`

export interface TransformSoakOptions {
  minutes: number
  say (line: string): void
}

/**
 * Transforms that take so many minutes and wait nearly all of the time, side by side: one that nothing happens to, one whose worker is killed halfway, one whose time
 * runs out halfway and is tried again, and one that is cancelled when the others end. Throws where one does not end as it should.
 */
export async function soakTransforms (scope: Scope, { minutes, say }: TransformSoakOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-soak-'))
  scope.after(() => rmSync(folder, { recursive: true, force: true }))
  const records = minutes * MINUTE_MS / RECORD_MS
  const totalMs = minutes * MINUTE_MS
  // One worker for what is to be left alone, one that is killed: whoever is free first takes a job, so the second one starts when the first is full.
  const redis = await startRestartableRedis(scope)
  const service = await startService(scope, { redis: { url: redis.url, prefix: '{soak}' }, env: { BATCHBOX_FILES: join(folder, 'files'), BATCHBOX_LANES: String(LANES), BATCHBOX_USAGE_EVERY_MS: '1000', BATCHBOX_RUNNER_BOOT_MS: '120000' } })
  const input = Array.from({ length: records }, (_, n) => ({ n }))
  const post = (settings: object = {}) => service.post({ code: CODE, input, transform: { checkpointMs: CHECKPOINT_MS }, limits: { timeoutMs: totalMs * 2, cpuMs: MINUTE_MS * 2 }, ...settings })
  const begun = performance.now()

  const quiet = await post()
  const late = await post({ limits: { timeoutMs: Math.round(totalMs * 0.6), cpuMs: MINUTE_MS * 2 }, retry: { attempts: 2, backoff: { type: 'fixed', delayMs: 0, jitter: 0 }, on: ['TIMEOUT'] } })
  const cancelled = await post({ input: [...input, ...input, ...input], limits: { timeoutMs: totalMs * 4, cpuMs: MINUTE_MS * 2 } })
  const spare = await post({ code: 'export default (record) => new Promise(() => {})', limits: { timeoutMs: totalMs * 4, cpuMs: MINUTE_MS * 2 } })
  await started(service, [quiet, late, cancelled, spare])
  const doomed = await service.startWorker()
  const killed = await post()
  await started(service, [killed])
  await service.request('POST', `/v1/jobs/${spare.id}/cancel`)
  const jobs = { quiet, late, cancelled, killed }

  let isKilled = false
  for (;;) {
    await wait(TELL_MS)
    const minute = Math.round((performance.now() - begun) / MINUTE_MS)
    const now = Object.fromEntries(await Promise.all(Object.entries(jobs).map(async ([name, { id }]) => [name, await service.read(id)] as const)))
    say(`${minute} min: ${Object.entries(now).map(([name, job]) => `${name} ${job.status} ${((job.progress?.value ?? 0) * 100).toFixed(1)} %`).join(', ')}`)
    if (!isKilled && minute * 2 >= minutes) {
      isKilled = true
      killHard(doomed.pid)
      say('the second worker was killed')
    }
    if (['quiet', 'late', 'killed'].every((name) => now[name]?.finishedAt !== null && now[name]?.finishedAt !== undefined)) break
    assert.ok(minute < minutes * 2, 'they did not end in twice their time')
  }
  const asked = performance.now()
  await service.request('POST', `/v1/jobs/${cancelled.id}/cancel`)
  const stopped = await service.end(cancelled.id)
  const stopMs = performance.now() - asked

  await check(service, 'quiet', quiet, { records, runs: 1, attempts: 1, say })
  await check(service, 'killed', killed, { records, runs: 2, attempts: 1, say })
  await check(service, 'late', late, { records, runs: 2, attempts: 2, say })
  say(`cancelled after ${Math.round((asked - begun) / MINUTE_MS)} min: ${stopped.status} within ${stopMs.toFixed(0)} ms`)
  assert.equal(stopped.status, 'cancelled')
  assert.ok(stopMs < CANCEL_MS, `${stopMs} ms`)
}

async function started (service: TestService, jobs: readonly JobView[]): Promise<void> {
  for (const { id } of jobs) while ((await service.read(id)).status !== 'running') await wait(100)
}

interface Expected {
  records: number
  runs: number
  attempts: number
  say (line: string): void
}

async function check (service: TestService, name: string, { id }: JobView, { records, runs, attempts, say }: Expected): Promise<void> {
  const job = await service.read(id)
  const history = await readHistory(service, id)
  const count = (type: string) => history.filter((event) => event.type === type).length
  const cpuMs = job.attempts.reduce((sum, { usage }) => sum + (usage?.cpuMs ?? 0), 0)
  say(`${name}: ${job.status}, ${job.attempts.length} attempts, ${count('job.started')} runs, ${count('job.checkpoint')} checkpoints, ${count('job.progress')} times progress, ${cpuMs.toFixed(0)} ms of processor time: ${JSON.stringify(job.result)}`)
  assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
  assert.deepEqual([count('job.started'), job.attempts.length], [runs, attempts], name)
  const { files, records: counts } = job.result as { files: { id: string }[], records: object } // of a transform
  assert.deepEqual(counts, { read: records, written: records, rejected: 0 }, name)
  const { text } = await service.request('GET', `/v1/files/${files[0]?.id}`)
  assert.equal(text, Array.from({ length: records }, (_, n) => `${JSON.stringify({ n })}\n`).join(''), `${name}: each record once, in its place`)
}

/** Every event of a job, page by page: one of that length has more than one. */
async function readHistory (service: TestService, id: string): Promise<Event[]> {
  const events: Event[] = []
  for (;;) {
    const { json } = await service.request('GET', `/v1/jobs/${id}/events?limit=1000&after=${events.at(-1)?.sequence ?? 0}`)
    const page = json['data'] as Event[] // the service's own answer
    if (page.length === 0) return events
    events.push(...page)
  }
}
