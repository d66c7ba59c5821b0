import { Client } from 'pg'
import { startPostgres } from '../../test/helpers/postgres.ts'
import { execute, startEngine } from '../engine.ts'
import type { Row } from '../row.ts'
import { median } from '../statistics.ts'

const ROUNDS = 7
const QUERIES = 200
const SCHEMA = `CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL); INSERT INTO items SELECT i, 'item ' || i FROM generate_series(1, 1000) i; CREATE ROLE app LOGIN PASSWORD 'secret-of-app'; GRANT SELECT ON items TO app`
const codeOf = (call: string): string => `
import { eq } from 'drizzle-orm'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
const items = pgTable('items', { id: integer().primaryKey(), name: text().notNull() })
export default async () => {
  const times = []
  for (let i = 1; i <= ${QUERIES}; i += 1) {
    const begun = performance.now()
    ${call}
    times.push(performance.now() - begun)
  }
  return times.sort((a, b) => a - b)[times.length / 2]
}`
const SELECT = codeOf('await db.select().from(items).where(eq(items.id, i))')
/** What of it is the way out of the sandbox and back, and what Drizzle takes to write SQL. */
const CALL = codeOf('await echo.say(i)')
const WRITE = codeOf('db.select().from(items).where(eq(items.id, i)).toSQL()')

/** What the sandbox adds to a query. */
export const database: Row = {
  id: 'ad',
  title: 'A row selected by its key through tool db ÷ the same query by pg from plain Node',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const postgres = await startPostgres({ after: (end) => { closing.defer(async () => { await end() }) } })
    await postgres.query(SCHEMA)
    const engine = await startEngine(bench, closing, { db: { databases: { main: { url: postgres.urlOf('app') } }, statements: ['select'] } })
    const client = new Client({ connectionString: postgres.urlOf('app') })
    await client.connect()
    closing.defer(() => client.end())
    const measureInside = async (code: string) => Number((await execute(engine, code, { tools: ['db', 'echo'], permissions: { hrtime: true }, limits: { toolCalls: QUERIES } })).result)
    const inside: number[] = []
    const plain: number[] = []
    const calls: number[] = []
    const written: number[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      inside.push(await measureInside(SELECT))
      plain.push(await measurePlain(client))
      calls.push(await measureInside(CALL))
      written.push(await measureInside(WRITE))
    }
    return [
      { name: 'through tool db ÷ plain', value: median(inside) / median(plain), unit: 'ratio' },
      { name: 'through tool db, p50', value: median(inside), unit: 'ms' },
      { name: 'of it a call of a tool that does nothing, p50', value: median(calls), unit: 'ms' },
      { name: 'of it the writing of SQL, p50', value: median(written), unit: 'ms' },
      { name: 'plain, p50', value: median(plain), unit: 'ms' },
    ]
  },
}

async function measurePlain (client: Client): Promise<number> {
  const times: number[] = []
  for (let i = 1; i <= QUERIES; i += 1) {
    const begun = performance.now()
    await client.query({ text: 'select "id", "name" from "items" where "items"."id" = $1', values: [i], rowMode: 'array' })
    times.push(performance.now() - begun)
  }
  return median(times)
}
