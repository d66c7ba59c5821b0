import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { installPackage } from '../../src/cli/install-package.ts'
import { findProgram } from '../../src/cli/redis-server.ts'
import type { Scope } from './scope.ts'
import { until } from './until.ts'

/** A PostgreSQL of a test's own, on a socket in a folder of its own. */
export interface PostgresServer {
  /** The same for another user, or another database. */
  urlOf (user: string, database?: string): string
  /** Sends SQL as its superuser; answers the rows. */
  query (sql: string): Promise<Record<string, unknown>[]>
  /** SIGQUIT, which ends it as a crash would; resolves when it is gone. */
  kill (): Promise<void>
  restart (): Promise<void>
}

const ADMIN = 'admin'
/** It refuses to run as root. Source: Debian, base-passwd. */
const NOBODY = 65_534

export async function startPostgres (scope: Scope): Promise<PostgresServer> {
  const bin = await findPostgres()
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-pg-'))
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  if (user.uid !== undefined) chownSync(folder, user.uid, NOBODY)
  const data = join(folder, 'data')
  const made = spawnSync(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', ADMIN, '-E', 'UTF8', '--locale', 'C', '--no-sync'], { encoding: 'utf8', cwd: folder, ...user })
  assert.equal(made.status, 0, made.stderr)
  let server: ChildProcess

  const urlOf = (name: string, database = 'postgres') => `postgres://${name}:secret-of-${name}@/${database}?host=${encodeURIComponent(folder)}`
  async function query (sql: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: urlOf(ADMIN) })
    await client.connect()
    try {
      const { rows } = await client.query<Record<string, unknown>>(sql)
      return rows
    } finally {
      await client.end()
    }
  }
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.kill('SIGQUIT')
    await once(server, 'exit')
  }
  const restart = async () => {
    server = spawn(join(bin, 'postgres'), ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off', '-c', 'max_connections=50'], { stdio: 'ignore', cwd: folder, ...user })
    await until('PostgreSQL answers', async () => await query('SELECT 1').then(() => true, () => false))
  }
  const killAtExit = () => { server.kill('SIGQUIT') }
  process.once('exit', killAtExit)
  scope.after(async () => {
    process.off('exit', killAtExit)
    await kill()
    rmSync(folder, { recursive: true, force: true })
  })
  await restart()
  return { urlOf, query, kill, restart }
}

/** Answers the folder of its programs, which are installed where they are missing. */
async function findPostgres (): Promise<string> {
  const find = () => findProgram([...globSync('/usr/lib/postgresql/*/bin').sort().toReversed(), ...(process.env['PATH'] ?? '').split(':'), '/opt/homebrew/bin'], 'initdb')
  const problem = find() ? undefined : await installPackage({ apt: 'postgresql', brew: 'postgresql' }, () => {})
  const found = find()
  assert.ok(found, `there is a PostgreSQL: ${problem ?? 'install postgresql'}`)
  return dirname(found)
}
