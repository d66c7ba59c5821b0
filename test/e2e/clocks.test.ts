import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startService } from '../helpers/service.ts'

const SKEW_MS = 600_000
const FIXTURE = new URL('../helpers/skewed-clock.mjs', import.meta.url)
/** Locks that are renewed several times within a job of some seconds, and a deadline that passes soon. */
const IMPATIENT = { BATCHBOX_LOCK_MS: '1000', BATCHBOX_STALLED_MS: '500', BATCHBOX_REAP_EVERY_MS: '200' }

const skewed = (ms: number) => ({ NODE_OPTIONS: `--import=${FIXTURE.href}?ms=${ms}` })

for (const [name, apiMs, workerMs] of [['ahead of', -SKEW_MS, SKEW_MS], ['behind', SKEW_MS, -SKEW_MS]] as const) {
  test(`a worker whose clock is ten minutes ${name} Redis's, and an API whose clock is wrong the other way, do no harm`, async (t) => {
    const service = await startService(t, { worker: false, env: skewed(apiMs) })
    const worker = await service.startWorker({ ...IMPATIENT, ...skewed(workerMs) })

    const [delayed, retried, long, endless, patient, expired, executed] = await Promise.all([
      service.run({ code: 'export default () => 1', delayMs: 1500 }),
      service.run({
        code: 'export default (_, { attempt }) => { if (attempt < 3) throw new Error("again"); return attempt }',
        retry: { attempts: 3, backoff: { type: 'fixed', delayMs: 700, jitter: 0 } },
      }),
      service.run({ code: 'export default async (_, { progress }) => { progress(0.5, "half"); await new Promise((r) => setTimeout(r, 3000)) }' }),
      service.run({ code: 'export default () => { for (;;); }', limits: { timeoutMs: 500, cpuMs: 500 } }),
      service.run({ code: 'export default () => 1', ttlMs: 60_000 }),
      service.run({ code: 'export default () => 1', delayMs: 400, ttlMs: 100 }),
      service.request('POST', '/execute', { body: { code: 'export default () => 7' } }),
    ])

    assertWithin(Date.parse(String(worker.lines[0]?.['time'])) - Date.now() - workerMs, -60_000, 60_000, 'its clock is not wrong:')
    assertWithin(startOf(delayed) - Date.parse(delayed.createdAt), 1500, 6000)
    assert.deepEqual([retried.status, retried.attempts.length], ['succeeded', 3])
    const [first, second] = retried.attempts
    assertWithin(Date.parse(second?.startedAt ?? '') - Date.parse(first?.finishedAt ?? ''), 700, 6000)
    assert.deepEqual([long.status, long.attempts[0]?.runs.length], ['succeeded', 1], 'its lock was renewed')
    assert.match(String(endless.error?.code), /^(?:TIMEOUT|CPU_LIMIT)$/)
    assert.deepEqual([patient.status, expired.status, executed.json['result']], ['succeeded', 'expired', 7])
    const times = (await service.request('GET', `/v1/jobs/${long.id}/events`)).json['data'] as { type: string, time: string }[]
    for (const { type, time } of times) assertWithin(Math.abs(Date.parse(time) - Date.now()), 0, 60_000, type)
  })
}

function startOf (job: { startedAt: string | null }): number {
  return Date.parse(job.startedAt ?? '')
}

function assertWithin (ms: number, least: number, most: number, what = ''): void {
  assert.ok(ms >= least && ms <= most, `${what} ${ms} ms is not within ${least} and ${most}`)
}
