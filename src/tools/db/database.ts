import { Client, Pool, type PoolClient } from 'pg'
import { ToolError } from '../tool.ts'
import { type DbLimits, explainConnect, explainStatement, TooLate, TooManyBytes } from './explain.ts'
import { MakesTable, type Rows, Statement, type StatementText } from './statement.ts'

/** Where a database is, and how many connections a worker may have there. */
export interface DatabaseSettings {
  name: string
  url: string
  maxConnections: number
  connectTimeoutMs: number
  idleTimeoutMs: number
  allowSuperuser: boolean
}

/** Milliseconds that the server has to end a statement by itself before the worker does. */
const GRACE_MS = 1000

/**
 * Leaves nothing of a run behind in a connection: settings, locks, cursors and whatever a function may have made. `DISCARD ALL` is the same, but refuses to be
 * sent along with others.
 */
const RESET = 'ROLLBACK; RESET SESSION AUTHORIZATION; RESET ALL; CLOSE ALL; UNLISTEN *; SELECT pg_catalog.pg_advisory_unlock_all(); DEALLOCATE ALL; DISCARD TEMP; DISCARD SEQUENCES'

/** The connections of this process to one database, made when they are first needed. */
export class Database {
  readonly settings: DatabaseSettings
  readonly #pool: Pool
  readonly #used = new WeakMap<PoolClient, Usage>()

  constructor (settings: DatabaseSettings) {
    const { url, maxConnections, connectTimeoutMs, idleTimeoutMs } = settings
    this.settings = settings
    this.#pool = new Pool({
      connectionString: url, max: maxConnections, connectionTimeoutMillis: connectTimeoutMs, idleTimeoutMillis: idleTimeoutMs, allowExitOnIdle: true, keepAlive: true, application_name: 'batchbox',
    })
    this.#pool.on('error', () => {}) // of an idle connection, which is no longer used
    this.#pool.on('connect', (client) => {
      const usage = new Usage()
      this.#used.set(client, usage)
      client.on('error', () => {}) // told by the statement that it ended
      client.connection.stream.on('data', (bytes: Buffer) => usage.take(bytes.length))
    })
  }

  /** Connections that a run has, or that wait to be reset. */
  get busy (): number { return this.#pool.totalCount - this.#pool.idleCount }

  /** Rejects with a ToolError. */
  async connect (): Promise<Session> {
    let client: PoolClient | undefined
    try {
      client = await this.#pool.connect()
      await this.#refuseSuperuser(client)
      return new Session(this, client, this.#used.get(client) ?? new Usage())
    } catch (error) {
      client?.release(true)
      throw explainConnect(error, this.settings.name, !client && this.#pool.totalCount >= this.settings.maxConnections)
    }
  }

  /** Waits for what is done, and closes its connections. */
  async close (): Promise<void> {
    await this.#pool.end()
  }

  /** A superuser may read files and run programs, by functions that are there to be selected from. */
  async #refuseSuperuser (client: PoolClient): Promise<void> {
    const usage = this.#used.get(client)
    if (this.settings.allowSuperuser || !usage || usage.isKnown) return
    const { rows: [row] } = await client.query<{ super: string }>("SELECT pg_catalog.current_setting('is_superuser') AS super")
    if (row?.super === 'on') throw new ToolError(`Cannot use database "${this.settings.name}": its url has a superuser, who may read files and run programs where the database is; its operator has to give tool db a role with fewer rights, or set allowSuperuser`)
    usage.isKnown = true
  }
}

/** Bytes that came for one statement. */
class Usage {
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

/** A connection that one run has, until it is given back. */
export class Session {
  readonly #database: Database
  readonly #client: PoolClient
  readonly #usage: Usage
  #isOver = false

  constructor (database: Database, client: PoolClient, usage: Usage) {
    this.#database = database
    this.#client = client
    this.#usage = usage
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
    this.#usage.begin(limits.maxBytes, () => giveUp(new TooManyBytes()))
    try {
      this.#client.query(statement)
      return await Promise.race([statement.answer, ended.promise])
    } catch (error) {
      if (error instanceof MakesTable) this.destroy()
      throw explainStatement(error, this.#database.settings.name, { sql: text.sql, limits })
    } finally {
      clearTimeout(deadline)
      this.#usage.begin(Infinity, () => {})
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
      const { command } = await Promise.race([this.#client.query(text), late.promise])
      return command === text.split(' ')[0]
    } catch (error) {
      throw explainStatement(error, this.#database.settings.name, { sql: text, limits })
    } finally {
      clearTimeout(deadline)
    }
  }

  /** Gives the connection back, once nothing of the run is left in it. Whoever had it does not wait for that. */
  release (): void {
    if (this.#isOver) return
    this.#isOver = true
    const deadline = setTimeout(() => this.#drop(), GRACE_MS)
    this.#client.query(RESET).then(() => this.#client.release(), () => this.#client.release(true)).finally(() => clearTimeout(deadline)).catch(() => {}) // dropped above
  }

  /** Ends whatever it does, and the connection with it; the server rolls back. */
  destroy (): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#drop()
  }

  #drop (): void {
    cancelStatement(this.#database.settings.url, this.#client)
    this.#client.release(true)
    this.#client.connection.stream.destroy()
  }
}

/** A server that works does not see that nobody waits any more. Source: PostgreSQL, "Canceling Requests in Progress". */
function cancelStatement (url: string, client: PoolClient): void {
  const { processID, secretKey } = client as unknown as { processID: number, secretKey: number } // pg's types leave them out
  const { connection, host, port } = new Client({ connectionString: url }) as Client & { connection: { connect (port: number | string, host?: string): void, cancel (pid: number, key: number): void } }
  connection.on('error', () => {}) // the statement's own time-out ends it
  connection.once('connect', () => connection.cancel(processID, secretKey))
  if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`)
  else connection.connect(port, host)
}
