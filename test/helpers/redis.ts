import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after } from 'node:test'

const BINARIES = ['redis-server', 'valkey-server']
const READY = /ready to accept connections/i

interface PrivateRedis {
  url: string
  folder: string
  child: ChildProcess
}

let started: Promise<PrivateRedis> | undefined

after(async () => {
  if (!started) return
  const { child, folder } = await started
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  rmSync(folder, { recursive: true, force: true })
})

/**
 * Answers the URL of a Redis that this test file shares, on a Unix socket and without persistence, and a hash-tagged prefix
 * that no other test has. The server is started at the first call and ends with the file's tests.
 */
export async function redisForTest (_t: unknown): Promise<{ url: string, prefix: string }> {
  started ??= start()
  const { url } = await started
  return { url, prefix: `{test-${randomUUID()}}` }
}

async function start (): Promise<PrivateRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-redis-'))
  const socket = join(folder, 'redis.sock')
  const options = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction']
  const child = spawn(findBinary(), options, { stdio: ['ignore', 'pipe', 'inherit'] })
  process.once('exit', () => child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) {
    if (READY.test(line)) {
      child.stdout.resume()
      return { url: `unix://${socket}`, folder, child }
    }
  }
  throw new Error('Cannot start a private Redis: it ended before it was ready')
}

function findBinary (): string {
  const found = BINARIES.find((name) => spawnSync(name, ['--version']).status === 0)
  if (!found) throw new Error(`Cannot start a private Redis: none of ${BINARIES.join(', ')} is on PATH`)
  return found
}
