import { z } from 'zod'
import { defineMethod, defineTool, perRun, type ToolContext } from '../tool.ts'
import type { DbRun } from './db-run.ts'
import { openDatabases, describeDatabases } from './databases.ts'
import { STATEMENT_KINDS } from './kinds.ts'

const SQL_MAX_CHARS = 262_144
/** Source: PostgreSQL's protocol, whose count of them has two bytes. */
const PARAMS_MAX = 65_535
/** Milliseconds that a call may take beside its statement and the wait for a connection, for the ends of a transaction. */
const GRACE_MS = 5000

const Name = z.string().min(1).max(64)
const Id = z.int().min(1)
/** A text of the protocol ends with this character. */
const Sql = z.string().min(1).max(SQL_MAX_CHARS).refine((text) => !text.includes('\0'), 'Expected no character U+0000')

const DatabaseConfig = z.strictObject({
  /** `postgres://user:password@host:port/database?sslmode=verify-full`, or with a folder of a socket: `postgres://user@/database?host=/run/postgresql`. */
  url: z.string().refine(isUrl, 'Expected postgres://user:password@host:port/database'),
  /** Folder of the files that export its tables, as Drizzle has them; without, code has no tables, and writes SQL. */
  schemas: z.string().optional(),
  /** Connections that each worker may have. */
  maxConnections: z.int().min(1).max(1000).default(10),
  /** Those of them that the runs of one tenant may have at one time; half of them, and at least two, unless given. */
  maxPerTenant: z.int().min(1).max(1000).optional(),
  /** Milliseconds to wait for a connection, new or busy. */
  connectTimeoutMs: z.int().min(1).max(60_000).default(5000),
  /** Milliseconds that a connection nobody uses is kept. */
  idleTimeoutMs: z.int().min(0).max(3_600_000).default(10_000),
  /** True where the url may have a superuser, who can read files and run programs of the database's machine. */
  allowSuperuser: z.boolean().default(false),
})

/** PostgreSQL by Drizzle, which runs in the sandbox: what comes out is SQL and parameters, and the worker asks the database. */
export default defineTool({
  name: 'db',
  description: 'PostgreSQL, by Drizzle: select, insert, update, delete, relations, transactions',
  config: z.strictObject({
    /** The databases by the names that code has for them; the first is `db` itself. */
    databases: z.record(z.string().regex(/^[A-Za-z_]\w{0,62}$/), DatabaseConfig).default({}),
    /** Kinds of statements that jobs may send; `["select"]` for reading alone. */
    statements: z.array(z.enum(STATEMENT_KINDS)).min(1).default([...STATEMENT_KINDS]),
    /** Milliseconds of one statement. */
    statementTimeoutMs: z.int().min(1).max(600_000).default(5000),
    /** Milliseconds from the beginning of a transaction to its end. */
    transactionTimeoutMs: z.int().min(1).max(600_000).default(10_000),
    /** Rows that one statement may answer. */
    maxRows: z.int().min(1).max(1_000_000).default(10_000),
    /** Bytes that come from the database for one statement. */
    maxBytes: z.int().min(1024).max(8_388_608).default(4_194_304),
  }),
  narrows: ['statements', 'statementTimeoutMs', 'transactionTimeoutMs', 'maxRows', 'maxBytes'],
  guest: new URL('./guest.js', import.meta.url),
  expose: ({ databases }) => ({ databases: describeDatabases(databases) }),
  setup ({ databases, ...limits }) {
    const runOf = perRun(async (run): Promise<DbRun> => {
      const { DbRun } = await import('./db-run.ts') // with pg: nothing that a worker needs whose jobs ask no database
      return new DbRun(run, await openDatabases(databases), limits)
    })
    const ask = async <T>({ run }: ToolContext, act: (own: DbRun) => Promise<T>): Promise<T> => await act(await runOf(run))
    const effect = limits.statements.some((kind) => kind !== 'select') ? 'outside' : 'none'
    const timeoutMs = limits.statementTimeoutMs * 2 + GRACE_MS + 2 * Math.max(0, ...Object.values(databases).map(({ connectTimeoutMs }) => connectTimeoutMs))

    return {
      query: defineMethod({
        input: z.strictObject({ database: Name, transaction: Id.nullable(), sql: Sql, params: z.array(z.string().nullable()).max(PARAMS_MAX) }),
        output: z.custom<unknown>(),
        timeoutMs,
        effect,
        run: (query, context) => ask(context, (own) => own.query(query, context.signal)),
      }),
      begin: defineMethod({
        input: z.strictObject({
          database: Name,
          within: Id.nullable(),
          isolationLevel: z.enum(['read committed', 'repeatable read', 'serializable']).default('read committed'),
          accessMode: z.enum(['read write', 'read only']).default('read write'),
        }),
        output: z.number(),
        timeoutMs,
        effect,
        run: ({ database, ...options }, context) => ask(context, (own) => own.begin(database, options)),
      }),
      end: defineMethod({
        input: z.strictObject({ transaction: Id, commit: z.boolean() }),
        output: z.null(),
        timeoutMs,
        effect,
        run: ({ transaction, commit }, context) => ask(context, async (own) => {
          await own.end(transaction, commit)
          return null
        }),
      }),
    }
  },
})

/** What pg could not read it would repeat in its error. One with the folder of a socket has no host. */
function isUrl (text: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text.replace('@/', '@host/'))
}
