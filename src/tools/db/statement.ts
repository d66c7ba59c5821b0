import type { Connection, Submittable } from 'pg'

/** What a statement answered, as text: the types of its columns, by their numbers in PostgreSQL, say how to read it. */
export interface Rows {
  columns: [name: string, type: number][]
  rows: (string | null)[][]
  /** Rows that it read or changed. */
  count: number
}

export interface StatementText {
  /** Texts of our own that come before it, without parameters. */
  before: readonly string[]
  /** Of user code. */
  sql: string
  /** What it is sent behind once it is judged; nothing, or EXPLAIN. */
  prefix: string
  params: readonly (string | null)[]
  /** Rows that are read; one more is a TooManyRows. */
  maxRows: number
}

/** More rows came than are allowed. */
export class TooManyRows extends Error {}

/** The statement was a SELECT INTO, and made a table: it has to be rolled back. */
export class MakesTable extends Error {}

/** What judges a statement: SELECT, INSERT, UPDATE, DELETE, MERGE and VALUES parse after it, and nothing else. */
const JUDGE = 'PREPARE batchbox AS '

/**
 * One statement, and texts of ours before it, sent in one go. The server parses each message alone, takes one statement in it, and skips what follows one
 * that failed: so it judges the text itself before it runs it (docs/decisions/0043). What judges is parsed and no more. The way to send it is the one of
 * pg's own cursors.
 */
export class Statement implements Submittable {
  readonly #text: StatementText
  readonly #answer = Promise.withResolvers<Rows>()
  readonly #rows: Rows = { columns: [], rows: [], count: 0 }
  #answersRows = false
  #failure: Error | undefined

  constructor (text: StatementText) {
    this.#text = text
    this.#answer.promise.catch(() => {}) // whoever sent it may have stopped waiting
  }

  /** Rejects with pg's DatabaseError, with TooManyRows, MakesTable, or with what ended the connection. */
  get answer (): Promise<Rows> { return this.#answer.promise }

  submit (connection: Connection): void {
    const { before, sql, prefix, params, maxRows } = this.#text
    connection.stream.cork()
    for (const text of before) {
      parse(connection, text)
      connection.bind({ values: [] }, true)
      connection.execute({}, true)
    }
    parse(connection, JUDGE + sql)
    parse(connection, prefix + sql)
    connection.bind({ values: [...params] }, true)
    connection.describe({ type: 'P' }, true)
    connection.execute({ rows: String(maxRows + 1) }, true)
    connection.sync()
    connection.stream.uncork()
  }

  handleRowDescription ({ fields }: { fields: { name: string, dataTypeID: number }[] }): void {
    this.#answersRows = true
    this.#rows.columns = fields.map(({ name, dataTypeID }) => [name, dataTypeID])
  }

  handleDataRow ({ fields }: { fields: (string | null)[] }): void {
    this.#rows.rows.push(fields)
  }

  handlePortalSuspended (): void {
    this.#failure = new TooManyRows()
  }

  handleCommandComplete ({ text }: { text: string }): void {
    if (text.startsWith('SELECT') && !this.#answersRows) this.#failure = new MakesTable() // any other has columns, if only none
    this.#rows.count = Number(/(\d+)$/.exec(text)?.[1] ?? 0)
  }

  handleEmptyQuery (): void {}

  handleError (error: Error): void {
    this.#answer.reject(error)
  }

  handleReadyForQuery (): void {
    if (!this.#failure && this.#rows.rows.length > this.#text.maxRows) this.#failure = new TooManyRows()
    if (this.#failure) this.#answer.reject(this.#failure)
    else this.#answer.resolve(this.#rows)
  }
}

function parse (connection: Connection, text: string): void {
  connection.parse({ name: '', text, types: [] }, true)
}
