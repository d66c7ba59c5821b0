import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startEngine, type RunOptions } from '../../helpers/engine.ts'
import { startPostgres } from '../../helpers/postgres.ts'
import { until } from '../../helpers/until.ts'

const postgres = await startPostgres({ after })
await postgres.query(readFileSync(join(import.meta.dirname, 'schemas.sql'), 'utf8'))
await postgres.query('CREATE DATABASE other')
const main = { url: postgres.urlOf('app'), schemas: join(import.meta.dirname, 'schemas'), maxConnections: 2, connectTimeoutMs: 1000 }
const other = { url: postgres.urlOf('app', 'other') }
const engine = await startEngine({ tools: { own: '', config: JSON.stringify({ db: { databases: { main, other } } }) } })

const options = (more: RunOptions = {}): RunOptions => ({ tools: ['db'], ...more })
const resultOf = async (code: string, more?: RunOptions) => await engine.resultOf(`export default async () => { ${code} }`, options(more))
const failureOf = async (code: string, more?: RunOptions) => {
  const { code: failure, message } = await engine.failureOf(`export default async () => { ${code} }`, options(more))
  return [failure, message]
}
const listUsers = async () => (await postgres.query('SELECT e_mail FROM users ORDER BY e_mail')).map((row) => row['e_mail'])
const heldNow = async () => Number((await postgres.query("SELECT count(*) AS n FROM pg_stat_activity WHERE usename = 'app' AND state <> 'idle'"))[0]?.['n'])
/** Statements that sleep. */
const sleeping = async () => (await postgres.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length
const empty = async () => await postgres.query('TRUNCATE users, posts')

test('a transaction is committed when its function is done, and rolled back when that throws', async () => {
  const result = await resultOf(`
    const answered = await db.transaction(async (tx) => {
      await tx.users.insert({ email: 'a@x' })
      await tx.insert(tx.tables.users).values({ email: 'b@x' })
      return [await tx.users.count(), await db.users.count(), (await tx.query.users.findMany()).length]
    }, { isolationLevel: 'repeatable read' })
    const thrown = await db.db.transaction(async (tx) => {
      await tx.delete(db.users)
      throw new RangeError('no')
    }).catch((error) => error.name)
    const undone = await db.transaction(async (tx) => {
      await tx.users.delete()
      tx.rollback()
    }).catch((error) => error.message)
    return [answered, thrown, undone]`)

  assert.deepEqual(result, [[2, 0, 2], 'RangeError', 'Rollback'])
  assert.deepEqual(await listUsers(), ['a@x', 'b@x'])
  await empty()
})

test('a transaction within another is a savepoint', async () => {
  await resultOf(`await db.transaction(async (tx) => {
    await tx.users.insert({ email: 'a@x' })
    await tx.transaction(async (inner) => {
      await inner.users.insert({ email: 'b@x' })
      await inner.transaction(async (innermost) => { await innermost.users.insert({ email: 'a@x' }) }).catch(() => {})
      await inner.users.insert({ email: 'c@x' })
    })
    await tx.transaction(async (inner) => {
      await inner.users.delete()
      throw new Error('no')
    }).catch(() => {})
  })`)

  assert.deepEqual(await listUsers(), ['a@x', 'b@x', 'c@x'])
  await empty()
})

test('of transactions within one another the innermost is asked, and none is lost that was not awaited', async () => {
  assert.deepEqual(await resultOf(`return db.transaction(async (tx) => {
    await tx.users.insert({ email: 'a@x' })
    let left
    const inner = tx.transaction(async (own) => { left = own; await own.users.insert({ email: 'b@x' }); await own.users.count() })
    const beside = await Promise.all([tx.users.count(), tx.transaction(() => {})].map((asked) => asked.then(() => 'done', ({ message }) => message)))
    await inner
    const late = await left.users.count().catch(({ message }) => message)
    return [...beside, late, await tx.users.count()]
  })`), [
    ...Array.from({ length: 2 }, () => 'Cannot query: a transaction within this one is open; await it first, or use its own methods'), 'Cannot query: the transaction is over; what belongs to it has to be awaited within it', 2,
  ])
  assert.deepEqual(await failureOf(`await db.transaction(async (tx) => { await new Promise((resolve) => { tx.transaction(async (own) => { await own.users.delete(); resolve(); await new Promise(() => {}) }).catch(() => {}) }) })`), [
    'TOOL_ERROR', 'Cannot commit transaction on database "main": one within it was not awaited, so it was rolled back',
  ])
  await until('no connection is held', async () => await heldNow() === 0)

  assert.deepEqual(await listUsers(), ['a@x', 'b@x'])
  await empty()
})

test('a run has one transaction open at a time, and what is not awaited within it is refused', async () => {
  assert.deepEqual(await failureOf('await db.transaction(() => db.transaction(() => {}))'), [
    'TOOL_ERROR', 'Cannot begin transaction on database "main": the run has one open, and may have one at a time; within it, use its own transaction()',
  ])
  assert.deepEqual(await failureOf('let left; await db.transaction((tx) => { left = tx }); await left.users.findMany()'), ['TOOL_ERROR', 'Cannot query: the transaction is over; what belongs to it has to be awaited within it'])
  assert.deepEqual(await failureOf(`await db.transaction(async (tx) => { await tx.users.insert({ email: 'a@x' }); await tx.execute('SELECT 1/0').catch(() => {}) })`), [
    'TOOL_ERROR', 'Cannot commit transaction on database "main": a statement of it failed, so it was rolled back',
  ])
  assert.deepEqual(await failureOf(`await db.transaction(async (tx) => { await tx.posts.insert({ title: 'x', authorId: 99 }) })`), [
    'TOOL_ERROR', 'Cannot query database "main": insert or update on table "posts" violates foreign key constraint "posts_author_id_fkey" (SQLSTATE 23503)',
  ])

  assert.deepEqual(await listUsers(), [])
})

test('a transaction that is forgotten is rolled back with its run', async () => {
  await resultOf(`await new Promise((resolve) => { db.transaction(async (tx) => { await tx.users.insert({ email: 'a@x' }); resolve(); await new Promise(() => {}) }).catch(() => {}) })`)
  await until('no connection is held', async () => await heldNow() === 0)

  assert.deepEqual(await listUsers(), [])
})

test('a transaction that is too long is rolled back, and says so', async () => {
  assert.deepEqual(await failureOf(`await db.transaction(async (tx) => {
    await tx.users.insert({ email: 'a@x' })
    for (;;) {
      await new Promise((resolve) => { setTimeout(resolve, 20) })
      await tx.users.count()
    }
  })`, { toolConfig: { db: { transactionTimeoutMs: 200 } } }), ['TOOL_LIMIT', 'Cannot use transaction on database "main": it took longer than 200 ms (transactionTimeoutMs) and was rolled back'])
  await until('no connection is held', async () => await heldNow() === 0)

  assert.deepEqual(await listUsers(), [])
})

test('a run that is stopped in a statement leaves none running', async () => {
  const abort = new AbortController()
  const stopped = engine.run(`export default () => db.execute('SELECT pg_sleep(4)')`, options({ signal: abort.signal }))
  await until('the statement runs', async () => await sleeping() === 1)
  abort.abort()
  await stopped

  await until('no statement runs', async () => await heldNow() === 0)
})

test('other databases are asked by their names', async () => {
  assert.deepEqual(await resultOf(`return [await db.databases.other.execute('SELECT current_database() AS name'), Object.keys(db.databases), db.databases.main === db]`), [[{ name: 'other' }], ['main', 'other'], true])
})

test('a database that was closed is asked nothing', async () => {
  assert.deepEqual(await failureOf('await db.users.count(); await db.close(); await db.users.count()'), ['USER_ERROR', 'Cannot query database "main": db.close() was called'])
})

test('where all connections are busy, a run hears so', async () => {
  const abort = new AbortController()
  const busy = engine.run('export default () => db.transaction(() => db.execute("SELECT pg_sleep(4)"))', options({ signal: abort.signal }))
  await until('both connections are held', async () => await sleeping() === 1 && await heldNow() === 2)

  assert.deepEqual(await failureOf('await db.users.count()'), ['TOOL_ERROR', 'Cannot reach database "main": all connections are busy (maxConnections); try again later'])
  abort.abort()
  await busy
})

test('a database that goes away in a statement, and one that is away, say so; when it is back it is used again', async () => {
  const lost = failureOf(`await db.execute('SELECT pg_sleep(4)')`)
  await until('the statement runs', async () => await sleeping() === 1)
  await postgres.kill()

  assert.match((await lost)[1] ?? '', /^Cannot query database "main": (?:the database ended the connection|the connection was lost)/)
  assert.deepEqual(await failureOf('await db.users.count()'), ['TOOL_ERROR', 'Cannot reach database "main": it does not answer (ENOENT); try again later'])

  await postgres.restart()
  assert.equal(await resultOf('return db.users.count()'), 0)
})
