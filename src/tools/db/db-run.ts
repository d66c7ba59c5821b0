import { ToolError, type ToolRun } from '../tool.ts'
import type { Database, Session } from './database.ts'
import type { DbLimits } from './explain.ts'
import { STATEMENT_KINDS, type StatementKind } from './kinds.ts'
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
  depth: number
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
  readonly #transactions = new Map<number, Transaction>()
  #lastId = 0
  #isOpening = false
  #last: Promise<unknown> = Promise.resolve()

  constructor (run: Pick<ToolRun, 'signal'>, databases: ReadonlyMap<string, Database>, limits: DbLimits) {
    this.#databases = databases
    this.#limits = limits
    this.#signal = run.signal
    run.signal.addEventListener('abort', () => {
      for (const id of this.#transactions.keys()) this.#fail(id, 'the run is over')
    }, { once: true })
  }

  /** True for jobs that may change something. */
  get isWritable (): boolean { return this.#limits.statements.some((kind) => kind !== 'select') }

  /** Rejects with a ToolError. */
  async query (query: DbQuery, signal: AbortSignal): Promise<Rows> {
    if (query.transaction !== null) return await this.#queryWithin(this.#find(query.transaction), query)
    return await this.#inTurn(async () => {
      signal.throwIfAborted()
      const session = await this.#connect(query.database)
      const stop = () => session.destroy()
      signal.addEventListener('abort', stop, { once: true })
      try {
        signal.throwIfAborted()
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
      const session = await this.#connect(database)
      const id = this.#lastId += 1
      this.#keep(id, database, session)
      await session.command(`${this.#begin(options)}; SET LOCAL idle_in_transaction_session_timeout = ${this.#limits.transactionTimeoutMs}; SELECT 1`, this.#limits).catch((error: unknown) => {
        this.#fail(id, 'it could not begin')
        throw error
      })
      return id
    } finally {
      this.#isOpening = false
    }
  }

  async end (id: number, isCommit: boolean): Promise<void> {
    const transaction = this.#find(id)
    await this.#within(transaction, async () => {
      const { session, depth, database } = transaction
      if (depth > 0) {
        transaction.depth -= 1
        await session.command(isCommit ? `RELEASE SAVEPOINT batchbox_${depth}` : `ROLLBACK TO SAVEPOINT batchbox_${depth}`, this.#limits)
        return
      }
      this.#forget(id, transaction)
      try {
        if (isCommit && !await session.command('COMMIT', this.#limits)) throw new ToolError(`Cannot commit transaction on database "${database}": a statement of it failed, so it was rolled back`)
      } finally {
        session.release()
      }
    })
  }

  async #queryWithin (transaction: Transaction, query: DbQuery): Promise<Rows> {
    return await this.#within(transaction, () => this.#perform(transaction.session, query, []))
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

  async #save (id: number): Promise<number> {
    const transaction = this.#find(id)
    if (transaction.depth >= DEPTH_MAX) throw new ToolError(`Cannot begin transaction: ${DEPTH_MAX} are open one within the other, the most`, { code: 'TOOL_LIMIT' })
    await this.#within(transaction, async () => {
      transaction.depth += 1
      await transaction.session.command(`SAVEPOINT batchbox_${transaction.depth}`, this.#limits)
    })
    return id
  }

  /** What goes wrong because the transaction ended is told as such. */
  async #within<T> (transaction: Transaction, act: () => Promise<T>): Promise<T> {
    const turn = transaction.last.then(async () => {
      if (transaction.failure) throw transaction.failure
      return await act()
    }).catch((error: unknown) => { throw transaction.failure ?? error })
    transaction.last = turn.catch(() => {})
    return await turn
  }

  async #inTurn<T> (act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act)
    this.#last = turn.catch(() => {})
    return await turn
  }

  async #connect (name: string): Promise<Session> {
    const database = this.#databases.get(name)
    if (!database) throw new ToolError(`Cannot reach database "${name}": there is none of that name; known: ${[...this.#databases.keys()].join(', ') || 'none'}`)
    const session = await database.connect()
    if (!this.#signal.aborted) return session
    session.release()
    throw new ToolError('Cannot query: the run is over')
  }

  #find (id: number): Transaction {
    const transaction = this.#transactions.get(id)
    if (!transaction) throw new ToolError('Cannot query: the transaction is over; what belongs to it has to be awaited within it')
    return transaction
  }

  #keep (id: number, database: string, session: Session): void {
    const { transactionTimeoutMs } = this.#limits
    const deadline = setTimeout(() => this.#fail(id, `it took longer than ${transactionTimeoutMs} ms (transactionTimeoutMs) and was rolled back`), transactionTimeoutMs)
    this.#transactions.set(id, { database, session, depth: 0, deadline, last: Promise.resolve(), failure: undefined })
    if (this.#signal.aborted) this.#fail(id, 'the run is over')
  }

  #fail (id: number, reason: string): void {
    const transaction = this.#transactions.get(id)
    if (!transaction || transaction.failure) return
    transaction.failure = new ToolError(`Cannot use transaction on database "${transaction.database}": ${reason}`, { code: 'TOOL_LIMIT' })
    clearTimeout(transaction.deadline)
    transaction.session.destroy()
  }

  #forget (id: number, transaction: Transaction): void {
    clearTimeout(transaction.deadline)
    this.#transactions.delete(id)
  }

  #begin ({ isolationLevel = 'read committed', accessMode = 'read write' }: Partial<TransactionOptions> = {}): string {
    return `BEGIN ISOLATION LEVEL ${isolationLevel.toUpperCase()} ${this.isWritable ? accessMode.toUpperCase() : 'READ ONLY'}`
  }
}

/** The kinds of changes in a plan, those of its WITH and of MERGE included. */
function findChanges ({ rows: [row] }: Rows): StatementKind[] {
  const found = new Set<string>()
  JSON.parse(row?.[0] ?? '[]', (key, value: unknown) => {
    if (key === 'Operation' && typeof value === 'string') found.add(value.toLowerCase())
    if (key === 'Conflict Resolution' && value === 'UPDATE') found.add('update')
    return value
  })
  const all = found.has('merge') ? ['insert', 'update', 'delete'] : [...found]
  return STATEMENT_KINDS.filter((kind) => kind !== 'select' && all.includes(kind))
}
