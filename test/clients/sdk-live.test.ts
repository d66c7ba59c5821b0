import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient, type Client } from '../../clients/sdk/src/index.ts'
import type { LiveEvent, LiveOptions } from '../../clients/sdk/src/live/options.ts'
import type { Scope } from '../helpers/scope.ts'
import { WAYS } from '../helpers/sdk-ways.ts'
import { startService } from '../helpers/service.ts'

const LINES = 250
const TALK = `export default async (count) => {
  for (let i = 0; i < count; i++) {
    console.log('line ' + i)
    if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return count
}`

test('live following', async (t) => {
  const service = await startService(t)
  const connect = (scope: Scope, options: LiveOptions = {}, url = service.url) => {
    const client = createClient({ url, apiKey: service.key, ...options })
    scope.after(() => client.close())
    return client
  }

  await t.test('a job is told the same from its first event to its last over every transport, while it runs and after', async (t) => {
    const clients = Object.entries(WAYS).map(([name, options]) => [name, connect(t, options)] as const)
    const { id } = await service.post({ code: TALK, input: LINES })

    const live = await Promise.all(clients.map(([, client]) => readAll(client, `job:${id}`)))
    const stored = await service.events(id)
    const after = await Promise.all(clients.map(([, client]) => readAll(client, `job:${id}`, { after: 100 })))

    const whole = stored.map(({ sequence }) => sequence)
    assert.equal(stored.at(-1)?.type, 'job.succeeded')
    assert.ok(whole.length > LINES)
    for (const [i, [name]] of clients.entries()) {
      assert.deepEqual(live[i]?.map(({ sequence }) => sequence), whole, name)
      assert.deepEqual(live[i]?.map(stable), live[0]?.map(stable), name)
      assert.deepEqual(after[i]?.map(({ cursor }) => cursor), whole.slice(100), name)
    }
  })
})

/** All events of a topic, until it is over. */
async function readAll (client: Client, topic: string, options: { after?: number } = {}): Promise<LiveEvent[]> {
  return Array.fromAsync(client.events(topic, options))
}

function stable ({ id, type, sequence, cursor, subject, attempt, time, version, payload }: LiveEvent) {
  return { id, type, sequence, cursor, subject, attempt, time, version, payload }
}
