// @ts-check
import { JSONParse, JSONStringify, ObjectCreate, TypeErrorConstructor, append, buildList, defineHidden } from '../../engine/guest/intrinsics.js'
import { FORWARDED, buildOrm } from './guest/orm.js'
import { decodeRows, encodeParam } from './guest/values.js'

/** @typedef {import('./guest/orm.js').TableDescriptions} TableDescriptions @typedef {ReturnType<typeof buildOrm>} Orm */

/**
 * What user code sees as `db`: the first database, and the others by their names as `db.databases`. Drizzle comes with the first use, and what it is asked
 * is SQL by the time it leaves. All of it is user code's to take apart: the other half trusts none of it.
 * @param {import('../../engine/guest/tools.js').ToolHost} host
 * @param {{ databases: { name: string, tables: TableDescriptions }[] }} config
 */
export default function createDb (host, { databases }) {
  const named = ObjectCreate(null)
  for (let i = 0; i < databases.length; i++) {
    const { name, tables } = /** @type {{ name: string, tables: TableDescriptions }} */ (databases[i])
    named[name] = buildDatabase(host, name, tables)
  }
  const [first] = databases
  if (first === undefined) return buildAbsent()
  const main = named[first.name]
  defineHidden(main, 'databases', named)
  return main
}

/** What stands for a database where there is none: whatever is asked of it is the error that says so. */
function buildAbsent () {
  return new Proxy(ObjectCreate(null), /** @type {any} */ ({
    __proto__: null,
    get (/** @type {object} */ _, /** @type {string | symbol} */ key) {
      if (typeof key !== 'string') return undefined
      throw new TypeErrorConstructor(`Cannot use db.${key}: this service has no database; its operator has to set DATABASE_URL, or databases of tool db`)
    },
  }))
}

/** @param {import('../../engine/guest/tools.js').ToolHost} host @param {string} name @param {TableDescriptions} descriptions */
function buildDatabase (host, name, descriptions) {
  let isClosed = false
  /** @type {Orm | undefined} */
  let opened
  const open = () => opened ??= buildOrm(descriptions, { query: bindQuery(null), transact })

  /** @param {string} method @param {object} args without a prototype: JSON would look for toJSON there */
  async function ask (method, args) {
    if (isClosed) throw new TypeErrorConstructor(`Cannot query database "${name}": db.close() was called`)
    return JSONParse((await host.call(method, JSONStringify(args))).text)
  }

  /** What Drizzle hands SQL to. @param {number | null} transaction */
  function bindQuery (transaction) {
    /** @param {string} sql @param {unknown[]} given @param {'all' | 'execute'} method */
    return async (sql, given, method) => {
      const params = buildList()
      for (let i = 0; i < given.length; i++) append(params, encodeParam(given[i]))
      return { rows: decodeRows(await ask('query', { __proto__: null, database: name, transaction, sql, params }), method) }
    }
  }

  /**
   * Calls a function with a transaction of its own, which is committed when that is done, and rolled back when it throws.
   * @param {(tx: object) => unknown} act @param {{ isolationLevel?: string, accessMode?: string }} [options] @param {number | null} [within]
   */
  async function transact (act, options = {}, within = null) {
    if (typeof act !== 'function') throw new TypeErrorConstructor('Cannot begin transaction: expected a function of the transaction')
    const transaction = await ask('begin', { __proto__: null, database: name, within, isolationLevel: options.isolationLevel, accessMode: options.accessMode })
    const orm = buildOrm(descriptions, { query: bindQuery(transaction), transact: (inner, own) => transact(inner, own, transaction) })
    let result
    try {
      result = await act(orm.buildTransaction())
    } catch (error) {
      await ask('end', { __proto__: null, transaction, commit: false }).catch(() => {}) // what it threw says why
      throw error
    }
    await ask('end', { __proto__: null, transaction, commit: true })
    return result
  }

  const facade = {
    get tables () { return open().tables },
    get operators () { return open().operators },
    get query () { return open().query },
    get db () { return open().database },
    transaction: (/** @type {(tx: object) => unknown} */ act, /** @type {object | undefined} */ options) => transact(act, options),
    /** Ends what the run has of the database: whatever is sent afterwards is refused. A transaction that is open is rolled back with the run. */
    async close () { isClosed = true },
  }
  for (let i = 0; i < FORWARDED.length; i++) {
    const method = /** @type {string} */ (FORWARDED[i])
    Object.defineProperty(facade, method, { get: () => open().forward(method) })
  }
  for (const table in descriptions) Object.defineProperty(facade, table, { get: () => open().facades[table], enumerable: true })
  return facade
}
