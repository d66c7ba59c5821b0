import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startEngine, type RunOptions } from '../../helpers/engine.ts'
import { startPostgres } from '../../helpers/postgres.ts'
import { until } from '../../helpers/until.ts'

const postgres = await startPostgres({ after })
await postgres.query(readFileSync(join(import.meta.dirname, 'schemas.sql'), 'utf8'))
await postgres.query("INSERT INTO users (e_mail) VALUES ('one@x'); INSERT INTO hidden VALUES ('hidden')")
const schemas = join(import.meta.dirname, 'schemas')
const main = { url: postgres.urlOf('app'), schemas, maxConnections: 3, connectTimeoutMs: 2000 }
const engine = await startEngine({
  tools: { own: '', config: JSON.stringify({ db: { databases: { main, root: { url: postgres.urlOf('admin') }, nobody: { url: postgres.urlOf('nobody') }, lost: { url: 'postgres://a:secret@127.0.0.1:1/x' } }, maxRows: 100, maxBytes: 100_000 } }) },
})

const options = (more: RunOptions = {}): RunOptions => ({ tools: ['db'], ...more })
const sql = async (text: string, more?: RunOptions) => await engine.resultOf('import { sql } from "drizzle-orm"; export default (text) => db.execute(sql.raw(text))', options({ input: text, ...more }))
const failureOf = async (code: string, more?: RunOptions) => {
  const { code: failure, message } = await engine.failureOf(code, options(more))
  return [failure, message]
}
const sqlFailureOf = async (text: string, more?: RunOptions) => await failureOf('import { sql } from "drizzle-orm"; export default (text) => db.execute(sql.raw(text))', { input: text, ...more })

/** Connections of jobs that are in a transaction, or work. */
const held = async () => Number((await postgres.query("SELECT count(*) AS n FROM pg_stat_activity WHERE usename = 'app' AND state <> 'idle'"))[0]?.['n'])

const REFUSED: [sql: string, message: RegExp][] = [
  ['DROP TABLE users', /DROP is no statement that jobs may send/],
  ['-- SELECT\n/* SELECT */ SET ROLE admin', /SET is no statement/],
  ['COMMIT', /COMMIT is no statement/],
  ['ROLLBACK', /ROLLBACK is no statement/],
  ["COPY users TO PROGRAM 'true'", /COPY is no statement/],
  ['DO $$ BEGIN END $$', /DO is no statement/],
  ['CALL x()', /CALL is no statement/],
  ['LISTEN x', /LISTEN is no statement/],
  ['EXPLAIN ANALYZE DELETE FROM users', /EXPLAIN is no statement/],
  ['PREPARE a AS SELECT 1', /PREPARE is no statement/],
  ['CREATE TABLE x AS SELECT 1', /CREATE is no statement/],
  ['SELECT 1; DELETE FROM users', /more than one statement/],
  ['SELECT 1; COMMIT', /more than one statement/],
]

for (const [text, message] of REFUSED) {
  test(`refuses ${JSON.stringify(text)}`, async () => {
    const [code, words] = await sqlFailureOf(text)

    assert.equal(code, 'PERMISSION_DENIED')
    assert.match(words ?? '', message)
  })
}

test('what is misspelt, unknown or forbidden says so in words of the database', async () => {
  assert.deepEqual(await sqlFailureOf('SELEC 1'), ['PERMISSION_DENIED', 'Cannot query database "main": SELEC is no statement that jobs may send; they are SELECT, INSERT, UPDATE, DELETE and MERGE (transactions: db.transaction)'])
  assert.deepEqual(await sqlFailureOf('SELECT FROM WHERE'), ['TOOL_ERROR', 'Cannot query database "main": syntax error at or near "WHERE" (SQLSTATE 42601)'])
  assert.deepEqual(await sqlFailureOf('SELECT * FROM hidden'), ['PERMISSION_DENIED', 'Cannot query database "main": permission denied for table hidden (SQLSTATE 42501)'])
  assert.deepEqual(await sqlFailureOf('SELECT * INTO TEMP copied FROM users'), ['PERMISSION_DENIED', 'Cannot query database "main": the statement makes a table (SELECT INTO), which jobs may not; it was rolled back'])
  assert.equal((await postgres.query("SELECT count(*)::int AS n FROM pg_class WHERE relname = 'copied'"))[0]?.['n'], 0)
  assert.deepEqual(await failureOf('export default () => db.users.insert({ email: "one@x" })'), ['TOOL_ERROR', 'Cannot query database "main": duplicate key value violates unique constraint "users_e_mail_key" (SQLSTATE 23505)'])
})

test('injection through every argument stays a value, or an identifier', async () => {
  const evil = `'; DROP TABLE users; -- " $1 \\'`
  assert.deepEqual(await engine.resultOf(`
    import { eq, like, sql } from 'drizzle-orm'
    export default async (evil) => {
      const [row] = await db.users.insert({ email: evil, tags: [evil], details: { [evil]: evil } }).returning()
      const found = [
        await db.users.findUnique({ where: { email: evil }, columns: { id: true } }), await db.users.findFirst({ where: (u, { eq }) => eq(u.email, evil), columns: { id: true } }),
        ...await db.users.select({ id: db.users.id }).where(eq(db.users.email, evil)), ...await db.execute(sql\`select id from users where e_mail = \${evil} and \${sql.identifier('e_mail')} = \${evil}\`),
        ...await db.users.select({ id: sql\`id\`.as(evil) }).where(like(db.users.email, evil.replaceAll('\\\\', '\\\\\\\\'))),
      ]
      const [{ id }] = await db.users.update({ tags: [evil, evil] }).where(eq(db.users.email, evil)).returning()
      await db.users.delete().where(eq(db.users.id, id))
      return [row.email === evil, row.tags[0] === evil, row.details[evil] === evil, found.every((row) => row.id === id), found.length]
    }`, options({ input: evil })), [true, true, true, true, 5])
  for (const call of ['db.users.findMany({ where: { "id\\" = 1 --": 1 } })', 'db.transaction(() => {}, { isolationLevel: "serializable; DROP TABLE users" })', 'db.execute("SELECT 1\\0; DROP TABLE users")']) {
    const [code] = await failureOf(`export default () => ${call}`)
    assert.ok(code === 'TOOL_ERROR' || code === 'USER_ERROR', call)
  }

  assert.equal((await postgres.query('SELECT count(*)::int AS n FROM users'))[0]?.['n'], 1)
})

test('a job that may only read changes nothing, whatever it tries', async () => {
  const toolConfig = { db: { statements: ['select'] } }
  for (const text of [
    "INSERT INTO users (e_mail) VALUES ('x')", 'WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone', "SELECT set_config('transaction_read_only', 'off', true)", "SELECT nextval('users_id_seq')", 'SELECT * FROM users FOR UPDATE',
  ]) {
    const [code] = await sqlFailureOf(text, { toolConfig })
    assert.ok(code === 'PERMISSION_DENIED' || code === 'TOOL_ERROR', text)
  }
  const [code, message] = await failureOf(`export default () => db.transaction(async (tx) => {
    await tx.execute("SELECT set_config('default_transaction_read_only', 'off', false), set_config('role', 'none', false)")
    await tx.users.insert({ email: 'x' })
  }, { accessMode: 'read write' })`, { toolConfig })

  assert.deepEqual([code, message], ['PERMISSION_DENIED', 'Cannot query database "main": cannot execute INSERT in a read-only transaction; this job may only read (statements of tool db) (SQLSTATE 25006)'])
})

test('a job that may do some changes does no others', async () => {
  const toolConfig = { db: { statements: ['select', 'insert'] } }
  const refused = 'Cannot query database "main": the statement does DELETE, and this job may do select, insert (statements of tool db)'

  assert.deepEqual(await sqlFailureOf('DELETE FROM users', { toolConfig }), ['PERMISSION_DENIED', refused])
  assert.deepEqual(await sqlFailureOf('WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone', { toolConfig }), ['PERMISSION_DENIED', refused])
  assert.equal((await sqlFailureOf("INSERT INTO users (e_mail) VALUES ('one@x') ON CONFLICT (e_mail) DO UPDATE SET is_active = false", { toolConfig }))[0], 'PERMISSION_DENIED')
  assert.equal((await sqlFailureOf('MERGE INTO users USING users AS u ON false WHEN NOT MATCHED THEN DO NOTHING WHEN MATCHED THEN DELETE', { toolConfig }))[0], 'PERMISSION_DENIED')
  assert.deepEqual(await engine.resultOf(`export default async () => { const [{ id }] = await db.users.insert({ email: 'two@x' }).returning(); return [id > 0, await db.users.count({ where: { id } })] }`, options({ toolConfig })), [true, 1])
})

test('runaway queries, rows and bytes end with their limits, and hold nothing', async () => {
  const fast = { toolConfig: { db: { statementTimeoutMs: 200 } } }

  assert.deepEqual(await sqlFailureOf('SELECT pg_sleep(60)', fast), ['TOOL_LIMIT', 'Cannot query database "main": the statement took longer than 200 ms (statementTimeoutMs), or was cancelled (SQLSTATE 57014)'])
  assert.deepEqual(await sqlFailureOf('SELECT generate_series(1, 1000000000)'), ['TOOL_LIMIT', 'Cannot query database "main": the statement answers more than 100 rows (maxRows); ask for fewer with a limit'])
  assert.deepEqual(await sqlFailureOf("SELECT repeat('x', 100000000)"), ['TOOL_LIMIT', 'Cannot query database "main": the statement answers more than 100000 bytes (maxBytes); ask for fewer rows or columns'])
  assert.equal((await sql('SELECT generate_series(1, 100)') as unknown[]).length, 100)
  await until('no connection is held', async () => await held() === 0)
})

test('nothing of a run is left in its connection', async () => {
  await engine.resultOf(`export default async () => {
    for (const text of ["set_config('application_name', 'left', false)", 'pg_advisory_lock(1)', "set_config('statement_timeout', '1', false)", "set_config('search_path', 'nowhere', false)"]) await db.execute("SELECT " + text)
  }`, options())
  await until('no connection is held', async () => await held() === 0)

  assert.deepEqual(await postgres.query("SELECT (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory') AS locks, (SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'left') AS names"), [{ locks: 0, names: 0 }])
  assert.deepEqual(await sql("SELECT current_setting('search_path') AS path"), [{ path: '"$user", public' }])
})

test('what cannot be reached says so, without its address and password', async () => {
  const down = /^Cannot reach database "lost": it does not answer \(ECONNREFUSED\); try again later$/
  for (const [name, message] of [['lost', down], ['nobody', /^Cannot reach database "nobody": it refuses this service; its operator has to look at the url of tool db \(SQLSTATE 28000\)$/], ['root', /^Cannot use database "root": its url has a superuser/]] as const) {
    const [code, words] = await failureOf(`export default () => db.databases.${name}.execute('SELECT 1')`)
    assert.equal(code, 'TOOL_ERROR')
    assert.match(words ?? '', message)
  }
})
