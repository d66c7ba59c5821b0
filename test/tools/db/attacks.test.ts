import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, test } from 'node:test'
import { startEngine, type RunOptions } from '../../helpers/engine.ts'
import { startPostgres } from '../../helpers/postgres.ts'
import { until } from '../../helpers/until.ts'

const postgres = await startPostgres({ after })
await postgres.query(readFileSync(join(import.meta.dirname, 'schemas.sql'), 'utf8'))
await postgres.query("INSERT INTO users (e_mail) VALUES ('one@x'); INSERT INTO hidden VALUES ('hidden')")
const schemas = join(import.meta.dirname, 'schemas')
const main = { url: postgres.urlOf('app'), schemas, maxConnections: 3, connectTimeoutMs: 2000 }
const engine = await startEngine({
  tools: { own: '', config: JSON.stringify({ db: { databases: { main }, maxRows: 100, maxBytes: 100_000 } }) },
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

afterEach(() => until('no connection is held', async () => await held() === 0))

/** What is refused for its first words, which the message names. */
const REFUSED = [
  'DROP TABLE users', 'TRUNCATE users', 'CREATE TEMP TABLE x (a int)', 'CREATE TABLE x AS SELECT 1', 'ALTER ROLE app SUPERUSER', 'GRANT ALL ON users TO app', '-- SELECT\n/* SELECT */ SET ROLE admin', 'RESET ALL', 'SHOW ALL', 'BEGIN',
  'COMMIT', 'ROLLBACK', 'ABORT', 'END', 'SAVEPOINT x', 'RELEASE x', "COPY users TO PROGRAM 'true'", 'COPY users TO STDOUT', 'DO $$ BEGIN END $$', 'CALL x()', 'LISTEN x', 'NOTIFY x', 'LOCK TABLE users', 'DECLARE x CURSOR WITH HOLD FOR SELECT 1', 'FETCH x',
  'EXPLAIN ANALYZE DELETE FROM users', 'PREPARE a AS SELECT 1', 'EXECUTE batchbox', 'DEALLOCATE ALL', 'DISCARD ALL', 'VACUUM', 'ANALYZE', 'CHECKPOINT', "LOAD 'x'", 'REFRESH MATERIALIZED VIEW x',
]
const SEVERAL = ['SELECT 1; DELETE FROM users', 'SELECT 1; COMMIT', 'SELECT 1; SELECT 2', "SELECT ';'; COMMIT -- '"]

/** Sends each text by itself, in a run of its own that tries them all. */
const failuresOf = async (texts: readonly string[], more?: RunOptions) => await engine.resultOf(`import { sql } from 'drizzle-orm'
  export default async (texts) => { const said = []; for (const text of texts) said.push(await db.execute(sql.raw(text)).then(() => ['none', text], ({ code, message }) => [code, message])); return said }`, options({ input: texts, ...more })) as [code: string, message: string][]

test('no other statement than those that read and change rows is sent, and no two at once', async () => {
  const refused = await failuresOf(REFUSED)
  const several = await failuresOf(SEVERAL)

  assert.deepEqual(refused, REFUSED.map((text) => ['PERMISSION_DENIED', `Cannot query database "main": ${/[A-Z]+/.exec(text.replace(/--.*|\/\*.*?\*\//g, ''))?.[0]} is no statement that jobs may send; they are SELECT, INSERT, UPDATE, DELETE and MERGE (transactions: db.transaction)`]))
  assert.deepEqual(several, SEVERAL.map(() => ['PERMISSION_DENIED', 'Cannot query database "main": the text has more than one statement; send each by itself']))
})

test('functions that reach beyond the database are not for those who are no superuser', async () => {
  const texts = ["SELECT pg_read_file('/etc/passwd')", "SELECT pg_ls_dir('/')", "SELECT lo_import('/etc/passwd')", "SELECT lo_export(1, '/tmp/x')", "SELECT set_config('session_authorization', 'admin', false)", "SELECT set_config('role', 'admin', false)", 'SELECT pg_reload_conf()', "SELECT * FROM pg_authid", "SELECT query_to_xml('SELECT rolpassword FROM pg_authid', true, true, '')"]

  assert.deepEqual((await failuresOf(texts)).map(([code]) => code), texts.map(() => 'PERMISSION_DENIED'))
})

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

test('what a query is built of is a value or a name, whatever it says', async () => {
  const before = await postgres.query('SELECT * FROM users ORDER BY id')
  const said = await engine.resultOf(`
    import { sql } from 'drizzle-orm'; import { alias, integer, pgSchema, pgTable } from 'drizzle-orm/pg-core'
    const { operators: op } = db
    export default async (x) => {
      const ways = {
        identifier: () => db.execute(sql\`select 1 as \${sql.identifier(x)}\`), table: () => db.select().from(pgTable(x, { id: integer() })), schema: () => db.select().from(pgSchema(x).table('users', { id: integer() })),
        column: () => { const own = pgTable('users', { a: integer(x) }); return db.select().from(own) }, alias: () => { const own = alias(db.tables.users, x); return db.select({ id: own.id }).from(own) }, with: () => { const own = db.$with(x).as(db.users.select({ id: db.users.id })); return db.with(own).select().from(own) },
        field: () => db.users.select({ [x]: db.users.id }), as: () => db.users.findMany({ columns: { id: true }, extras: { [x]: sql\`1\`.as(x) } }), order: () => db.users.select({ id: db.users.id }).orderBy(x), group: () => db.users.select({ id: db.users.id }).groupBy(x), limit: () => db.users.findMany({ limit: x, offset: x }), lock: () => db.users.select().for(x),
        where: () => db.users.select().where(x), equal: () => db.users.findUnique({ where: { id: x } }), object: () => db.users.findMany({ where: { id: { [x]: x } } }), list: () => db.users.findMany({ where: { email: [x, { x }] } }), like: () => db.users.findMany({ where: (u) => op.like(u.email, x) }),
        path: () => db.execute(sql\`select details->\${x}, details#>>\${sql.param([x])}, jsonb_path_query(coalesce(details, '{}'), \${x}) from users\`), array: () => db.users.select({ has: op.arrayContains(db.users.tags, [x]) }),
        columns: () => db.users.findMany({ columns: { [x]: true } }), relation: () => db.users.findMany({ with: { [x]: true } }), member: () => db.users.findMany({ where: { [x]: 1, enableRLS: 1 } }), set: () => db.users.update({ [x]: x }), insert: () => db.users.insert({ email: 'one@x', [x]: 1 }), conflict: () => db.users.insert({ email: 'one@x' }).onConflictDoNothing({ target: x }),
        level: () => db.transaction(() => {}, { isolationLevel: x }), access: () => db.transaction(() => {}, { accessMode: x }), placeholder: () => db.execute(sql\`select \${sql.placeholder(x)}\`), from: () => db.select().from(x), text: () => db.execute(x), raw: () => db.execute(sql.raw('select ' + x)),
      }
      const said = {}
      for (const [name, way] of Object.entries(ways)) said[name] = await (async () => { await way(); return 'done' })().catch(({ name, code }) => code ?? name)
      return said
    }`, options({ input: 'x"; DROP TABLE users; --' })) as Record<string, string>

  assert.deepEqual(Object.keys(said).filter((name) => said[name] === 'done').sort(), ['alias', 'array', 'as', 'field', 'identifier', 'like', 'list', 'order', 'with'].sort())
  assert.deepEqual(new Set(Object.values(said)), new Set(['done', 'TOOL_ERROR', 'PERMISSION_DENIED', 'TypeError', 'Error', 'DrizzleError']), JSON.stringify(said))
  assert.deepEqual(await postgres.query('SELECT * FROM users ORDER BY id'), before)
})

test('what a read-only transaction lets functions do is rolled back where jobs may only read', async () => {
  const client = await postgres.listen('told')
  await engine.resultOf(`export default () => db.transaction(async (tx) => {
    await tx.execute("SELECT lo_from_bytea(0, 'x')")
    await tx.execute("SELECT pg_notify('told', 'x')")
  })`, options({ toolConfig: { db: { statements: ['select'] } } }))
  await until('no connection is held', async () => await held() === 0)

  assert.deepEqual([await client.heard(), await postgres.query('SELECT * FROM pg_largeobject_metadata')], [[], []])
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
  assert.deepEqual(await sqlFailureOf("SELECT repeat('x', 1000000)"), ['TOOL_LIMIT', 'Cannot query database "main": the statement answers more than 100000 bytes (maxBytes); ask for fewer rows or columns'])
  assert.equal((await sql('SELECT generate_series(1, 100)') as unknown[]).length, 100)
  const [code, message] = await failureOf(`export default () => db.transaction(async (tx) => {
    await tx.execute("SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)")
    await tx.execute('SELECT pg_sleep(60)')
  })`, fast)
  assert.deepEqual([code, /\(statementTimeoutMs\)/.test(message ?? '')], ['TOOL_LIMIT', true])
})

test('values that are too large, or none, are refused before they are sent', async () => {
  for (const [value, message] of [["'x'.repeat(2_000_000)", /its arguments have 20\d+ characters, allowed are 1048576/], ["Symbol('x')", /a symbol is no value of a parameter/], ['() => 1', /a function is no value/], ['new Map()', /a Map is no value/], ['new Date(NaN)', /Invalid time value/]] as const) {
    const [code, words] = await failureOf(`import { sql } from 'drizzle-orm'; export default () => db.execute(sql\`SELECT \${${value}}::text\`)`)

    assert.equal(code, 'USER_ERROR')
    assert.match(words ?? '', message)
  }
})
