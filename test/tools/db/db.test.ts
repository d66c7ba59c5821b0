import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startEngine, type RunOptions } from '../../helpers/engine.ts'
import { startPostgres } from '../../helpers/postgres.ts'

const postgres = await startPostgres({ after })
await postgres.query(readFileSync(join(import.meta.dirname, 'schemas.sql'), 'utf8'))
const config = { databases: { main: { url: postgres.urlOf('app'), schemas: join(import.meta.dirname, 'schemas') } } }
const engine = await startEngine({ tools: { own: '', config: JSON.stringify({ db: config }) } })
const resultOf = async (code: string, options: RunOptions = {}) => await engine.resultOf(code, { tools: ['db'], ...options })

test('the worker connects when a run first asks, not because it has the tool', async () => {
  const connections = async () => (await postgres.query("SELECT 1 FROM pg_stat_activity WHERE usename = 'app'")).length

  await resultOf('export default () => { db.users; db.query; return db.users.select().toSQL() }')
  assert.equal(await connections(), 0)
  await resultOf('export default () => db.users.count()')
  assert.equal(await connections(), 1)
})

test('Drizzle is one, by whichever way code comes to it', async () => {
  assert.deepEqual(await resultOf(`
    import { eq } from 'drizzle-orm'
    export default async () => [(await import('drizzle-orm')).eq === eq, db.operators.eq === eq, (await import('drizzle-orm/pg-core')).PgTable === Object.getPrototypeOf(db.tables.users).constructor]`), [true, true, true])
})

test('rows are written and read by both spellings, with every type as Drizzle has it', async () => {
  const result = await resultOf(`
    import { eq } from 'drizzle-orm'
    export default async () => {
      const [row] = await db.users.insert({
        email: 'a@x', tags: ['a "b"', '{c}', 'NULL'], scores: [1, 2], details: { a: [1, null, "1"] }, bornAt: new Date(0), balance: '123456789012345678.90', views: 9007199254740993n, weight: 0.1, mood: 'cross',
        token: '00000000-0000-4000-8000-000000000000',
      }).returning()
      await db.query.insert(db.users).values({ email: 'b@x' })
      const { eq: same, sql } = db.operators
      const selected = await db.users.select().where(eq(db.users.email, 'a@x'))
      const other = await db.query.select().from(db.users).where(same(db.tables.users.id, 2))
      const [{ n }] = await db.db.execute(sql\`select count(*)::int as n, '{"a":1}'::jsonb as j from users\`)
      await db.users.update({ isActive: false }).where(eq(db.users.id, 2))
      const changed = await db.users.findUnique({ where: { email: 'b@x' }, columns: { id: true, isActive: true } })
      const gone = await db.users.findUnique({ where: { email: 'nobody' } })
      const all = await db.users.findMany({ where: (user, { gt }) => gt(user.id, 0), orderBy: (user, { desc }) => desc(user.id), columns: { id: true } })
      await db.posts.insert([{ title: 'one', authorId: 1 }, { title: 'two', authorId: 1 }])
      const related = await db.query.users.findMany({ where: eq(db.users.id, 1), columns: { id: true }, with: { posts: { columns: { title: true }, with: { author: { columns: { email: true, bornAt: true } } } } } })
      const removed = await db.posts.delete().where(eq(db.posts.title, 'two')).returning({ title: db.posts.title })
      return [
        { ...row, views: String(row.views), bornAt: row.bornAt.getTime() }, row.email === selected[0].email && selected[0].views === row.views, other, n, changed, gone, all, related, removed, await db.users.count(),
        Object.keys(db.tables),
      ]
    }`)

  const blank = { isActive: true, mood: 'calm', tags: [], scores: null, details: null, bornAt: null, balance: null, views: null, weight: null, token: null, double: 2 }
  assert.deepEqual(result, [
    {
      id: 1, email: 'a@x', isActive: true, mood: 'cross', tags: ['a "b"', '{c}', 'NULL'], scores: [1, 2], details: { a: [1, null, '1'] }, bornAt: 0, balance: '123456789012345678.90',
      views: '9007199254740993', weight: 0.1, token: '00000000-0000-4000-8000-000000000000', double: 2,
    },
    true, [{ id: 2, email: 'b@x', ...blank }], 2, { id: 2, isActive: false }, null, [{ id: 2 }, { id: 1 }],
    [{ id: 1, posts: [{ title: 'one', author: { email: 'a@x', bornAt: '1970-01-01T00:00:00.000Z' } }, { title: 'two', author: { email: 'a@x', bornAt: '1970-01-01T00:00:00.000Z' } }] }],
    [{ title: 'two' }], 2, ['kinds', 'posts', 'users'],
  ])
})

test('a value of every type comes back as it was, from each way to read it, and so does null', async () => {
  const result = await resultOf(`
    import { isDeepStrictEqual } from 'node:util'
    export default async () => {
      const given = {
        small: -32768, big: Number.MAX_SAFE_INTEGER, bigger: -9223372036854775808n, single: 0.5, double: 1.7976931348623157e308, exact: '12345678901234567890.0123456789', exactNumber: -0.125, exactBig: 123456789012345678901234567890n, truth: false,
        letters: 'ab ', short: '', long: 'é\\u0001\\ud83d\\ude00 \\\\ "\\'', document: { a: [null, 1.5, '"'] }, binary: ['{', { 'k"': 'v\\\\' }], day: new Date('2024-02-29'), dayText: '0001-01-01', hour: '23:59:59.999999', moment: new Date('1969-12-31T23:59:59.999Z'),
        momentText: '2024-02-29 01:02:03.000004', zoned: new Date('2038-01-19T03:14:08.001Z'), span: '1 year 2 mons 3 days 04:05:06.7', token: '00000000-0000-4000-8000-00000000000f', address: '::1', network: '10.0.0.0/8', card: '08:00:2b:01:02:03', spot: { x: 1.5, y: -2 }, pair: [0, 1e-7], bar: [1, 2, 3],
        feeling: 'cross', feelings: ['cross', 'calm'], grid: [[1, 2], [3, 4]], words: ['', 'NULL', 'a,b', '{}', '"', '\\\\', ' x '], amounts: ['1.10', '-0.5'], truths: [true, false], moments: [new Date(0)], documents: [{ a: '"}' }, [1]], bigs: [9223372036854775807n],
      }
      const names = Object.keys(given)
      const empty = Object.fromEntries(names.map((name) => [name, null]))
      const wrong = []
      for (const values of [given, empty]) {
        const [{ id, ...inserted }] = await db.kinds.insert(values).returning()
        const { id: _, ...selected } = (await db.kinds.select().where(db.operators.eq(db.kinds.id, id)))[0]
        const { id: __, ...found } = await db.kinds.findUnique({ where: { id } })
        for (const read of [inserted, selected, found]) for (const name of names) if (!isDeepStrictEqual(read[name], values[name])) wrong.push([name, String(read[name]), String(values[name])])
      }
      return wrong
    }`)

  assert.deepEqual(result, [])
})

test('values in SQL of one\'s own: what is sent, and what comes back', async () => {
  const result = await resultOf(`
    import { sql } from 'drizzle-orm'
    export default async () => {
      const [row] = await db.execute(sql\`select \${Uint8Array.of(0, 255, 92)}::bytea as bytes, \${Uint16Array.of(513)}::bytea as view, \${new ArrayBuffer(2)}::bytea as buffer, \${new Date(0)}::timestamptz at time zone 'UTC' as at, \${10n}::int8 as big, \${{ a: [1] }}::jsonb as document, \${sql.param([1, null, 3])}::int[] as list,
        \${sql.param([[Uint8Array.of(1)]])}::bytea[] as lists, '[1,5)'::int4range as range, null as nothing, array[]::text[] as none, array['a', null] as some, 1.50 as exact, true as truth, 'NaN'::float8 as nan, '-Infinity'::float8 as less\`)
      return { ...row, nan: String(row.nan), less: String(row.less) }
    }`)

  assert.deepEqual(result, {
    bytes: '\\x00ff5c', view: '\\x0102', buffer: '\\x0000', at: '1970-01-01 00:00:00', big: '10', document: { a: [1] }, list: [1, null, 3], lists: [['\\x01']], range: '[1,5)', nothing: null, none: [], some: ['a', null], exact: '1.50', truth: true, nan: 'NaN', less: '-Infinity',
  })
})

test('arguments that are wrong are told of before anything is asked', async () => {
  const said = await resultOf(`export default async () => {
    const ways = [() => db.users.select('id'), () => db.users.select({ id: 'id' }), () => db.users.select({ a: { b: { c: null } } }), () => db.users.findUnique(), () => db.users.findUnique({ where: { nobody: 1 } }), () => db.users.findMany({ where: { enableRLS: 1 } }), () => db.users.findMany({ where: { id: undefined } }), () => db.transaction()]
    return Promise.all(ways.map(async (way) => { try { await way(); return 'done' } catch ({ name, message }) { return name + ': ' + message } }))
  }`)
  const fields = 'TypeError: Cannot select from "users": expected an object of columns, as in { id: db.users.id }'

  assert.deepEqual(said, [
    fields, fields, fields, 'TypeError: Cannot find in "users": findUnique needs a where, as in { where: { id: 1 } }', 'TypeError: Cannot find in "users": it has no column "nobody"', 'TypeError: Cannot find in "users": it has no column "enableRLS"',
    'TypeError: Cannot find in "users": "id" is undefined; null is for rows that have none', 'TypeError: Cannot begin transaction: expected a function of the transaction',
  ])
})
