import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { findRedisServer } from '../../src/cli/redis-server.ts'
import { freePort } from './free-port.ts'
import type { Scope } from './scope.ts'

/** A Redis of a test's own, on a port of loopback. */
export interface RedisServer {
  readonly port: number
  /** Where its files are. */
  readonly folder: string
  /** A connection that holds commands while the server is away. */
  readonly client: Redis
  /** SIGKILL; resolves when it is gone. */
  kill (): Promise<void>
  /** Starts it again on its files, at the same port, with more arguments; resolves when it answers. */
  restart (args?: readonly string[]): Promise<void>
  /** Stands it still for that long. */
  pause (ms: number): Promise<void>
}

/** Starts a Redis without persistence, unless its arguments say otherwise. It lets tests that are on this machine use DEBUG, which Redis 7 has to be told. */
export async function startRedisServer (scope: Scope, args: readonly string[] = []): Promise<RedisServer> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-redis-'))
  const program = findRedisServer({ path: process.env['PATH'] ?? '', binFolder: join(folder, 'bin') })
  assert.ok(program, 'there is a Redis server')
  const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null, retryStrategy: () => 50, lazyConnect: true })
  client.on('error', () => {}) // it is killed on purpose
  let server: ChildProcess

  const isAlive = () => server.exitCode === null && server.signalCode === null
  const kill = async () => {
    if (!isAlive()) return
    server.kill('SIGKILL')
    await once(server, 'exit')
  }
  const restart = async (more: readonly string[] = []) => {
    server = spawn(program, ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--enable-debug-command', 'local', '--repl-diskless-sync-delay', '0', ...args, ...more], { stdio: 'ignore' })
    await client.ping()
  }
  const killAtExit = () => { server.kill('SIGKILL') }
  process.once('exit', killAtExit)
  scope.after(async () => {
    process.off('exit', killAtExit)
    client.disconnect()
    await kill()
    rmSync(folder, { recursive: true, force: true })
  })
  await restart()
  return {
    port,
    folder,
    client,
    kill,
    restart,
    async pause (ms) {
      server.kill('SIGSTOP')
      await new Promise((resolve) => { setTimeout(resolve, ms) })
      server.kill('SIGCONT')
    },
  }
}

/** Tells whether that server has the data of its primary and follows it. */
export async function isFollowing ({ client }: RedisServer): Promise<boolean> {
  return (await client.info('replication')).includes('master_link_status:up')
}
