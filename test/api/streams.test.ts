import assert from 'node:assert/strict'
import { test } from 'node:test'
import { append } from '../../src/store/moves/progress.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { ADMIN_HEADERS, startApi, type TestApi } from '../helpers/api.ts'
import { beginRun, logEvent, playWorker } from '../helpers/play-worker.ts'
import { settlement } from '../helpers/store.ts'
import { listen, openStream, parseLines, parseSse } from '../helpers/streams.ts'
import { until } from '../helpers/until.ts'

const SSE = { accept: 'text/event-stream' }
const LINES = { accept: 'application/x-ndjson' }

async function postJob (api: TestApi, members: Record<string, unknown> = {}): Promise<string> {
  return String((await api.post('/v1/jobs', { code: 'export default () => 1', ...members })).json()['id'])
}

test('every cursor gives the same rest of a job over each transport', async (t) => {
  const api = await startApi(t)
  const id = await postJob(api)
  await playWorker(api.db, id, { events: [logEvent('info', 'one'), logEvent('info', 'two\nlines\u2028')] })
  const path = `/v1/jobs/${id}/events`

  for (let after = 0; after < 5; after++) {
    const page = (await api.get(`${path}?after=${after}`)).json()['data'] as { cursor: number }[] // a page of events
    const sse = await api.get(`${path}?after=${after}`, { ...ADMIN_HEADERS, ...SSE })
    const resumed = await api.get(`${path}?after=1`, { ...ADMIN_HEADERS, ...SSE, 'last-event-id': String(after) })
    const lines = await api.get(`${path}?after=${after}`, { ...ADMIN_HEADERS, ...LINES })

    assert.deepEqual(page.map(({ cursor }) => cursor), [1, 2, 3, 4, 5].slice(after))
    for (const stream of [sse, resumed]) {
      const blocks = parseSse(stream.body)
      assert.deepEqual(blocks.map(({ data }) => data), page)
      assert.deepEqual(blocks.map(({ id, event }) => [id, event]), page.map(({ cursor }, index) => [String(cursor), page[index]?.['type' as 'cursor']]))
    }
    assert.deepEqual(parseLines(lines.body), page)
    assert.match(String(sse.headers['content-type']), /^text\/event-stream/)
    assert.equal(sse.headers['x-accel-buffering'], 'no')
  }
  const [over, malformed] = [await api.get(`${path}?after=5`, { ...ADMIN_HEADERS, ...SSE }), await api.get(path, { ...ADMIN_HEADERS, ...SSE, 'last-event-id': 'x' })]
  assert.deepEqual([over.statusCode, over.body, malformed.statusCode], [204, '', 422])
})

test('a stream tells of events as they come, says that it is there, and ends with the job', async (t) => {
  const api = await startApi(t, { BATCHBOX_HEARTBEAT_MS: '100' })
  const port = await listen(api)
  const id = await postJob(api)
  const [sse, lines] = await Promise.all([SSE, LINES].map((accept) => openStream(t, { port, path: `/v1/jobs/${id}/events`, headers: { ...ADMIN_HEADERS, ...accept } })))
  assert.ok(sse && lines)
  await until('heartbeats came', () => [sse, lines].every(({ text }) => (text.match(/system\.heartbeat/g) ?? []).length > 2))

  const run = await beginRun(api.db, id)
  await append(api.db, run, [logEvent('info', 'one')])
  await until('both have it', () => [sse, lines].every(({ text }) => text.includes('"job.log"')))
  await append(api.db, run, [logEvent('info', 'two')])
  await settle(api.db, run, settlement())
  await Promise.all([sse.ended, lines.ended])

  assert.deepEqual(parseSse(sse.text).map(({ id }) => id).filter(Boolean), ['1', '2', '3', '4', '5'])
  assert.deepEqual(parseLines(lines.text).map(({ cursor }) => cursor).filter(Boolean), [1, 2, 3, 4, 5])
})
