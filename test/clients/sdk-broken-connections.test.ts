import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient, type Client, type Follower, type LiveEvent } from '../../clients/sdk/src/index.ts'
import { startProxy } from '../helpers/proxy.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { createRandom } from '../helpers/seeded-random.ts'
import { WAYS } from '../helpers/sdk-ways.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const JOBS = 4
const LINES = 60
const SEED = 7
const TALK = `export default async (count) => {
  for (let i = 0; i < count; i++) {
    console.log('line ' + i + ' ' + '.'.repeat(200))
    if (i % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  }
}`

test('connections that are cut, delayed and split anywhere lose no event and repeat none, over any transport', async (t) => {
  const scope = lastInFirstOut(t)
  const service = await startService(scope)
  const proxy = await startProxy(scope, Number(new URL(service.url).port))
  const stop = proxy.trouble({ random: createRandom(SEED), delayMs: 3, bytesPerCut: 12_000 })
  const clients = Object.entries(WAYS).map(([name, options]) => {
    const client = createClient({ url: `http://127.0.0.1:${proxy.port}`, apiKey: service.key, reconnect: { delayMs: 10, maxDelayMs: 100 }, ...options })
    scope.after(() => client.close())
    return { name, client }
  })

  const byTag = clients.map(({ client }) => readTag(client, JOBS))
  await until('every follower of the tag knows where it begins', () => byTag.every(({ follower }) => follower.cursor !== null))
  const ids = await Promise.all(Array.from({ length: JOBS }, async () => (await service.post({ code: TALK, input: LINES, tags: { of: 'cuts' } })).id))
  const [byJob, tagged] = await Promise.all([
    Promise.all(clients.map(({ client }, i) => Promise.all(ids.map((id) => Array.fromAsync(client.jobs.events(id, { delivery: i % 2 === 0 ? 'at-least-once' : 'effectively-once' })))))),
    Promise.all(byTag.map(({ events }) => events)),
  ])

  const cuts = stop()
  for (const [j, id] of ids.entries()) {
    const stored = (await service.events(id)).map(toLine)
    for (const [i, { name }] of clients.entries()) {
      assert.deepEqual(byJob[i]?.[j]?.map(toLine), stored, `${name}, ${cuts} cuts`)
      assert.deepEqual(tagged[i]?.filter(({ subject }) => subject === id).map(toLine), stored, `${name}, by tag, ${cuts} cuts`)
    }
  }
  assert.ok(cuts >= clients.length * JOBS, `${cuts} cuts`)
  for (const { name, client } of clients) assert.ok(client.live.metrics().errors > 0, `${name} met none of ${cuts} cuts`)
})

/** Follows the tag of all jobs until so many have ended. */
function readTag (client: Client, jobs: number): { follower: Follower, events: Promise<LiveEvent[]> } {
  const follower = client.events('tag:of:cuts')
  const read = async () => {
    const events: LiveEvent[] = []
    for await (const event of follower) {
      events.push(event)
      if (event.type === 'job.succeeded' && --jobs === 0) break
    }
    return events
  }
  return { follower, events: read() }
}

function toLine ({ sequence, type, payload }: Pick<LiveEvent, 'sequence' | 'type' | 'payload'>) {
  return `${sequence} ${type} ${JSON.stringify(payload)}`
}
