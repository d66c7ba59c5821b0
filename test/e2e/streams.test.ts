import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventView } from '../../src/core/events.ts'
import { follow, WAYS, type Seen, type WayName } from '../helpers/follow.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { startProxy } from '../helpers/proxy.ts'
import { createRandom } from '../helpers/seeded-random.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

/** The whole figure: STREAMS_JOBS=1000 STREAMS_CUTS=200 npm test -- test/e2e/streams.test.ts */
const [JOBS, CUTS, SEED] = [['STREAMS_JOBS', 48], ['STREAMS_CUTS', 24], ['STREAMS_SEED', Math.floor(Math.random() * 1e9)]]
  .map(([name, fallback]) => Number(process.env[String(name)] ?? fallback)) as [number, number, number] // as many as there are names
const AT_ONCE = 16
const CODE = "export default async (n) => { for (let i = 0; i < 5; i++) { console.log('line', n, i); await new Promise((done) => setTimeout(done, 5)) } return n }"
const TAG = 'run:followed'
const names = Object.keys(WAYS) as WayName[]

test(`${CUTS} connections are cut at random during ${JOBS} jobs, and every follower's sequence is complete and in order (STREAMS_SEED=${SEED})`, async (t) => {
  const scope = lastInFirstOut(t)
  const service = await startService(scope)
  const proxy = await startProxy(scope, Number(new URL(service.url).port))
  const random = createRandom(SEED)
  const over = new AbortController()
  scope.after(() => over.abort())
  const place = { url: `http://127.0.0.1:${proxy.port}`, key: service.key, signal: over.signal }
  const { nextCursor } = (await service.request('GET', `/v1/events?tag=${TAG}`)).json as { nextCursor: string } // the service's own answer
  const begin = Number(nextCursor)

  let ended = 0
  const byTag = names.map(async (way) => {
    let left = JOBS
    return follow(way, { ...place, topic: `tag:${TAG}`, after: begin }, ({ type }) => type === 'job.succeeded' && --left === 0)
  })
  const batch = await post(service, '/v1/batches', { job: { code: CODE, tags: { run: 'followed' } }, inputs: Array.from({ length: JOBS / 2 }, (_, n) => n) })
  const byBatch = names.map((way) => follow(way, { ...place, topic: `batch:${batch}`, after: 0 }, ({ type }) => type === 'batch.completed'))
  const byJob: Promise<{ id: string, seen: Seen[] }>[] = []
  const poster = async () => {
    while (byJob.length < JOBS / 2) {
      const way = names[byJob.length % names.length] ?? 'sse'
      const followed = post(service, '/v1/jobs', { code: CODE, input: byJob.length, tags: { run: 'followed' } })
        .then(async (id) => ({ id, seen: await follow(way, { ...place, topic: `job:${id}`, after: 0 }, ({ type }) => type === 'job.succeeded') }))
      byJob.push(followed)
      await followed
      ended += 1
    }
  }
  const posting = Promise.all(Array.from({ length: AT_ONCE }, poster))
  let cuts = 0
  await Promise.all([posting, ...byTag, ...byBatch, (async () => {
    for (; cuts < CUTS; cuts++) await until(`connection ${cuts} was cut`, () => ended >= JOBS / 2 * (cuts / CUTS) * 0.9 && proxy.cutOne((connections) => Math.floor(random() * connections)), 120_000)
  })()])

  const [first = [], ...others] = await Promise.all(byTag)
  assert.deepEqual(first.map(({ cursor }) => cursor), first.map((_, index) => begin + 1 + index))
  for (const seen of others) assert.deepEqual(seen.map(write), first.map(write))
  const jobs = Map.groupBy(first, ({ subject }) => subject)
  assert.equal(jobs.size, JOBS)
  for (const [id, seen] of jobs) assert.deepEqual(seen.map(writeOwn), (await history(service, id)).map(writeOwn))
  for (const { id, seen } of await Promise.all(byJob)) assert.deepEqual(seen.map(write), (await history(service, id)).map(write))
  for (const seen of await Promise.all(byBatch)) assert.deepEqual(seen.map(write), (await history(service, batch)).map(write))
  assert.equal(cuts, CUTS)
})

async function post (service: TestService, path: string, body: object): Promise<string> {
  const { json, text } = await service.request('POST', path, { body })
  assert.ok(typeof json['id'] === 'string', text)
  return json['id']
}

async function history (service: TestService, id: string): Promise<EventView[]> {
  const { json } = await service.request('GET', `/v1/${id.startsWith('bat_') ? 'batches' : 'jobs'}/${id}/events?limit=1000`)
  return json['data'] as EventView[] // a page of events
}

const writeOwn = ({ sequence, type, subject }: Seen) => `${subject} ${sequence} ${type}`
const write = (event: Seen) => `${event.cursor} ${writeOwn(event)}`
