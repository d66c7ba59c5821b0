import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { isAnswering, socketPath, startPrivateRedis } from '../../src/cli/private-redis.ts'
import { findRedisServer } from '../../src/cli/redis-server.ts'
import { temporaryFolder } from './helpers/fake-service.ts'

const moduleUrl = new URL('../../src/cli/private-redis.ts', import.meta.url).href
const GONE_MS = 10_000

function findProgram (t: TestContext): string {
  const found = findRedisServer({ path: process.env['PATH'] ?? '', binFolder: temporaryFolder(t) })
  assert.ok(found, 'there is a Redis server')
  return found
}

async function connect (t: TestContext, url: string): Promise<Redis> {
  const redis = new Redis({ path: url.slice('unix://'.length), lazyConnect: true })
  t.after(() => redis.disconnect())
  await redis.connect()
  return redis
}

test('a private Redis listens on its socket only, appends to its file and never evicts', async (t) => {
  const server = await startPrivateRedis({ program: findProgram(t), folder: temporaryFolder(t) })
  t.after(() => server.close())
  const redis = await connect(t, server.url)

  const settings = await redis.config('GET', 'port', 'appendonly', 'appendfsync', 'maxmemory-policy', 'save')

  const pairs = Object.fromEntries(Array.from({ length: settings.length / 2 }, (_, i) => settings.slice(2 * i, 2 * i + 2)))
  assert.deepEqual(pairs, { 'port': '0', 'appendonly': 'yes', 'appendfsync': 'everysec', 'maxmemory-policy': 'noeviction', 'save': '' })
})

test('what was written is there after a stop and a start', async (t) => {
  const options = { program: findProgram(t), folder: temporaryFolder(t) }
  const first = await startPrivateRedis(options)
  const before = await connect(t, first.url)
  await before.set('kept', 'yes')
  before.disconnect()
  await first.close()

  const second = await startPrivateRedis(options)
  t.after(() => second.close())
  const redis = await connect(t, second.url)

  assert.equal(await redis.get('kept'), 'yes')
})

test('a data folder whose path is too long for a socket gets one in a folder of this user', async (t) => {
  const folder = join(temporaryFolder(t), 'a'.repeat(100))
  assert.ok(Buffer.byteLength(socketPath(folder)) < 100)

  const server = await startPrivateRedis({ program: findProgram(t), folder })

  assert.equal(server.url, `unix://${socketPath(folder)}`)
  await server.close()
  assert.ok(!existsSync(socketPath(folder)))
})

test('a Redis that cannot start says why', async (t) => {
  const folder = temporaryFolder(t)

  await assert.rejects(startPrivateRedis({ program: '/bin/false', folder }), /Cannot start Redis: it wrote no log/)
})

test('a Redis ends with its starter, even a killed one', { skip: process.platform !== 'linux' && 'no parent-death signal here' }, async (t) => {
  const folder = temporaryFolder(t)
  const code = `
    import { startPrivateRedis } from ${JSON.stringify(moduleUrl)}
    await startPrivateRedis(${JSON.stringify({ program: findProgram(t), folder })})
    console.log('up')
    setInterval(() => {}, 1000)`
  const starter = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  await createInterface({ input: starter.stdout })[Symbol.asyncIterator]().next()
  const connection = new Redis({ path: socketPath(folder), retryStrategy: null, maxRetriesPerRequest: 0 })
  connection.on('error', () => {})
  await once(connection, 'ready')
  const gone = once(connection, 'end', { signal: AbortSignal.timeout(GONE_MS) })

  starter.kill('SIGKILL')

  await gone
  assert.equal(await isAnswering(socketPath(folder)), false)
})
