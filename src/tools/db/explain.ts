import { DatabaseError } from 'pg'
import { ToolError } from '../tool.ts'
import type { StatementKind } from './kinds.ts'
import { NoPlace } from './places.ts'
import { MakesTable, TooManyRows } from './statement.ts'

/** Bounds of what one run asks of a database, and of one statement. */
export interface DbLimits {
  statements: readonly StatementKind[]
  statementTimeoutMs: number
  transactionTimeoutMs: number
  maxRows: number
  maxBytes: number
}

/** More bytes came than are allowed: the connection was closed in the middle of them. */
export class TooManyBytes extends Error {}

/** The worker stopped waiting. */
export class TooLate extends Error {}

/** What PREPARE takes begins with one of these. */
const FIRST_WORDS = new Set(['SELECT', 'WITH', 'VALUES', 'TABLE', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', ''])
const FIRST_WORD = /^(?:\s|--[^\n]*\n?|\/\*[^]*?\*\/|\()*([a-z]*)/i

/** Wrong user, password, way to log in, or database. Source: PostgreSQL, Appendix A. */
const REFUSALS = /^(?:28|3D|42501)/

/** Tells user code why a statement came to nothing. What the database says of it is told; where the database is, and who asks it, is not. */
export function explainStatement (error: unknown, database: string, { sql, limits }: { sql: string, limits: DbLimits }): ToolError {
  const action = `Cannot query database "${database}"`
  if (error instanceof ToolError) return error
  if (error instanceof MakesTable) return new ToolError(`${action}: the statement makes a table (SELECT INTO), which jobs may not; it was rolled back`, { code: 'PERMISSION_DENIED', cause: error })
  if (error instanceof TooManyRows) return new ToolError(`${action}: the statement answers more than ${limits.maxRows} rows (maxRows); ask for fewer with a limit`, { code: 'TOOL_LIMIT', cause: error })
  if (error instanceof TooManyBytes) return new ToolError(`${action}: the statement answers more than ${limits.maxBytes} bytes (maxBytes); ask for fewer rows or columns`, { code: 'TOOL_LIMIT', cause: error })
  if (error instanceof TooLate) return new ToolError(`${action}: the statement took longer than ${limits.statementTimeoutMs} ms (statementTimeoutMs)`, { code: 'TOOL_LIMIT', cause: error })
  if (!(error instanceof DatabaseError)) return new ToolError(`${action}: the connection was lost, and nobody knows whether the statement took effect`, { cause: error })
  const { code = '', message } = error
  const state = `(SQLSTATE ${code})`
  if (code === '57014') return new ToolError(`${action}: the statement took longer than ${limits.statementTimeoutMs} ms (statementTimeoutMs), or was cancelled ${state}`, { code: 'TOOL_LIMIT', cause: error })
  if (code === '25006') return new ToolError(`${action}: ${message}; this job may only read (statements of tool db) ${state}`, { code: 'PERMISSION_DENIED', cause: error })
  if (code === '42501') return new ToolError(`${action}: ${message} ${state}`, { code: 'PERMISSION_DENIED', cause: error })
  if (code === '42601') return explainSyntax(action, message, { sql, cause: error })
  if (code.startsWith('57P')) return new ToolError(`${action}: the database ended the connection: ${message} ${state}`, { cause: error })
  return new ToolError(`${action}: ${message} ${state}`, { cause: error })
}

/** The server says the same of a statement that is not allowed and of one that is misspelt. */
function explainSyntax (action: string, message: string, { sql, cause }: { sql: string, cause: Error }): ToolError {
  const word = FIRST_WORD.exec(sql)?.[1]?.toUpperCase() ?? ''
  if (!FIRST_WORDS.has(word)) return new ToolError(`${action}: ${word} is no statement that jobs may send; they are SELECT, INSERT, UPDATE, DELETE and MERGE (transactions: db.transaction)`, { code: 'PERMISSION_DENIED', cause })
  if (message.includes('multiple commands')) return new ToolError(`${action}: the text has more than one statement; send each by itself`, { code: 'PERMISSION_DENIED', cause })
  return new ToolError(`${action}: ${message} (SQLSTATE 42601)`, { cause })
}

/** Tells user code why there is no connection. */
export function explainConnect (error: unknown, { name, maxPerTenant, connectTimeoutMs }: { name: string, maxPerTenant: number, connectTimeoutMs: number }): ToolError {
  if (error instanceof ToolError) return error
  const { code = '', message } = error as Error & { code?: string }
  return new ToolError(`Cannot reach database "${name}": ${describe()}`, { cause: error })

  function describe (): string {
    if (error instanceof NoPlace) return error.isOwn ? `this tenant's runs have the ${maxPerTenant} connections that one tenant may have (maxPerTenant); try again later` : 'all connections are busy (maxConnections); try again later'
    if (code === '53300') return 'it has no connection left for this service; try again later'
    if (REFUSALS.test(code) || message.startsWith('SASL')) return `it refuses this service; its operator has to look at the url of tool db${code === '' ? '' : ` (SQLSTATE ${code})`}`
    if (/SSL connection/.test(message)) return 'it has no TLS, for which its url asks; its operator has to look at it'
    if (/CERT|SELF_SIGNED|UNABLE_TO|ERR_(?:TLS|SSL|OSSL)/.test(code)) return `its TLS is not what its url asks for; its operator has to look at both (${code})`
    if (/timeout/.test(message)) return `it did not answer within ${connectTimeoutMs} ms (connectTimeoutMs); try again later`
    return `it does not answer${code === '' ? '' : ` (${code})`}; try again later`
  }
}
