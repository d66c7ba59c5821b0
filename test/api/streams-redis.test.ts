import assert from 'node:assert/strict'
import { test } from 'node:test'
import { append } from '../../src/store/moves/progress.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { ADMIN_HEADERS, startApi } from '../helpers/api.ts'
import { beginRun, logEvent } from '../helpers/play-worker.ts'
import { startRestartableRedis } from '../helpers/restartable-redis.ts'
import { settlement } from '../helpers/store.ts'
import { listen, openStream, parseLines, parseSse } from '../helpers/streams.ts'
import { until } from '../helpers/until.ts'

test('streams go on where they were when Redis is killed and comes back, without a gap and without being broken', async (t) => {
  const redis = await startRestartableRedis(t)
  const api = await startApi(t, {}, { redis: { url: redis.url, prefix: '{streams}' } })
  const port = await listen(api)
  const tag = '/v1/events?tag=k:v'
  const { nextCursor } = (await api.get(tag)).json()
  const id = String((await api.post('/v1/jobs', { code: 'export default () => 1', tags: { k: 'v' } })).json()['id'])
  const run = await beginRun(api.db, id)
  const open = (path: string, accept: string) => openStream(t, { port, path, headers: { ...ADMIN_HEADERS, accept } })
  const sse = await open(`/v1/jobs/${id}/events`, 'text/event-stream')
  const lines = await open(`/v1/jobs/${id}/events`, 'application/x-ndjson')
  const tagged = await open(`${tag}&after=${String(nextCursor)}`, 'application/x-ndjson')
  const all = [sse, lines, tagged]
  await until('all follow', () => all.every(({ text }) => text.includes('job.started')))

  for (let round = 0; round < 2; round++) {
    await redis.kill()
    await redis.restart()
    await append(api.db, run, [logEvent('info', `line ${round}`)])
    await until('all have it', () => all.every(({ text }) => text.includes(`line ${round}`)))
  }
  await settle(api.db, run, settlement())
  await Promise.all([sse.ended, lines.ended])
  await until('the tag tells of the end', () => tagged.text.includes('job.succeeded'))

  const types = ['job.queued', 'job.started', 'job.log', 'job.log', 'job.succeeded']
  assert.deepEqual(parseSse(sse.text).filter(({ id }) => id).map(({ data }) => [data.sequence, data.type]), types.map((type, index) => [index + 1, type]))
  for (const { text } of [lines, tagged]) assert.deepEqual(parseLines(text).filter(({ cursor }) => cursor).map(({ sequence, type }) => [sequence, type]), types.map((type, index) => [index + 1, type]))
})

test('streams say that they are there while Redis is away, even where they know that they may have missed something', async (t) => {
  const redis = await startRestartableRedis(t)
  const api = await startApi(t, { BATCHBOX_HEARTBEAT_MS: '100', BATCHBOX_TAG_LOG_MS: '1000' }, { redis: { url: redis.url, prefix: '{streams}' } })
  const port = await listen(api)
  const stream = await openStream(t, { port, path: '/v1/events?tag=k:v', headers: { ...ADMIN_HEADERS, accept: 'application/x-ndjson' } })
  const heartbeats = () => parseLines(stream.text).filter(({ type }) => type === 'system.heartbeat').length
  let hasEnded = false
  void stream.ended.then(() => { hasEnded = true })
  await until('it follows', () => heartbeats() > 2)

  await redis.kill()
  const before = heartbeats()
  await until('the log would have been renewed', () => hasEnded || heartbeats() > before + 10)
  await redis.restart()
  const post = () => api.post('/v1/jobs', { code: 'export default () => 1', tags: { k: 'v' } })
  await until('it tells of jobs', async () => hasEnded || ((await post()).statusCode === 202 && stream.text.includes('job.queued')))

  assert.equal(hasEnded, false)
})

test('who follows while Redis loses writes is cut off, and misses nothing of what comes after', async (t) => {
  const redis = await startRestartableRedis(t)
  const api = await startApi(t, {}, { redis: { url: redis.url, prefix: '{streams}' } })
  const port = await listen(api)
  const id = String((await api.post('/v1/jobs', { code: 'export default () => 1' })).json()['id'])
  const path = `/v1/jobs/${id}/events`
  const headers = { ...ADMIN_HEADERS, accept: 'application/x-ndjson' }
  const run = await beginRun(api.db, id)
  redis.backUp()
  await append(api.db, run, ['a', 'b', 'c'].map((line) => logEvent('info', `lost ${line}`)))
  const stream = await openStream(t, { port, path, headers })
  await until('it has all', () => stream.text.includes('lost c'))

  await redis.kill()
  redis.restore()
  await redis.restart()
  let hasEnded = false
  void stream.ended.then(() => { hasEnded = true })
  await until('it is cut off', () => hasEnded)
  const { cursor } = parseLines(stream.text).findLast(({ cursor }) => cursor) ?? {}
  const again = await openStream(t, { port, path: `${path}?after=${cursor}`, headers })
  await append(api.db, run, [logEvent('info', 'kept')])
  await until('it goes on', () => again.text.includes('kept'))

  assert.deepEqual([cursor, parseLines(again.text).find(({ cursor }) => cursor)?.cursor], [5, 3])
})
