import assert from 'node:assert/strict'
import { test } from 'node:test'
import { itemId } from '../../src/core/ids.ts'
import { begin } from '../../src/store/moves/begin.ts'
import { startApi, ADMIN_TENANT, type TestApi } from '../helpers/api.ts'
import { beginRun, playWorker } from '../helpers/play-worker.ts'

const CODE = 'export default (x) => x'
const NDJSON = { 'content-type': 'application/x-ndjson' }

interface Line { index: number, jobId: string | null, status: string, result?: unknown, error?: { code: string } }
interface Posted { id: string, status: string, total: number, counts: Record<string, number>, items: { index: number, outcome: string, jobId: string | null, error?: { code: string, message: string } }[] }

/** Counts that are not 0. */
function counted (counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}

async function postBatch (api: TestApi, body: unknown, headers: Record<string, string> = {}): Promise<Posted> {
  const answer = await api.post('/v1/batches', body, headers)
  assert.equal(answer.statusCode, 202, answer.body)
  return answer.json() as unknown as Posted // it said that it was accepted
}

function postLines (api: TestApi, lines: unknown[], headers: Record<string, string> = {}) {
  const payload = lines.map((line) => typeof line === 'string' ? line : JSON.stringify(line)).join('\n')
  return api.send({ method: 'POST', url: '/v1/batches', payload, headers: { authorization: `Bearer ${'an administrator of this test only'.replaceAll(' ', '-')}`, ...NDJSON, ...headers } })
}

async function readLines (api: TestApi, id: string, query = ''): Promise<Line[]> {
  const answer = await api.get(`/v1/batches/${id}/results${query}`)
  assert.equal(answer.statusCode, 200, answer.body)
  return answer.body.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Line) // each line is one
}

async function readBatch (api: TestApi, id: string): Promise<Posted> {
  return (await api.get(`/v1/batches/${id}`)).json() as unknown as Posted // as above
}

test('one code and many inputs are as many jobs, followed as one and read in the order of the inputs', async (t) => {
  const api = await startApi(t)

  const batch = await postBatch(api, { job: { code: CODE, tags: { a: 'b' } }, inputs: [1, 'two', null] })
  for (const { jobId } of batch.items.toReversed()) await playWorker(api.db, jobId ?? '', { result: JSON.stringify(jobId) })

  assert.deepEqual([batch.status, batch.total, counted(batch.counts)], ['running', 3, { queued: 3 }])
  assert.deepEqual(batch.items.map(({ index, outcome, jobId }) => [index, outcome, jobId]), [0, 1, 2].map((index) => [index, 'accepted', itemId(batch.id, index)]))
  const { status, counts } = await readBatch(api, batch.id)
  assert.deepEqual([status, counted(counts)], ['completed', { succeeded: 3 }])
  assert.deepEqual(await readLines(api, batch.id), [0, 1, 2].map((index) => ({ index, jobId: itemId(batch.id, index), status: 'succeeded', result: itemId(batch.id, index) })))
  const job = (await api.get(`/v1/jobs/${itemId(batch.id, 1)}`)).json()
  assert.deepEqual([job['batchId'], job['tags']], [batch.id, { a: 'b' }])
})

test('a body that fits neither form is told what keeps it from the one that it is nearest to', async (t) => {
  const api = await startApi(t)
  const bodies = [{ job: { code: 5 }, inputs: [1] }, { job: { code: CODE }, input: [1] }, { jobs: [] }, { jobs: [1], total: 1 }]

  const answers = await Promise.all(bodies.map((body) => api.post('/v1/batches', body)))

  assert.deepEqual(answers.map(({ statusCode }) => statusCode), [422, 422, 422, 422])
  assert.deepEqual(answers.map((answer) => (answer.json()['errors'] as { pointer: string }[]).map(({ pointer }) => pointer)), [['/job/code'], ['/inputs', '/input'], ['/jobs'], ['/total']])
})

test('what is wrong with one item is said of it, and the others are taken', async (t) => {
  const api = await startApi(t, { BATCHBOX_MAX_INPUT_BYTES: '20' })

  const { id, total, counts, items } = await postBatch(api, { jobs: [{ code: CODE }, 'no job', { code: CODE, limits: { timeoutMs: 1e9 } }, { code: CODE, input: 'x'.repeat(30) }, { code: CODE, runAt: '2999-01-01T00:00:00Z' }, { code: CODE, input: 1 }] })

  assert.deepEqual([total, counted(counts)], [6, { queued: 2, refused: 4 }])
  assert.deepEqual(items.map(({ error }) => error?.code), [undefined, 'INVALID', 'INVALID', 'INPUT_TOO_LARGE', 'INVALID', undefined])
  assert.match(items[2]?.error?.message ?? '', /limits\/timeoutMs.*more than the maximum/)
  assert.deepEqual((await readLines(api, id)).map(({ status, error }) => [status, error?.code]), items.map(({ outcome, error }) => [outcome === 'accepted' ? 'queued' : 'refused', error?.code]))
})

test('a batch whose items were all refused is over at once', async (t) => {
  const api = await startApi(t)

  const { status, counts } = await postBatch(api, { jobs: [1, 2, 3] })

  assert.deepEqual([status, counted(counts)], ['completed', { refused: 3 }])
})

test('items come as lines, too: inputs after a job, or jobs after an empty head', async (t) => {
  const api = await startApi(t)

  const inputs = await postLines(api, [{ job: { code: CODE }, total: 3 }, 1, '', { two: 2 }, 'not JSON'])
  const jobs = await postLines(api, [{}, { code: CODE, input: 1 }, { code: 1 }, { code: CODE, input: 2 }])

  assert.deepEqual([inputs.statusCode, jobs.statusCode], [202, 202], inputs.body + jobs.body)
  const [first, second] = [inputs, jobs].map((answer) => answer.json() as unknown as Posted)
  assert.deepEqual(first?.items.map(({ outcome }) => outcome), ['accepted', 'accepted', 'refused'])
  assert.match(first?.items[2]?.error?.message ?? '', /^Line 5: /)
  assert.deepEqual(second?.items.map(({ outcome }) => outcome), ['accepted', 'refused', 'accepted'])
})

test('the same key posts one batch, also from many at once, by lines or as a whole; another body under it is a mismatch', async (t) => {
  const api = await startApi(t)
  const inputs: unknown[] = Array.from({ length: 450 }, (_, index) => index)
  const whole = { job: { code: CODE }, inputs }
  const lines: unknown[] = [{ job: { code: CODE } }, ...inputs]

  const wholes = await Promise.all(Array.from({ length: 5 }, () => postBatch(api, whole, { 'idempotency-key': 'whole' })))
  const streams = await Promise.all(Array.from({ length: 5 }, () => postLines(api, lines, { 'idempotency-key': 'lines' })))
  const others = [
    await api.post('/v1/batches', { ...whole, inputs: inputs.with(3, 'other') }, { 'idempotency-key': 'whole' }),
    await postLines(api, lines.with(3, 'other'), { 'idempotency-key': 'lines' }),
    await postLines(api, lines.slice(0, -1), { 'idempotency-key': 'lines' }),
    await postLines(api, [...lines, 'more'], { 'idempotency-key': 'lines' }),
  ]

  assert.equal(new Set(wholes.map(({ id }) => id)).size, 1)
  assert.equal(new Set(streams.map((answer) => answer.json()['id'])).size, 1)
  assert.ok(streams.every(({ body }) => (JSON.parse(body) as Posted).total === 450))
  assert.deepEqual(others.map(({ statusCode }) => statusCode), [409, 409, 409, 409])
  assert.equal(await api.db.redis.zcard(api.db.keys.jobs(ADMIN_TENANT)), 900)
})

test('a stream that was cut short goes on where it ended when it is sent again', async (t) => {
  const api = await startApi(t)
  const lines = [{ job: { code: CODE }, total: 450 }, ...Array.from({ length: 450 }, (_, index) => index)]

  const cut = await postLines(api, lines.slice(0, 301), { 'idempotency-key': 'k' })
  const whole = await postLines(api, lines, { 'idempotency-key': 'k' })

  assert.deepEqual([cut.statusCode, cut.json()['code']], [422, 'INVALID'])
  assert.deepEqual([whole.statusCode, whole.json()['code']], [202, undefined], whole.body)
  assert.deepEqual([(whole.json() as unknown as Posted).total, await api.db.redis.zcard(api.db.keys.jobs(ADMIN_TENANT))], [450, 450])
})

test('an item may have a key of its own: a repeat is the job that was posted first', async (t) => {
  const api = await startApi(t)
  const first = await api.post('/v1/jobs', { code: CODE, input: 1 }, { 'idempotency-key': 'one' })

  const { counts, items } = await postBatch(api, { jobs: [{ code: CODE, input: 1, idempotencyKey: 'one' }, { code: CODE, input: 2, idempotencyKey: 'two' }, { code: CODE, input: 2, idempotencyKey: 'two' }, { code: CODE, input: 3, idempotencyKey: 'two' }, { code: CODE, idempotencyKey: 7 }] })

  assert.deepEqual(counted(counts), { queued: 1, repeated: 2, refused: 2 })
  assert.deepEqual(items.map(({ outcome, jobId, error }) => error?.code ?? [outcome, jobId]), [['repeated', first.json()['id']], ['accepted', items[1]?.jobId], ['repeated', items[1]?.jobId], 'IDEMPOTENCY_MISMATCH', 'INVALID'])
})

test('a cancelled batch begins nothing more, stops what runs, and is over when that has stopped', async (t) => {
  const api = await startApi(t)
  const batch = await postBatch(api, { job: { code: CODE }, inputs: [1, 2, 3] })
  const [ended, running] = batch.items.map(({ jobId }) => jobId ?? '')
  await playWorker(api.db, ended ?? '')
  await beginRun(api.db, running ?? '')

  const answer = await api.post(`/v1/batches/${batch.id}/cancel`, {})
  const again = await api.post(`/v1/batches/${batch.id}/cancel`, {})

  assert.deepEqual([answer.statusCode, again.statusCode, answer.json()['status']], [202, 202, 'cancelling'])
  assert.deepEqual(counted((await readBatch(api, batch.id)).counts), { succeeded: 1, running: 1, cancelled: 1 })
  assert.equal(await api.db.redis.hget(api.db.keys.job(running ?? ''), 'cancel'), '1')
})

test('the events of a batch end with its completion, which a long poll waits for', async (t) => {
  const api = await startApi(t)
  const batch = await postBatch(api, { job: { code: CODE }, inputs: [1] })

  const waiting = [api.get(`/v1/batches/${batch.id}?wait=30`), api.get(`/v1/batches/${batch.id}/events?wait=30`)]
  await playWorker(api.db, batch.items[0]?.jobId ?? '')
  const [read, events] = await Promise.all(waiting)
  assert.ok(events)

  assert.equal(read?.json()['status'], 'completed')
  const { data, nextCursor } = events.json() as { data: { type: string, payload: { total: number } }[], nextCursor: unknown }
  assert.deepEqual([data.at(-1)?.type, data.at(-1)?.payload.total, nextCursor], ['batch.completed', 1, null])
})

test('batches are listed newest first, page by page', async (t) => {
  const api = await startApi(t)
  const ids: string[] = []
  for (let i = 0; i < 5; i++) ids.push((await postBatch(api, { jobs: [i] })).id)

  const first = (await api.get('/v1/batches?limit=3')).json() as { data: { id: string }[], nextCursor: string }
  const second = (await api.get(`/v1/batches?limit=3&cursor=${first.nextCursor}`)).json() as typeof first

  assert.deepEqual([...first.data, ...second.data].map(({ id }) => id), ids.toReversed())
  assert.equal(second.nextCursor, null)
})

test('a replay is a new batch of the items that failed, with their inputs, and each knows the other', async (t) => {
  const api = await startApi(t)
  const batch = await postBatch(api, { job: { code: CODE, delayMs: 0, tags: { a: 'b' } }, inputs: ['x'.repeat(20_000), 2, 3, 4] })
  const ids = batch.items.map(({ jobId }) => jobId ?? '')
  const early = await api.post(`/v1/batches/${batch.id}/replay`, {})
  for (const [index, id] of ids.entries()) await playWorker(api.db, id, index % 2 === 0 ? { status: 'failed' } : {})

  const answers = await Promise.all([1, 2].map(() => api.post(`/v1/batches/${batch.id}/replay`, { priority: 'high' }, { 'idempotency-key': 'k' })))
  const other = await api.post(`/v1/batches/${batch.id}/replay`, { statuses: ['cancelled'] })

  assert.deepEqual([early.statusCode, other.statusCode, ...answers.map(({ statusCode }) => statusCode)], [409, 422, 202, 202], answers.map(({ body }) => body).join())
  assert.equal(other.json()['detail'], `Cannot replay batch "${batch.id}": none of its items is cancelled`)
  const [first, second] = answers.map((answer) => answer.json() as unknown as Posted & { replayOf: string })
  assert.deepEqual([first?.id, first?.total, first?.replayOf], [second?.id, 2, batch.id])
  const replayed = (await api.get(`/v1/jobs/${first?.items[0]?.jobId}`)).json()
  assert.deepEqual([replayed['replayOf'], replayed['tags'], replayed['priority']], [ids[0], { a: 'b' }, 'high'])
  const begun = await begin(api.db, { jobId: first?.items[0]?.jobId ?? '', turn: 1 }, { worker: 'w', retentionMs: 60_000 })
  assert.ok(begun.type === 'run')
  assert.equal(JSON.parse(begun.job.input), 'x'.repeat(20_000))
})

test('the jobs of a batch are listed, by state, page by page, and other jobs are not', async (t) => {
  const api = await startApi(t)
  await api.post('/v1/jobs', { code: CODE })
  const batch = await postBatch(api, { jobs: [...Array.from({ length: 250 }, (_, input) => ({ code: CODE, input })), 'no job'] })
  await playWorker(api.db, itemId(batch.id, 7))
  const list = async (query: string) => (await api.get(`/v1/jobs?batch=${batch.id}${query}`)).json() as { data: { id: string, batchId: string }[], nextCursor: string | null }

  const seen: string[] = []
  let page = await list('&limit=200')
  for (;; page = await list(`&limit=200&cursor=${page.nextCursor}`)) {
    seen.push(...page.data.map(({ id }) => id))
    if (page.nextCursor === null) break
  }

  assert.deepEqual(seen, Array.from({ length: 250 }, (_, index) => itemId(batch.id, 249 - index)))
  assert.deepEqual((await list('&status=succeeded')).data.map(({ id }) => id), [itemId(batch.id, 7)])
  assert.deepEqual((await list('&since=2999-01-01T00:00:00Z')).data, [])
  const theirs = await api.holder('other', 'jobs:read')
  assert.deepEqual((await api.get(`/v1/jobs?batch=${batch.id}`, theirs)).json()['data'], [])
})
