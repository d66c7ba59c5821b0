import { Database, type DatabaseSettings } from '../../src/tools/db/database.ts'
import { DbRun } from '../../src/tools/db/db-run.ts'
import type { DbLimits } from '../../src/tools/db/explain.ts'
import type { Rows } from '../../src/tools/db/statement.ts'
import type { ToolError } from '../../src/tools/tool.ts'
import type { Scope } from './scope.ts'

const LIMITS: DbLimits = { statements: ['select', 'insert', 'update', 'delete'], statementTimeoutMs: 5000, transactionTimeoutMs: 10_000, maxRows: 100, maxBytes: 100_000 }
const OPTIONS = { within: null, isolationLevel: 'read committed', accessMode: 'read write' } as const

/** A run of a tenant, as the tool sees it, with one database. */
export interface TestRun {
  query (sql: string, transaction?: number): Promise<Rows['rows']>
  /** Message of the failure that it must be. */
  failureOf (sql: string, transaction?: number): Promise<string>
  begin (): Promise<number>
  /** Commits. */
  end (transaction: number): Promise<void>
  /** Ends the run. */
  stop (): void
}

/** Opens a database as a worker does. Its runs end with the scope, and so do its connections. */
export function openDatabase (scope: Scope, settings: Pick<DatabaseSettings, 'url'> & Partial<DatabaseSettings>): { database: Database, startRun (tenant: string, limits?: Partial<DbLimits>): TestRun } {
  const database = new Database({ name: 'main', maxConnections: 4, maxPerTenant: 2, connectTimeoutMs: 1000, idleTimeoutMs: 10_000, allowSuperuser: false, ...settings })
  const stops: (() => void)[] = []
  scope.after(async () => {
    for (const stop of stops) stop()
    await database.close()
  })

  return {
    database,
    startRun (tenant, limits = {}) {
      const over = new AbortController()
      const stop = () => over.abort(new Error('The run is over'))
      stops.push(stop)
      const run = new DbRun({ signal: over.signal, tenant }, new Map([['main', database]]), { ...LIMITS, ...limits })
      const query = async (sql: string, transaction?: number) => (await run.query({ database: 'main', transaction: transaction ?? null, sql, params: [] }, over.signal)).rows
      return {
        query,
        failureOf: async (sql, transaction) => await query(sql, transaction).then(() => 'none', ({ message }: ToolError) => message),
        begin: async () => await run.begin('main', OPTIONS),
        end: async (transaction) => await run.end(transaction, true),
        stop,
      }
    },
  }
}
