import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient, type LiveEvent } from '../../clients/sdk/src/index.ts'
import { startProxy } from '../helpers/proxy.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { createRandom } from '../helpers/seeded-random.ts'
import { WAYS } from '../helpers/sdk-ways.ts'
import { startService } from '../helpers/service.ts'

const JOBS = 6
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

  const ids = await Promise.all(Array.from({ length: JOBS }, async () => (await service.post({ code: TALK, input: LINES })).id))
  const followed = await Promise.all(clients.map(({ client }) => Promise.all(ids.map((id) => Array.fromAsync(client.jobs.events(id))))))

  const cuts = stop()
  for (const [j, id] of ids.entries()) {
    const stored = await service.events(id)
    for (const [i, { name }] of clients.entries()) assert.deepEqual(followed[i]?.[j]?.map(toLine), stored.map(toLine), `${name}, ${cuts} cuts`)
  }
  assert.ok(cuts >= clients.length * JOBS, `${cuts} cuts`)
  for (const { name, client } of clients) assert.ok(client.live.metrics().errors > 0, `${name} met none of ${cuts} cuts`)
})

function toLine ({ sequence, type, payload }: Pick<LiveEvent, 'sequence' | 'type' | 'payload'>) {
  return `${sequence} ${type} ${JSON.stringify(payload)}`
}
