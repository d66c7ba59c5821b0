import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKey } from '../../src/store/keys.ts'
import { buildClient } from '../helpers/client.ts'
import { startRestartableRedis } from '../helpers/restartable-redis.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const CODE = `export default async ({ say, hear }, { jobId }) => {
  const heard = []
  await new Promise(async (resolve) => {
    await channel.on('round', async (name) => {
      if (name === 'go') await channel.emit('round', say)
      else if (heard.push(name) === hear) resolve()
    })
    console.log('ready')
  })
  return heard.sort()
}`
const GO = 'export default () => channel.emit("round", "go")'
const tools = ['channel']

test('jobs of a tenant hear one another in two workers, nobody hears itself, and other tenants hear nothing', async (t) => {
  const service = await startService(t, { env: { BATCHBOX_LANES: '3' } })
  const second = await service.startWorker()
  const { token } = await createKey(service.db, { tenant: 'other', scopes: ['jobs:read', 'jobs:write'] })
  const other = buildClient(service.url, token)
  const isReady = (client: typeof other, id: string) => until('it listens', async () => (await client.logs(id)).length > 0)

  const names = ['a', 'b', 'c', 'd']
  const jobs = await Promise.all(names.map((say) => service.post({ code: CODE, input: { say, hear: 3 }, tools })))
  const stranger = await other.post({ code: CODE, input: { say: 'stranger', hear: 1 }, tools })
  await Promise.all([...jobs.map(({ id }) => isReady(service, id)), isReady(other, stranger.id)])
  await service.run({ code: GO, tools })
  const ended = await Promise.all(jobs.map(({ id }) => service.end(id)))
  const strangers = await other.read(stranger.id)

  assert.deepEqual(ended.map(({ result }) => result), names.map((own) => names.filter((name) => name !== own)), JSON.stringify(ended.map(({ error }) => error)))
  assert.equal(new Set(ended.map(({ attempts }) => attempts[0]?.worker)).size, 2, 'both workers had a part in it')
  assert.equal(strangers.status, 'running')
  await other.request('POST', `/v1/jobs/${stranger.id}/cancel`)
  await until('nobody listens any more', async () => (await service.db.redis.pubsub('CHANNELS', `${service.db.keys.prefix}:channel:*`) as string[]).length === 0)
  await second.stop()
})

test('who listened before Redis was restarted hears what is said afterwards', async (t) => {
  const scope = lastInFirstOut(t)
  const redis = await startRestartableRedis(scope)
  const service = await startService(scope, { redis: { url: redis.url, prefix: '{channel}' } })
  const listener = await service.post({ code: 'export default () => new Promise((resolve) => { channel.on("back", resolve).then(() => console.log("ready")) })', tools, limits: { timeoutMs: 600_000 } })
  await until('it listens', async () => (await service.logs(listener.id)).length > 0)

  await redis.kill()
  await redis.restart()
  await until('the service is back', async () => (await service.request('GET', '/readyz')).status === 200)
  const speaker = await service.post({ code: 'export default async () => { for (;;) { await channel.emit("back", "again").catch(() => {}); await new Promise((resolve) => setTimeout(resolve, 50)) } }', tools, limits: { timeoutMs: 600_000, toolCalls: 100_000 } })

  assert.equal((await service.end(listener.id)).result, 'again')
  await service.request('POST', `/v1/jobs/${speaker.id}/cancel`)
})
