import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openDb } from '../../src/store/db.ts'
import { append } from '../../src/store/moves/progress.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { readEvents, readJob } from '../../src/store/read.ts'
import { loadMove } from '../../src/store/script.ts'
import { startRedisServer, type RedisServer } from '../helpers/redis-server.ts'
import { answerMisconf, answerReadonly } from '../helpers/redis-trouble.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { acceptJob, beginJob, openStore, settlement, TENANT } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'

const JOBS = 300
const LANES = 30
const BREAK_EVERY = 60

test('moves whose connection breaks under them are sent again, and happen once', async (t) => {
  const db = await openStore(t)
  const breaker = db.redis.duplicate({ enableAutoPipelining: false })
  t.after(() => breaker.disconnect())
  const log = (message: string) => [{ type: 'job.log' as const, time: 1, payload: { message } }]
  const ids: string[] = []
  let breaks = 0
  db.redis.on('close', () => { breaks += 1 })

  await Promise.all(Array.from({ length: LANES }, async () => {
    while (ids.length < JOBS) {
      const id = await acceptJob(db)
      ids.push(id)
      if (ids.length % BREAK_EVERY === 0) void breaker.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      const { run } = await beginJob(db, id)
      await append(db, run, log('one'))
      await append(db, run, log('two'))
      await settle(db, run, settlement())
    }
  }))

  assert.ok(breaks > 3, `the connection broke ${breaks} times`)
  for (const id of ids) {
    const job = await readJob(db, TENANT, id)
    const events = await readEvents(db, id, { after: 0, limit: 20 })
    assert.deepEqual([job?.status, job?.lost, job?.attempts[0]?.runs.length], ['succeeded', 0, 1])
    assert.deepEqual(events.map(({ type }) => type), ['job.queued', 'job.started', 'job.log', 'job.log', 'job.succeeded'])
  }
})

/** What a Redis says that takes no writes for now, and how to have it say that; each answers how to end it. */
const TROUBLES: Record<string, (server: RedisServer) => Promise<() => Promise<unknown>>> = {
  MISCONF: answerMisconf,
  READONLY: answerReadonly,
  OOM: (server) => configure(server, 'maxmemory', 1),
  NOREPLICAS: (server) => configure(server, 'min-replicas-to-write', 1),
}

async function configure ({ client }: RedisServer, name: string, value: number): Promise<() => Promise<unknown>> {
  await client.config('SET', name, value)
  return () => client.config('SET', name, 0)
}

for (const [word, answerTrouble] of Object.entries(TROUBLES)) {
  test(`a run that ends while Redis answers ${word} is settled once it takes writes, whole, and charged with nothing`, async (t) => {
    const scope = lastInFirstOut(t)
    const server = await startRedisServer(scope)
    const db = openDb({ url: `redis://127.0.0.1:${server.port}`, failFast: false, onError () {} })
    scope.after(() => db.close())
    const { run } = await beginJob(db, await acceptJob(db))
    const refused = async () => Number(new RegExp(`errorstat_${word}:count=(\\d+)`).exec(await server.client.info('errorstats'))?.[1] ?? 0)
    const end = await answerTrouble(server)

    const settling = settle(db, run, settlement({ events: [{ type: 'job.log', time: 1, payload: { message: 'last' } }] }))
    await until('the settlement was refused again', async () => await refused() >= 2)
    await end()
    await settling

    const job = await readJob(db, TENANT, run.jobId)
    const events = await readEvents(db, run.jobId, { after: 0, limit: 20 })
    assert.deepEqual([job?.status, job?.lost], ['succeeded', 0])
    assert.deepEqual(events.map(({ type }) => type), ['job.queued', 'job.started', 'job.log', 'job.succeeded'])
  })
}

test('a connection that fails fast answers an error while Redis is away, and works once it is there', async (t) => {
  const { url, keys } = await openStore(t)
  const away = openDb({ url: `${url}.missing`, prefix: keys.prefix, failFast: true, onError: () => {} })
  t.after(() => away.close())

  await assert.rejects(acceptJob(away))
})

test('a script that Redis does not know yet, or has forgotten, is sent in full', async (t) => {
  const db = await openStore(t)
  await acceptJob(db)
  await db.redis.script('FLUSH')

  assert.equal((await readJob(db, TENANT, await acceptJob(db)))?.status, 'queued')
})

test('a move with more arguments than a call can have is a mistake, not a reason to try again', async (t) => {
  const db = await openStore(t)
  const { run } = await beginJob(db, await acceptJob(db))
  const events = Array.from({ length: 200_000 }, () => ({ type: 'job.log' as const, time: 1, payload: {} }))

  await assert.rejects(append(db, run, events), RangeError)
})

test('every script compiles, with room for some more local variables: Lua takes 200 in one', async (t) => {
  const db = await openStore(t)
  const folder = new URL('../../src/store/', import.meta.url)
  const files = globSync('**/*.lua', { cwd: fileURLToPath(folder) })
  const spare = `local ${Array.from({ length: 4 }, (_, n) => `spare_${n}`).join(', ')}\n`

  for (const file of files) {
    const { body } = loadMove(new URL(file, folder))
    await db.redis.script('LOAD', spare + body).catch((cause: unknown) => { throw new Error(`${file} does not compile`, { cause }) })
  }

  assert.ok(files.length > 50)
})
