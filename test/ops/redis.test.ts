import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { until } from '../helpers/until.ts'
import { ROOT } from './started-process.ts'

test('Redis takes the configuration, refuses writes when it is full, and keeps every one in a file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-redis-'))
  const socket = join(folder, 'redis.sock')
  const child = spawn('redis-server', [join(ROOT, 'ops/redis/redis.conf'), '--requirepass', 'secret', '--port', '0', '--unixsocket', socket, '--dir', folder], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  const redis = new Redis({ path: socket, password: 'secret', lazyConnect: true, retryStrategy: () => null })
  redis.on('error', () => {}) // it does not listen yet
  t.after(() => redis.disconnect())
  await until('Redis answers', () => redis.connect().then(() => true, () => false))

  const settings = await redis.config('GET', 'maxmemory', 'maxmemory-policy', 'appendonly', 'appendfsync', 'save')

  assert.deepEqual(Object.fromEntries(Array.from({ length: 5 }, (_, i) => settings.slice(2 * i, 2 * i + 2))), {
    maxmemory: '1073741824', 'maxmemory-policy': 'noeviction', appendonly: 'yes', appendfsync: 'everysec', save: '',
  })
})
