import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

/** One service for all of them: none harms it. */
test('jobs over HTTP', { concurrency: 4 }, async (t) => {
  const service = await startService(t)

  void t.test('a posted job is accepted at once, runs, and is read back with its result, logs, events and attempts', async () => {
    const code = 'export default (rows) => { console.log("rows:", rows.length); console.warn({ deep: [1] }); return rows.map((r) => r.price * r.qty) }'
    const posted = await service.request('POST', '/v1/jobs', { body: { code, input: [{ price: 2, qty: 3 }], tags: { pipeline: 'orders' }, priority: 'high' } })
    assert.equal(posted.status, 202)
    const id = String(posted.json['id'])
    assert.equal(posted.headers.get('location'), `/v1/jobs/${id}`)

    const job = await service.end(id)

    assert.deepEqual([job.status, job.result, job.error, job.tags, job.priority], ['succeeded', [6], null, { pipeline: 'orders' }, 'high'])
    assert.equal(job.attempts.length, 1)
    assert.deepEqual([job.attempts[0]?.isolation?.process, job.attempts[0]?.isolation?.permission, job.attempts[0]?.runs.length], [true, true, 1])
    assert.ok(job.usage && job.usage.wallMs > 0 && job.usage.resultBytes === 3)
    assert.deepEqual((await service.logs(id)).map(({ sequence, level, message }) => [sequence, level, message]), [[3, 'log', 'rows: 1'], [4, 'warn', '{ deep: [ 1 ] }']])
    assert.deepEqual((await service.events(id)).map(({ sequence, type }) => [sequence, type]), [
      [1, 'job.queued'], [2, 'job.started'], [3, 'job.log'], [4, 'job.log'], [5, 'job.succeeded'],
    ])
  })

  void t.test('TypeScript is compiled, enums included', async () => {
    const job = await service.run({ code: 'enum Size { Small = 1, Large }\nexport default (n: number): string => Size[n] as string', input: 2 })

    assert.deepEqual([job.status, job.result], ['succeeded', 'Large'])
  })

  void t.test('a job that is read while it runs is running, with a deadline and its progress', async () => {
    const { id } = await service.post({ code: 'export default async (_, { progress }) => { progress(0.5, "half"); await new Promise((r) => setTimeout(r, 1000)); return 1 }' })
    await until('it has progressed', async () => (await service.read(id)).progress !== null)

    const job = await service.read(id)
    assert.deepEqual([job.status, job.progress], ['running', { value: 0.5, message: 'half' }])
    assert.ok(job.deadlineAt)
    assert.deepEqual((await service.end(id)).deadlineAt, null)
  })

  void t.test('a result too long to stand inside the job is read by its link, as it was returned', async () => {
    const job = await service.run({ code: 'export default () => "ä".repeat(100_000)' })

    assert.deepEqual([job.status, 'result' in job], ['succeeded', false])
    const answer = await service.request('GET', job.links.result)
    assert.equal(answer.text, JSON.stringify('ä'.repeat(100_000)))
  })

  void t.test('what a user wrote is never served as a page: nosniff, a strict policy, results as attachments', async () => {
    const html = '<script>alert(1)</script>'
    const job = await service.run({ code: `export default () => { console.log(${JSON.stringify(html)}); return ${JSON.stringify(html)} }`, tags: { [html]: html } })

    for (const path of ['', '/result', '/logs', '/events', '/trace']) {
      const { status, headers } = await service.request('GET', `/v1/jobs/${job.id}${path}`, { headers: { accept: 'text/html' } })
      assert.equal(status, 200, path)
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path)
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'.*sandbox/, path)
      assert.match(headers.get('content-type') ?? '', /^application\/json/, path)
      assert.equal(headers.get('content-disposition'), path === '/result' ? `attachment; filename="${job.id}.json"` : null, path)
    }
  })

  void t.test('the same key and body answer the first job, also after it ended; another body is refused', async () => {
    const headers = { 'idempotency-key': 'order-7' }
    const body = { code: 'export default () => Math.random()' }
    const [first, second] = await Promise.all([service.run(body, headers), service.run(body, headers)])

    assert.equal(first.id, second.id)
    assert.equal((await service.run(body, headers)).result, first.result)
    assert.equal((await service.request('POST', '/v1/jobs', { body: { ...body, input: 1 }, headers })).status, 409)
  })

  void t.test('a delayed job waits for its time and can be cancelled before', async () => {
    const soon = await service.post({ code: 'export default () => 1', delayMs: 300 })
    const never = await service.post({ code: 'export default () => 1', delayMs: 3_600_000 })

    const cancelled = await service.request('POST', `/v1/jobs/${never.id}/cancel`)

    assert.deepEqual([cancelled.status, cancelled.json], [200, { id: never.id, status: 'cancelled' }])
    const job = await service.end(soon.id)
    assert.ok(Date.parse(job.startedAt ?? '') - Date.parse(job.createdAt) >= 300)
    assert.equal((await service.read(never.id)).attempts.length, 0)
  })

  void t.test('an endless loop is stopped by a cancel, which answers how long that took', async () => {
    const { id } = await service.post({ code: 'export default () => { console.log("in"); for (;;); }', limits: { cpuMs: 60_000, timeoutMs: 60_000 } })
    await until('it loops', async () => (await service.logs(id)).length > 0)

    const asked = await service.request('POST', `/v1/jobs/${id}/cancel`)
    const job = await service.end(id)
    const again = await service.request('POST', `/v1/jobs/${id}/cancel`)

    assert.deepEqual([job.status, job.error?.code], ['cancelled', 'CANCELLED'])
    const last = (await service.events(id)).at(-1)
    assert.equal(last?.type, 'job.cancelled')
    const { stoppedAfterMs } = last.payload
    assert.ok(typeof stoppedAfterMs === 'number' && stoppedAfterMs < 3000, String(stoppedAfterMs))
    for (const answer of [asked, again]) assert.deepEqual([answer.status, answer.json], [200, { id, status: 'cancelled', stoppedAfterMs }])
  })

  void t.test('an attempt that fails is tried again as the policy says, and the job keeps each', async () => {
    const job = await service.run({
      code: 'export default (_, { attempt }) => { if (attempt < 3) throw new Error(`no ${attempt}`); return attempt }',
      retry: { attempts: 3, backoff: { type: 'fixed', delayMs: 20, jitter: 0 } },
    })

    assert.deepEqual([job.status, job.result, job.attempts.map(({ number, error }) => [number, error?.message])], ['succeeded', 3, [[1, 'no 1'], [2, 'no 2'], [3, undefined]]])
  })
})
