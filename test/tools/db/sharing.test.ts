import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openDatabase } from '../../helpers/db-run.ts'
import { startPostgres } from '../../helpers/postgres.ts'
import { until } from '../../helpers/until.ts'

const postgres = await startPostgres({ after })
await postgres.query(readFileSync(join(import.meta.dirname, 'schemas.sql'), 'utf8'))
await postgres.query(`
  CREATE ROLE other; GRANT other TO app;
  CREATE FUNCTION make_table () RETURNS void LANGUAGE plpgsql AS 'BEGIN CREATE TEMP TABLE left_over (a int); END';
  CREATE FUNCTION listen () RETURNS void LANGUAGE plpgsql AS 'BEGIN LISTEN told; END';
  CREATE FUNCTION open_cursor () RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE ''DECLARE left_over CURSOR WITH HOLD FOR SELECT 1''; END';
`)
const url = postgres.urlOf('app')

/** What one run does to its connection, and what tells the next one of it. */
const LEFT: [what: string, does: string, tells: string][] = [
  ['a setting', "set_config('work_mem', '1MB', false)", "current_setting('work_mem')"],
  ['a path', "set_config('search_path', 'nowhere', false)", "current_setting('search_path')"],
  ['a time-out', "set_config('lock_timeout', '1', false)", "current_setting('lock_timeout')"],
  ['a name', "set_config('application_name', 'left', false)", "current_setting('application_name')"],
  ['what is read alone', "set_config('default_transaction_read_only', 'on', false)", "current_setting('default_transaction_read_only')"],
  ['a value of its own', "set_config('own.secret', 'of tenant a', false)", "nullif(current_setting('own.secret', true), '')"],
  ['a role', "set_config('role', 'other', false)", 'current_user'],
  ['a lock', 'pg_advisory_lock(1)', "(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')"],
  ['a temporary table', 'make_table()', "to_regclass('pg_temp.left_over')"],
  ['a channel', 'listen()', '(SELECT count(*) FROM pg_listening_channels())'],
  ['a cursor', 'open_cursor()', '(SELECT count(*) FROM pg_cursors)'],
]

for (const [what, does, tells] of LEFT) {
  test(`${what} of one run is not there for the next on the same connection, whether it is left by a statement or a transaction`, async (t) => {
    const { startRun } = openDatabase(t, { url, maxConnections: 1, connectTimeoutMs: 5000 })
    const look = async () => (await startRun('b').query(`SELECT pg_backend_pid(), ${tells}`))[0]
    const before = await look()

    await startRun('a').query(`SELECT ${does}`)
    const afterStatement = await look()
    const run = startRun('a')
    const id = await run.begin()
    await run.query(`SELECT ${does}`, id)
    await run.end(id)
    const afterTransaction = await look()

    assert.deepEqual([afterStatement, afterTransaction], [before, before])
  })
}

test('the last value of a sequence is not there for the next run', async (t) => {
  const { startRun } = openDatabase(t, { url, maxConnections: 1, connectTimeoutMs: 5000 })
  await startRun('a').query("SELECT nextval('users_id_seq')")

  assert.match(await startRun('b').failureOf('SELECT lastval()'), /lastval is not yet defined in this session/)
})

test('what random() answers next is nothing that the run before could choose', async (t) => {
  const { startRun } = openDatabase(t, { url, maxConnections: 1, connectTimeoutMs: 5000 })
  const seen: unknown[] = []
  for (let i = 0; i < 3; i++) {
    await startRun('a').query('SELECT setseed(0.5)')
    seen.push((await startRun('b').query('SELECT random()'))[0]?.[0])
  }

  assert.equal(new Set(seen).size, 3)
})

test('however many runs one tenant has, others get their connections', async (t) => {
  const { startRun, database } = openDatabase(t, { url, maxConnections: 3, maxPerTenant: 2 })
  const greedy = Array.from({ length: 6 }, () => startRun('a'))
  const slept = greedy.map((run) => run.failureOf('SELECT pg_sleep(60)'))
  await until('it has what one may have', () => database.busy === 2)

  assert.deepEqual(await startRun('b').query('SELECT 1'), [['1']])
  const failures = await Promise.all(slept.slice(2))
  assert.deepEqual(failures, Array.from({ length: 4 }, () => `Cannot reach database "main": this tenant's runs have the 2 connections that one tenant may have (maxPerTenant); try again later`))
  assert.deepEqual(await startRun('b').query('SELECT 1'), [['1']])

  for (const run of greedy) run.stop()
  await Promise.all(slept)
  await until('the server holds none', async () => (await postgres.query("SELECT 1 FROM pg_stat_activity WHERE usename = 'app' AND state <> 'idle'")).length === 0)
  assert.equal(database.busy, 0)
})
