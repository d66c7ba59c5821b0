import { ToolError, type ToolRun } from '../tool.ts'
import type { Database } from './database.ts'
import type { DbLimits } from './explain.ts'
import { findChanges } from './find-changes.ts'
import { STATEMENT_KINDS } from './kinds.ts'
import type { Session } from './session.ts'
import type { Rows } from './statement.ts'

/** A statement as the guest half sends it. `transaction`: the one that it belongs to. */
export interface DbQuery {
  database: string
  transaction: number | null
  sql: string
  params: (string | null)[]
}

export interface TransactionOptions {
  isolationLevel: 'read committed' | 'repeatable read' | 'serializable'
  accessMode: 'read write' | 'read only'
}

const EXPLAIN = 'EXPLAIN (FORMAT JSON, COSTS OFF) '

/** Savepoints that a transaction may have, one within the other. */
const DEPTH_MAX = 16

interface Transaction {
  database: string
  session: Session
  /** Its number, and those of the savepoints that are open within it, outermost first. What is asked of the last of them alone is done. */
  levels: number[]
  deadline: NodeJS.Timeout
  /** The last of what is sent: one after the other. */
  last: Promise<unknown>
  /** Why it is over, where it ended by itself. */
  failure: ToolError | undefined
}

/**
 * What one run has of databases: one connection at a time for statements by themselves, and one more for a transaction. All of it ends with the run:
 * what was not committed is rolled back.
 */
export class DbRun {
  readonly #databases: ReadonlyMap<string, Database>
  readonly #limits: DbLimits
  readonly #signal: AbortSignal
  readonly #tenant: string
  /** By the numbers of all their levels. */
  readonly #transactions = new Map<number, Transaction>()
  #lastId = 0
  #isOpening = false
  #last: Promise<unknown> = Promise.resolve()

  constructor (run: Pick<ToolRun, 'signal' | 'tenant'>, databases: ReadonlyMap<string, Database>, limits: DbLimits) {
    this.#databases = databases
    this.#limits = limits
    this.#signal = run.signal
    this.#tenant = run.tenant
    run.signal.addEventListener('abort', () => {
      for (const transaction of this.#transactions.values()) this.#fail(transaction, 'the run is over')
    }, { once: true })
  }

  /** True for jobs that may change something. */
  get isWritable (): boolean { return this.#limits.statements.some((kind) => kind !== 'select') }

  /** Rejects with a ToolError. */
  async query (query: DbQuery, signal: AbortSignal): Promise<Rows> {
    const { transaction: id, database } = query
    if (id !== null) return await this.#within(id, ({ session }) => this.#perform(session, query, []))
    return await this.#inTurn(async () => {
      const session = await this.#connect(database, signal)
      const stop = () => session.destroy()
      signal.addEventListener('abort', stop, { once: true })
      try {
        const rows = await this.#perform(session, query, [this.#begin()])
        if (this.isWritable) await session.command('COMMIT', this.#limits)
        return rows
      } finally {
        signal.removeEventListener('abort', stop)
        session.release()
      }
    })
  }

  /** Begins a transaction, or a savepoint within one. Answers its number. */
  async begin (database: string, { within, ...options }: TransactionOptions & { within: number | null }): Promise<number> {
    if (within !== null) return await this.#save(within)
    if (this.#isOpening || [...this.#transactions.values()].some(({ failure }) => !failure)) throw new ToolError(`Cannot begin transaction on database "${database}": the run has one open, and may have one at a time; within it, use its own transaction()`)
    this.#isOpening = true
    try {
      const session = await this.#connect(database, this.#signal)
      const { id, transaction } = this.#keep(database, session)
      await session.command(`${this.#begin(options)}; SET LOCAL idle_in_transaction_session_timeout = ${this.#limits.transactionTimeoutMs}; SELECT 1`, this.#limits).catch((error: unknown) => {
        this.#fail(transaction, 'it could not begin')
        throw error
      })
      return id
    } finally {
      this.#isOpening = false
    }
  }

  /**
   * Ends a transaction, or a savepoint, with whatever is open within it. A job that may only read commits nothing: what functions did that a read-only
   * transaction lets them is rolled back.
   */
  async end (id: number, isCommit: boolean): Promise<void> {
    await this.#inLine(id, async (transaction) => {
      const { session, levels, database } = transaction
      const depth = levels.indexOf(id)
      const ended = levels.splice(depth)
      for (const level of ended) this.#transactions.delete(level)
      const isLeft = isCommit && ended.length > 1
      if (depth > 0) {
        await session.command(`${isCommit && !isLeft ? 'RELEASE SAVEPOINT' : 'ROLLBACK TO SAVEPOINT'} batchbox_${depth}`, this.#limits)
      } else {
        clearTimeout(transaction.deadline)
        try {
          if (isCommit && !isLeft && this.isWritable && !await session.command('COMMIT', this.#limits)) throw new ToolError(`Cannot commit transaction on database "${database}": a statement of it failed, so it was rolled back`)
        } finally {
          session.release()
        }
      }
      if (isLeft) throw new ToolError(`Cannot commit transaction on database "${database}": one within it was not awaited, so it was rolled back`)
    })
  }

  /** What a job may only read, the server holds to it; where it may do some changes and not others, the plan tells which the statement makes. */
  async #perform (session: Session, { database, sql, params }: DbQuery, before: readonly string[]): Promise<Rows> {
    const { statements } = this.#limits
    if (!this.isWritable || statements.length === STATEMENT_KINDS.length) return await session.run({ before, sql, prefix: '', params }, this.#limits)
    const plan = await session.run({ before, sql, prefix: EXPLAIN, params }, this.#limits)
    const refused = findChanges(plan).find((kind) => !statements.includes(kind))
    if (refused) throw new ToolError(`Cannot query database "${database}": the statement does ${refused.toUpperCase()}, and this job may do ${statements.join(', ')} (statements of tool db)`, { code: 'PERMISSION_DENIED' })
    return await session.run({ before: [], sql, prefix: '', params }, this.#limits)
  }

  async #save (within: number): Promise<number> {
    return await this.#within(within, async (transaction) => {
      const { levels, session } = transaction
      if (levels.length > DEPTH_MAX) throw new ToolError(`Cannot begin transaction: ${DEPTH_MAX} are open one within the other, the most`, { code: 'TOOL_LIMIT' })
      await session.command(`SAVEPOINT batchbox_${levels.length}`, this.#limits)
      const id = this.#lastId += 1
      levels.push(id)
      this.#transactions.set(id, transaction)
      return id
    })
  }

  /** Does something in a transaction, or at a savepoint, which has to be the innermost: the server knows no other. */
  async #within<T> (id: number, act: (transaction: Transaction) => Promise<T>): Promise<T> {
    return await this.#inLine(id, (transaction) => {
      if (transaction.levels.at(-1) !== id) throw new ToolError('Cannot query: a transaction within this one is open; await it first, or use its own methods')
      return act(transaction)
    })
  }

  /** Does something when all before it in its transaction is done. What goes wrong because that ended is told as such. */
  async #inLine<T> (id: number, act: (transaction: Transaction) => Promise<T>): Promise<T> {
    const transaction = this.#find(id)
    const turn = transaction.last.then(async () => {
      if (transaction.failure) throw transaction.failure
      return await act(this.#find(id))
    }).catch((error: unknown) => { throw transaction.failure ?? error })
    transaction.last = turn.catch(() => {})
    return await turn
  }

  async #inTurn<T> (act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act)
    this.#last = turn.catch(() => {})
    return await turn
  }

  async #connect (name: string, signal: AbortSignal): Promise<Session> {
    const database = this.#databases.get(name)
    if (!database) throw new ToolError(`Cannot reach database "${name}": there is none of that name; known: ${[...this.#databases.keys()].join(', ') || 'none'}`)
    return await database.connect(this.#tenant, signal)
  }

  #find (id: number): Transaction {
    const transaction = this.#transactions.get(id)
    if (!transaction) throw new ToolError('Cannot query: the transaction is over; what belongs to it has to be awaited within it')
    return transaction
  }

  #keep (database: string, session: Session): { id: number, transaction: Transaction } {
    const { transactionTimeoutMs } = this.#limits
    const id = this.#lastId += 1
    const deadline = setTimeout(() => this.#fail(transaction, `it took longer than ${transactionTimeoutMs} ms (transactionTimeoutMs) and was rolled back`), transactionTimeoutMs)
    const transaction: Transaction = { database, session, levels: [id], deadline, last: Promise.resolve(), failure: undefined }
    this.#transactions.set(id, transaction)
    return { id, transaction }
  }

  #fail (transaction: Transaction, reason: string): void {
    if (transaction.failure) return
    transaction.failure = new ToolError(`Cannot use transaction on database "${transaction.database}": ${reason}`, { code: 'TOOL_LIMIT' })
    clearTimeout(transaction.deadline)
    transaction.session.destroy()
  }

  #begin ({ isolationLevel = 'read committed', accessMode = 'read write' }: Partial<TransactionOptions> = {}): string {
    return `BEGIN ISOLATION LEVEL ${isolationLevel.toUpperCase()} ${this.isWritable ? accessMode.toUpperCase() : 'READ ONLY'}`
  }
}
