import { Pool, type PoolClient } from 'pg'
import { ToolError } from '../tool.ts'
import { explainConnect } from './explain.ts'
import { Places } from './places.ts'
import { drop, Session, Usage } from './session.ts'

/** Where a database is, and how many connections a worker may have there. */
export interface DatabaseSettings {
  name: string
  url: string
  maxConnections: number
  /** Those that the runs of one tenant may have at one time. */
  maxPerTenant: number
  connectTimeoutMs: number
  idleTimeoutMs: number
  allowSuperuser: boolean
}

/** The connections of this process to one database, made when they are first needed. */
export class Database {
  readonly settings: DatabaseSettings
  readonly #pool: Pool
  readonly #places: Places
  readonly #used = new WeakMap<PoolClient, Usage>()

  constructor (settings: DatabaseSettings) {
    const { url, maxConnections, maxPerTenant, connectTimeoutMs, idleTimeoutMs } = settings
    this.settings = settings
    this.#places = new Places({ max: maxConnections, maxPerTenant })
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
  get busy (): number { return this.#places.taken }

  /** Rejects with a ToolError, and with the signal's reason. */
  async connect (tenant: string, signal: AbortSignal): Promise<Session> {
    const { name, connectTimeoutMs } = this.settings
    let leave = () => {}
    let client: PoolClient | undefined
    try {
      leave = await this.#places.take(tenant, { timeoutMs: connectTimeoutMs, signal })
      signal.throwIfAborted()
      client = await this.#pool.connect()
      await this.#refuseSuperuser(client)
      signal.throwIfAborted()
      return new Session({ database: name, url: this.settings.url, client, usage: this.#used.get(client) ?? new Usage(), leave })
    } catch (error) {
      if (client) drop(client)
      leave()
      signal.throwIfAborted()
      throw explainConnect(error, this.settings)
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
    const deadline = setTimeout(() => client.connection.stream.destroy(new Error('timeout')), this.settings.connectTimeoutMs)
    const { rows: [row] } = await client.query<{ super: string }>("SELECT pg_catalog.current_setting('is_superuser') AS super").finally(() => clearTimeout(deadline))
    if (row?.super === 'on') throw new ToolError(`Cannot use database "${this.settings.name}": its url has a superuser, who may read files and run programs where the database is; its operator has to give tool db a role with fewer rights, or set allowSuperuser`)
    usage.isKnown = true
  }
}
