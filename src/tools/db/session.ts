import { randomInt } from 'node:crypto'
import { Client, type Connection, type PoolClient } from 'pg'
import { type DbLimits, explainStatement, TooLate, TooManyBytes } from './explain.ts'
import { MakesTable, type Rows, Statement, type StatementText } from './statement.ts'

/** Milliseconds that the server has to end a statement by itself before the worker does. */
const GRACE_MS = 1000

/**
 * Leaves nothing of a run behind in a connection: settings, locks, cursors and whatever a function may have made. `DISCARD ALL` is the same, but refuses to be
 * sent along with others, and leaves the seed of random().
 */
const RESET = 'ROLLBACK; RESET SESSION AUTHORIZATION; RESET ALL; CLOSE ALL; UNLISTEN *; SELECT pg_catalog.pg_advisory_unlock_all(); DEALLOCATE ALL; DISCARD TEMP; DISCARD SEQUENCES'
const SEEDS = 2 ** 46
/** Milliseconds that the word to cancel a statement may take. */
const CANCEL_MS = 5000

/** Bytes that came for one statement. */
export class Usage {
  isKnown = false
  #bytes = 0
  #maxBytes = Infinity
  #onOver = (): void => {}

  begin (maxBytes: number, onOver: () => void): void {
    this.#bytes = 0
    this.#maxBytes = maxBytes
    this.#onOver = onOver
  }

  take (bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#maxBytes) this.#onOver()
  }
}

interface SessionOptions {
  database: string
  url: string
  client: PoolClient
  usage: Usage
  /** Called once, when the next run may have the connection, or another in its place. */
  leave (): void
}

/** A connection that one run has, until it is given back. */
export class Session {
  readonly #options: SessionOptions
  #isOver = false

  constructor (options: SessionOptions) {
    this.#options = options
  }

  /** Sends a statement of user code. Rejects with a ToolError; the connection may be gone then. */
  async run (text: Omit<StatementText, 'maxRows'>, limits: DbLimits): Promise<Rows> {
    const statement = new Statement({ ...text, before: [...text.before, `SET LOCAL statement_timeout = ${limits.statementTimeoutMs}`], maxRows: limits.maxRows })
    const ended = Promise.withResolvers<never>()
    const giveUp = (reason: Error) => {
      ended.reject(reason)
      this.destroy()
    }
    const deadline = setTimeout(() => giveUp(new TooLate()), limits.statementTimeoutMs + GRACE_MS)
    this.#options.usage.begin(limits.maxBytes, () => giveUp(new TooManyBytes()))
    try {
      this.#options.client.query(statement)
      return await Promise.race([statement.answer, ended.promise])
    } catch (error) {
      if (error instanceof MakesTable) this.destroy()
      throw explainStatement(error, this.#options.database, { sql: text.sql, limits })
    } finally {
      clearTimeout(deadline)
      this.#options.usage.begin(Infinity, () => {})
    }
  }

  /** Sends a text of our own. Answers whether the server did what it says: it rolls back where it was to commit what failed. */
  async command (text: string, limits: DbLimits): Promise<boolean> {
    const late = Promise.withResolvers<never>()
    const deadline = setTimeout(() => {
      late.reject(new TooLate())
      this.destroy()
    }, limits.statementTimeoutMs + GRACE_MS)
    try {
      const { command } = await Promise.race([this.#options.client.query(text), late.promise])
      return command === text.split(' ')[0]
    } catch (error) {
      throw explainStatement(error, this.#options.database, { sql: text, limits })
    } finally {
      clearTimeout(deadline)
    }
  }

  /** Gives the connection back, once nothing of the run is left in it. Whoever had it does not wait for that. */
  release (): void {
    if (this.#isOver) return
    this.#isOver = true
    const { client, leave } = this.#options
    const deadline = setTimeout(() => client.connection.stream.destroy(), GRACE_MS)
    client.query(`${RESET}; SELECT pg_catalog.setseed(${randomInt(-SEEDS, SEEDS)}::float8 / ${SEEDS})`)
      .then(() => client.release(), () => drop(client))
      .finally(() => {
        clearTimeout(deadline)
        leave()
      })
  }

  /** Ends whatever it does, and the connection with it; the server rolls back. */
  destroy (): void {
    if (this.#isOver) return
    this.#isOver = true
    const { url, client, leave } = this.#options
    cancelStatement(url, client)
    drop(client)
    leave()
  }
}

/** Closes a connection at once. */
export function drop (client: PoolClient): void {
  client.release(true)
  client.connection.stream.destroy()
}

/** A server that works does not see that nobody waits any more. Source: PostgreSQL, "Canceling Requests in Progress". */
function cancelStatement (url: string, client: PoolClient): void {
  const { processID, secretKey } = client as unknown as { processID: number, secretKey: number } // pg's types leave them out
  const { connection, host, port } = new Client({ connectionString: url }) as Client & { connection: Connection & { connect (port: number | string, host?: string): void, cancel (pid: number, key: number): void } }
  const deadline = setTimeout(() => connection.stream.destroy(), CANCEL_MS)
  connection.on('error', () => {}) // the statement's own time-out ends it
  connection.once('end', () => clearTimeout(deadline))
  connection.once('connect', () => connection.cancel(processID, secretKey))
  if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`)
  else connection.connect(port, host)
}
