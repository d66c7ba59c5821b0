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
import { until } from './until.ts'

export interface ReplicatedRedis {
  /** Of the primary. */
  url: string
  /** SIGKILL. */
  killReplica (): Promise<void>
}

/** Starts a primary and one replica that has caught up with it, both on loopback. */
export async function startReplicatedRedis (scope: Scope): Promise<ReplicatedRedis> {
  const [primary, replica] = [await freePort(), await freePort()]
  await startServer(scope, primary)
  const process = await startServer(scope, replica, ['--replicaof', '127.0.0.1', String(primary)])
  const client = new Redis(replica, '127.0.0.1', { maxRetriesPerRequest: null })
  client.on('error', () => {}) // it is killed on purpose
  scope.after(() => { client.disconnect() })
  await until('the replica has caught up', async () => (await client.info('replication')).includes('master_link_status:up'))
  return {
    url: `redis://127.0.0.1:${primary}`,
    async killReplica () {
      process.kill('SIGKILL')
      await once(process, 'exit')
    },
  }
}

async function startServer (scope: Scope, port: number, args: string[] = []): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-replica-'))
  const program = findRedisServer({ path: process.env['PATH'] ?? '', binFolder: join(folder, 'bin') })
  assert.ok(program, 'there is a Redis server')
  const server = spawn(program, ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--repl-diskless-sync-delay', '0', ...args], { stdio: 'ignore' })
  scope.after(async () => {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill('SIGKILL')
      await once(server, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  })
  const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null })
  client.on('error', () => {}) // until it listens
  await client.ping()
  client.disconnect()
  return server
}
