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
    [{ title: 'two' }], 2, ['posts', 'users'],
  ])
})
