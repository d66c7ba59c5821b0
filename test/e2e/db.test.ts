import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { dumpLines } from '../helpers/dump.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const run = promisify(execFile)
const EXAMPLE = join(import.meta.dirname, '../../examples/db')
const PASSWORD = 'hunter2-of-the-shop'
/** Looks for a text in all that code can reach. */
const SEARCH = `const seen = new Set(), queue = [globalThis, db, context], found = []
  for (let at = 0; at < queue.length && at < 50_000; at++) {
    const value = queue[at]
    if (typeof value === 'string' && /hunter2|PGSQL|batchbox-test-pg/.test(value)) found.push(value)
    if (Object(value) !== value || seen.has(value)) continue
    seen.add(value)
    if (value instanceof Promise) value.catch(() => {})
    if (typeof value === 'function') queue.push(Function.prototype.toString.call(value))
    for (const key of Reflect.ownKeys(value)) { queue.push(key); try { queue.push(value[key]) } catch {} }
    queue.push(Object.getPrototypeOf(value))
  }`

test('a service with a database', async (given) => {
  const t = Object.assign(lastInFirstOut(given), { test: given.test.bind(given) })
  const postgres = await startPostgres(t)
  await postgres.query(readFileSync(join(EXAMPLE, 'database.sql'), 'utf8'))
  await postgres.query(`ALTER ROLE shop_jobs PASSWORD '${PASSWORD}'`)
  const url = postgres.urlOf('shop_jobs').replace('secret-of-shop_jobs', PASSWORD)
  const service = await startService(t, { env: { DATABASE_URL: url, BATCHBOX_SCHEMAS: join(EXAMPLE, 'schemas'), BATCHBOX_AUDIT_RUNS: '1', LOG_LEVEL: 'trace' } })
  const job = (body: string) => ({ code: `import { sql } from 'drizzle-orm'; export default async (input, context) => { ${body} }`, tools: ['db'], retry: { attempts: 1 } })
  const held = async () => await postgres.query("SELECT state, query FROM pg_stat_activity WHERE usename = 'shop_jobs' AND state <> 'idle'")
  const ids: string[] = []
  const play = async (body: string, more: object = {}) => {
    const ended = await service.run({ ...job(body), ...more })
    ids.push(ended.id)
    return ended
  }

  await t.test('the example places orders by POST /execute', async () => {
    const place = async (...args: string[]) => JSON.parse((await run(process.execPath, [join(EXAMPLE, 'main.ts'), ...args], { env: { ...process.env, URL: service.url, KEY: service.key } })).stdout) as unknown

    assert.deepEqual([await place('ann@x', '12.50'), await place('ann@x', '7.25'), await place('bob@x', '1')], [{ customer: 1, ordered: '12.50' }, { customer: 1, ordered: '19.75' }, { customer: 2, ordered: '1.00' }])
  })

  await t.test('a job asks it by POST /v1/jobs, and its receipt and its trace tell of the calls', async () => {
    const ended = await play("return db.customers.findMany({ with: { orders: { columns: { total: true } } }, columns: { email: true }, orderBy: (table, { asc }) => asc(table.id) })")

    assert.deepEqual(ended.result, [{ email: 'ann@x', orders: [{ total: '12.5' }, { total: '7.25' }] }, { email: 'bob@x', orders: [{ total: '1' }] }], JSON.stringify(ended.error))
    assert.partialDeepStrictEqual(ended.attempts[0]?.receipt, [{ grant: 'tool', target: 'db.query', denied: null, count: 1 }])
    await until('its trace is stored', async () => (await service.spans(ended.id)).some(({ name }) => name === 'tool db.query'))
  })

  await t.test('what the role of the example may not, jobs may not: change orders, end and watch sessions, change settings, tell channels, store objects', async () => {
    const { result } = await play(`const said = []
      for (const text of ['DELETE FROM orders', "UPDATE customers SET email = ''", 'SELECT pg_terminate_backend(1)', 'SELECT pg_cancel_backend(1)', 'SELECT * FROM pg_stat_activity', 'SELECT pg_stat_get_backend_activity(1)', "SELECT set_config('work_mem', '1GB', false)", "SELECT pg_notify('a', 'b')", 'SELECT lo_create(0)', 'SELECT lo_creat(1)', "SELECT lo_from_bytea(0, '')"]) {
        said.push(await db.execute(sql.raw(text)).then(() => text, ({ code }) => code))
      }
      return said`)

    assert.deepEqual(result, Array.from({ length: 11 }, () => 'PERMISSION_DENIED'))
  })

  await t.test('a job whose toolConfig asks for less has less, and gets no more', async () => {
    const code = `await db.customers.insert({ email: 'x' })`
    const reads = await play(code, { toolConfig: { db: { statements: ['select'] } } })
    const wants = await play(code, { toolConfig: { db: { databases: { main: { url: 'postgres://other' } } } } })

    assert.deepEqual([reads.error?.code, wants.error?.code], ['PERMISSION_DENIED', 'INVALID'], JSON.stringify(wants.error))
  })

  await t.test('while it is down jobs hear so, and a job that comes when it is back is served', async () => {
    await postgres.kill()
    const down = await play('return db.customers.count()')
    await postgres.restart()
    const back = await play('return db.customers.count()')

    assert.deepEqual([down.error?.code, down.error?.message], ['TOOL_ERROR', 'Cannot reach database "main": it does not answer (ENOENT); try again later'])
    assert.equal(back.result, 2, JSON.stringify(back.error))
  })

  await t.test('its password and its address are nowhere: not in the sandbox, in answers, in logs or in Redis', async () => {
    const searched = await play(`${SEARCH}; console.log(db, Object.keys(db)); const failure = await db.execute('SELECT nonsense').catch((error) => error); console.log(failure, failure.stack); await db.customers.count(); return { found, seen: seen.size, failure: [failure.stack, failure.cause] }`)
    await play("context.progress(0.5, 'asking'); return db.execute('SELECT 1/0')")
    await until('its trace is stored', async () => (await service.spans(searched.id)).length > 0)
    const answers = await Promise.all(ids.flatMap((id) => ['', '/events', '/logs', '/trace', '/result'].map(async (path) => (await service.request('GET', `/v1/jobs/${id}${path}`)).text)))
    const lines = [...service.api.lines, ...service.worker.lines].map((line) => JSON.stringify(line))
    const stored = await dumpLines(service.db)

    assert.equal(searched.status, 'succeeded', JSON.stringify(searched.error))
    const { found, seen } = searched.result as { found: string[], seen: number } // the code above
    assert.deepEqual([found, seen > 1000], [[], true], String(seen))
    assert.ok(lines.length > 10 && stored.length > 10)
    const secrets = [PASSWORD, Buffer.from(PASSWORD).toString('base64').slice(0, -4), encodeURIComponent(url), dirname(postgres.socket)]
    assert.deepEqual([...answers, ...lines, ...stored].filter((text) => secrets.some((secret) => text.includes(secret))), [])
  })

  await t.test('a worker that is killed leaves no transaction open', async () => {
    await service.post(job("await db.transaction(async (tx) => { await tx.customers.insert({ email: 'lost@x' }); await new Promise(() => {}) })"))
    await until('it is in its transaction', async () => (await held()).some(({ state, query }) => state === 'idle in transaction' && String(query).startsWith('insert')))
    process.kill(service.worker.pid, 'SIGKILL')
    await service.worker.ended

    await until('no connection is held', async () => (await held()).length === 0)
    assert.deepEqual(await postgres.query("SELECT 1 FROM customers WHERE email = 'lost@x'"), [])
  })
})
