import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Writable } from 'node:stream'
import { Client } from 'pg'
import { installPackage } from '../../src/cli/install-package.ts'
import { findProgram } from '../../src/cli/redis-server.ts'
import type { Scope } from './scope.ts'
import { until } from './until.ts'

/** A PostgreSQL of a test's own, on a socket in a folder of its own. Users beside its superuser have a password: `secret-of-` and their name. */
export interface PostgresServer {
  /** Path of the socket. */
  readonly socket: string
  urlOf (user: string, database?: string): string
  /** Sends SQL as its superuser; answers the rows. */
  query (sql: string): Promise<Record<string, unknown>[]>
  /** Listens to a channel; `heard` answers what was said there before it is asked. */
  listen (channel: string): Promise<{ heard (): Promise<(string | undefined)[]> }>
  /** SIGQUIT, which ends it as a crash would; resolves when it is gone. */
  kill (): Promise<void>
  restart (): Promise<void>
}

interface PostgresOptions {
  /** Where it listens besides, with TLS. */
  tls?: { port: number, key: string, cert: string }
}

const ADMIN = 'admin'
/** Who may log in how: the superuser freely, and from here alone. */
const LOGINS = `local all ${ADMIN} trust\nlocal all all scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n`
const INSTALL_MS = 600_000
/** Runs a program until standard input ends, which is when the test's process does, however it does. */
const UNTIL_CLOSED = '"$@" & read -r _; kill -QUIT $!; wait'
/** It refuses to run as root. Source: Debian, base-passwd. */
const NOBODY = 65_534

export async function startPostgres (scope: Scope, { tls }: PostgresOptions = {}): Promise<PostgresServer> {
  const bin = await findPostgres()
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-pg-'))
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  if (user.uid !== undefined) chownSync(folder, user.uid, NOBODY)
  const data = join(folder, 'data')
  const made = spawnSync(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', ADMIN, '-E', 'UTF8', '--locale', 'C', '--no-sync'], { encoding: 'utf8', cwd: folder, ...user })
  assert.equal(made.status, 0, made.stderr)
  const write = (name: string, text: string) => {
    const file = join(data, name)
    writeFileSync(file, text, { mode: 0o600 })
    if (user.uid !== undefined) chownSync(file, user.uid, NOBODY)
  }
  write('pg_hba.conf', LOGINS)
  write('server.key', tls?.key ?? '')
  write('server.crt', tls?.cert ?? '')
  const port = tls?.port ?? 5432
  const settings = { listen_addresses: tls ? '127.0.0.1' : '', port, ssl: tls ? 'on' : 'off', fsync: 'off', max_connections: 50 }
  let server: ChildProcessByStdio<Writable, null, null>

  const urlOf = (name: string, database = 'postgres') => `postgres://${name}:secret-of-${name}@/${database}?host=${encodeURIComponent(folder)}&port=${port}`
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
  async function listen (channel: string) {
    const client = new Client({ connectionString: urlOf(ADMIN) })
    const payloads: (string | undefined)[] = []
    client.on('notification', ({ payload }) => payloads.push(payload))
    client.on('error', () => {}) // tests kill the server
    await client.connect()
    scope.after(() => client.end())
    await client.query(`LISTEN ${channel}`)
    return {
      async heard () {
        await client.query(`NOTIFY ${channel}, 'the end'`) // comes after all that was said before
        await until('the end is heard', () => payloads.includes('the end'))
        return payloads.filter((payload) => payload !== 'the end')
      },
    }
  }
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.stdin.end()
    await once(server, 'exit')
  }
  const restart = async () => {
    server = spawn('/bin/sh', ['-c', UNTIL_CLOSED, 'sh', join(bin, 'postgres'), '-D', data, '-k', folder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])], { stdio: ['pipe', 'ignore', 'ignore'], cwd: folder, ...user })
    await until('PostgreSQL answers', async () => await query('SELECT 1').then(() => true, () => false))
  }
  scope.after(async () => {
    await kill()
    rmSync(folder, { recursive: true, force: true })
  })
  await restart()
  return { socket: join(folder, `.s.PGSQL.${port}`), urlOf, query, listen, kill, restart }
}

/** Answers the folder of its programs, which are installed where they are missing: by one process, for which the others wait. */
async function findPostgres (): Promise<string> {
  const find = () => findProgram([...globSync('/usr/lib/postgresql/*/bin').sort().toReversed(), ...(process.env['PATH'] ?? '').split(':'), '/opt/homebrew/bin'], 'initdb')
  const found = find()
  if (found) return dirname(found)
  using lock = new DatabaseSync(join(tmpdir(), 'batchbox-test-pg-install.lock'), { timeout: INSTALL_MS })
  lock.exec('BEGIN EXCLUSIVE') // until it is closed, or its process is gone
  const problem = find() ? undefined : await installPackage({ apt: 'postgresql', brew: 'postgresql' }, (manager) => process.stderr.write(`Installing PostgreSQL with ${manager}…\n`))
  const installed = find()
  assert.ok(installed, `there is a PostgreSQL: ${problem ?? 'install postgresql'}`)
  return dirname(installed)
}
