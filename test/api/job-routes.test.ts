import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { append } from '../../src/store/moves/progress.ts'
import { ADMIN_HEADERS, startApi, type TestApi } from '../helpers/api.ts'
import { beginRun, logEvent, playWorker } from '../helpers/play-worker.ts'
import { redisForTest } from '../helpers/redis.ts'

const JOB = { code: 'export default (x) => x' }
const LINES = [logEvent('debug', 'one'), logEvent('log', 'two'), logEvent('warn', 'three'), logEvent('error', 'four')]

async function postJob ({ post }: TestApi, members: object = {}): Promise<string> {
  return String((await post('/v1/jobs', { ...JOB, ...members })).json()['id'])
}

function messages (answer: Record<string, unknown>): string[] {
  return (answer['data'] as { message: string }[]).map(({ message }) => message) // a page of log lines
}

test('cancelling a job that waits ends it, and again answers the state it has', async (t) => {
  const api = await startApi(t)
  const id = await postJob(api, { delayMs: 3_600_000 })

  const answers = [await api.post(`/v1/jobs/${id}/cancel`, {}), await api.send({ method: 'POST', url: `/v1/jobs/${id}/cancel`, headers: ADMIN_HEADERS })]

  for (const answer of answers) {
    assert.equal(answer.statusCode, 200)
    assert.deepEqual(answer.json(), { id, status: 'cancelled' })
  }
  assert.partialDeepStrictEqual((await api.get(`/v1/jobs/${id}`)).json(), { status: 'cancelled', error: { code: 'CANCELLED' } })
})

test('cancelling a job that runs asks its worker, and answers 202 where that has not stopped it within the wait', async (t) => {
  const api = await startApi(t)
  const id = await postJob(api)
  const run = await beginRun(api.db, id)

  const answer = await api.post(`/v1/jobs/${id}/cancel`, {}, { prefer: 'wait=0' })

  assert.equal(answer.statusCode, 202)
  assert.deepEqual(answer.json(), { id, status: 'running' })
  assert.deepEqual(await append(api.db, run, []), { type: 'kept', cancelled: true })
})

test('a result is an attachment of a fixed type that no browser runs', async (t) => {
  const api = await startApi(t)
  const id = await postJob(api)
  await playWorker(api.db, id, { result: '"<script>alert(1)</script>"' })

  const { body, headers } = await api.get(`/v1/jobs/${id}/result`)

  assert.equal(body, '"<script>alert(1)</script>"')
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.equal(headers['content-disposition'], `attachment; filename="${id}.json"`)
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.match(String(headers['content-security-policy']), /^default-src 'none';.*sandbox/)
})

test('a job without a result has none to read, and the answer says its status', async (t) => {
  const api = await startApi(t)
  const response = await api.get(`/v1/jobs/${await postJob(api)}/result`)

  assert.equal(response.statusCode, 404)
  assert.match(String(response.json()['detail']), /queued/)
})

test('logs are a page of lines from a cursor on, by lowest level', async (t) => {
  const api = await startApi(t)
  const id = await postJob(api)
  await playWorker(api.db, id, { events: LINES })

  const all = (await api.get(`/v1/jobs/${id}/logs`)).json()
  const first = (await api.get(`/v1/jobs/${id}/logs?limit=3`)).json()
  const rest = (await api.get(`/v1/jobs/${id}/logs?after=${String(first['nextCursor'])}`)).json()
  const warnings = (await api.get(`/v1/jobs/${id}/logs?level=warn`)).json()

  assert.deepEqual(messages(all), ['one', 'two', 'three', 'four'])
  assert.equal(all['nextCursor'], null)
  assert.deepEqual([messages(first), messages(rest)], [['one', 'two', 'three'], ['four']])
  assert.deepEqual(messages(warnings), ['three', 'four'])
})

test('a page of long lines ends early, with a cursor to the rest', async (t) => {
  const api = await startApi(t)
  const id = await postJob(api)
  const run = await beginRun(api.db, id)
  for (let batch = 0; batch < 3; batch++) await append(api.db, run, Array.from({ length: 100 }, () => logEvent('info', 'x'.repeat(65_536))))

  const first = (await api.get(`/v1/jobs/${id}/logs`)).json()
  const rest = (await api.get(`/v1/jobs/${id}/logs?after=${String(first['nextCursor'])}`)).json()

  assert.deepEqual([messages(first).length, messages(rest).length], [198, 102]) // two events came before the first line
  assert.equal(rest['nextCursor'], null)
})

test('logs are NDJSON for who accepts it, with a link to the next page', async (t) => {
  const api = await startApi(t)
  const id = await postJob(api)
  await playWorker(api.db, id, { events: LINES })

  const { headers, body } = await api.get(`/v1/jobs/${id}/logs?limit=3`, { ...ADMIN_HEADERS, accept: 'application/x-ndjson' })
  const next = /^<([^>]+)>; rel="next"$/.exec(String(headers['link']))?.[1] ?? ''
  const rest = await api.get(next, { ...ADMIN_HEADERS, accept: 'application/x-ndjson' })

  const parse = (text: string) => text.trimEnd().split('\n').map((line) => (JSON.parse(line) as { message: string }).message) // a log line
  assert.match(String(headers['content-type']), /^application\/x-ndjson/)
  assert.deepEqual([...parse(body), ...parse(rest.body)], ['one', 'two', 'three', 'four'])
  assert.equal(rest.headers['link'], undefined)
})

test('logs of a running job are there as soon as they are appended', async (t) => {
  const api = await startApi(t)
  const id = await postJob(api)
  const run = await beginRun(api.db, id)

  await append(api.db, run, LINES.slice(0, 1))

  assert.deepEqual(messages((await api.get(`/v1/jobs/${id}/logs`)).json()), ['one'])
})

test('events are numbered from 1 without a gap, and the cursor ends with the job', async (t) => {
  const api = await startApi(t)
  const id = await postJob(api)
  await playWorker(api.db, id, { events: LINES })

  const first = (await api.get(`/v1/jobs/${id}/events?limit=4`)).json()
  const rest = (await api.get(`/v1/jobs/${id}/events?after=${String(first['nextCursor'])}&wait=1`)).json()

  const events = [first, rest].flatMap(({ data }) => data as { sequence: number, type: string, id: string }[]) // pages of events
  assert.deepEqual(events.map(({ sequence }) => sequence), [1, 2, 3, 4, 5, 6, 7])
  assert.equal(events[0]?.type, 'job.queued')
  assert.equal(events.at(-1)?.type, 'job.succeeded')
  assert.equal(events[0]?.id, `${id}-1`)
  assert.equal(rest['nextCursor'], null)
})

test('a list is filtered by status, tag and time, newest first, page by page', async (t) => {
  const api = await startApi(t)
  const ids: string[] = []
  for (const tags of [{ a: 'x:1' }, { a: 'x:2' }, { a: 'x:1' }]) ids.push(await postJob(api, { tags }))
  await playWorker(api.db, ids[2]!) // three were posted

  const list = async (query: string) => {
    const answer = (await api.get(`/v1/jobs?${query}`)).json() as { data: { id: string }[], nextCursor: string | null } // a page of jobs
    return { found: answer.data.map(({ id }) => ids.indexOf(id)), next: answer.nextCursor, answer }
  }

  assert.deepEqual((await list('')).found, [2, 1, 0])
  assert.deepEqual((await list('status=succeeded')).found, [2])
  assert.deepEqual((await list('tag=a:x:1')).found, [2, 0])
  assert.deepEqual((await list('tag=a:x')).found, [])
  assert.deepEqual((await list('tag=a:x:1&status=queued')).found, [0])
  assert.deepEqual((await list('since=2100-01-01T00:00:00Z')).found, [])
  assert.deepEqual((await list('until=2100-01-01T00:00:00%2B02:00')).found, [2, 1, 0])
  const page = await list('limit=2')
  assert.deepEqual(page.found, [2, 1])
  assert.deepEqual((await list(`limit=2&cursor=${String(page.next)}`)).found, [0])
  assert.ok(!('result' in page.answer.data[0]!)) // two were found
})

test('a long poll of the events answers each one as it comes, until the last', async (t) => {
  const api = await startApi(t)
  const id = await postJob(api)

  const seen: string[] = []
  const follow = (async () => {
    for (let cursor: string | null = '0'; cursor !== null;) {
      const page = (await api.get(`/v1/jobs/${id}/events?after=${cursor}&wait=30`)).json() as { data: { type: string }[], nextCursor: string | null }
      assert.ok(page.data.length > 0, 'it answered for something new')
      seen.push(...page.data.map(({ type }) => type))
      cursor = page.nextCursor
    }
  })()
  await playWorker(api.db, id, { events: LINES })
  await follow

  assert.deepEqual(seen, ['job.queued', 'job.started', 'job.log', 'job.log', 'job.log', 'job.log', 'job.succeeded'])
})

test('a job whose key is not there is cancelled, and the answer says so', async (t) => {
  const redis = await redisForTest(t)
  const key = (id: string) => ({ BATCHBOX_ENCRYPTION_KEYS: `${id}=${randomBytes(32).toString('base64')}` })
  const before = await startApi(t, key('one'), { redis })
  const [waiting, running] = await Promise.all([0, 1].map(async () => String((await before.post('/v1/jobs', { code: 'export default 1' })).json()['id'])))
  await beginRun(before.db, running ?? '')
  const api = await startApi(t, key('other'), { redis })

  const answers = await Promise.all([waiting, waiting, running].map((id) => api.post(`/v1/jobs/${id}/cancel`, undefined, { prefer: 'wait=0' })))

  assert.deepEqual(answers.map(({ statusCode, json }) => [statusCode, json()]), [[200, { id: waiting, status: 'cancelled' }], [200, { id: waiting, status: 'cancelled' }], [202, { id: running, status: 'running' }]])
  assert.equal((await api.get(`/v1/jobs/${waiting}`)).statusCode, 503)
})
