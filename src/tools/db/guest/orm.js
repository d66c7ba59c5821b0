// @ts-check
import { useUnit } from '../../../engine/guest/units.js'

/**
 * @typedef {Record<string, { name: string, schema: string | null, columns: Record<string, any>, relations: Record<string, any> }>} TableDescriptions as the other half makes them
 * @typedef {TableDescriptions[string]} TableDescription
 * @typedef {TableDescription['columns'][string]} ColumnDescription
 * @typedef {(sql: string, params: unknown[], method: 'all' | 'execute') => Promise<{ rows: unknown[] }>} Query
 * @typedef {(act: (tx: object) => unknown, options?: object) => Promise<unknown>} Transact
 */

/** Methods of Drizzle's database that `db` has as well. */
export const FORWARDED = ['select', 'selectDistinct', 'selectDistinctOn', 'insert', 'update', 'delete', 'with', '$with', '$count', 'execute']

/** The shipped build, which is what code imports by these names. @returns {any} */
const drizzle = () => useUnit('module:drizzle-orm')
/** @returns {any} */
const core = () => useUnit('module:drizzle-orm/pg-core')

/**
 * Builds Drizzle's database over a function that sends SQL, with the tables that were described.
 * @param {TableDescriptions} descriptions @param {{ query: Query, transact: Transact }} ways
 */
export function buildOrm (descriptions, { query: send, transact }) {
  // Its errors are the tool's own: Drizzle would put its own around them, with the whole query as their message.
  core().PgPreparedQuery.prototype.queryWithCache = (/** @type {string} */ _sql, /** @type {unknown[]} */ _params, /** @type {() => unknown} */ query) => query()
  const tables = tablesOf(descriptions)
  const database = useUnit('module:drizzle-orm/pg-proxy').drizzle(send, { schema: { ...tables.byName, ...tables.relations } })
  database.session.transaction = transact
  const query = Object.create(database)
  for (const name in tables.byName) if (!(name in database)) query[name] = database.query[name]
  /** @type {Record<string, object>} */
  const facades = {}
  for (const name in tables.byName) facades[name] = buildFacade(name, tables.byName[name], database)

  return {
    database,
    query,
    facades,
    tables: tables.byName,
    operators: buildOperators(),
    /** @param {string} method */
    forward (method) {
      const member = database[method]
      return typeof member === 'function' ? Object.freeze(member.bind(database)) : member
    },
    /** What the function of a transaction is called with: Drizzle's database, and what `db` has besides. */
    buildTransaction () {
      return Object.assign(Object.create(database), facades, {
        query, tables: tables.byName, operators: buildOperators(), db: database, transaction: transact,
        rollback () { throw new (drizzle().TransactionRollbackError)() },
      })
    },
  }
}

function buildOperators () {
  const { getOperators, getOrderByOperators, avg, avgDistinct, count, countDistinct, max, min, sum, sumDistinct, arrayContains, arrayContained, arrayOverlaps } = drizzle()
  return { ...getOperators(), ...getOrderByOperators(), avg, avgDistinct, count, countDistinct, max, min, sum, sumDistinct, arrayContains, arrayContained, arrayOverlaps }
}

/** Tables by what describes them: those of a transaction are those of its database. @type {WeakMap<object, { byName: Record<string, any>, relations: Record<string, any> }>} */
const built = new WeakMap()

/** @param {TableDescriptions} descriptions */
function tablesOf (descriptions) {
  const known = built.get(descriptions) ?? buildTables(descriptions)
  built.set(descriptions, known)
  return known
}

/** @param {TableDescriptions} descriptions */
function buildTables (descriptions) {
  const { pgSchema, pgTable } = core()
  /** @type {Record<string, any>} */
  const byName = {}
  /** @type {Record<string, any>} */
  const relations = {}
  for (const [key, { name, schema, columns }] of Object.entries(descriptions)) {
    const builders = Object.fromEntries(Object.entries(columns).map(([member, column]) => [member, buildColumn(column)]))
    byName[key] = schema === null ? pgTable(name, builders) : pgSchema(schema).table(name, builders)
  }
  for (const [key, { relations: own }] of Object.entries(descriptions)) {
    if (Object.keys(own).length > 0) relations[`${key} relations`] = buildRelations(byName, byName[key], own)
  }
  return { byName, relations }
}

/** What makes a column when its table is made, as Drizzle's own builders do. @param {ColumnDescription} column */
function buildColumn (column) {
  const build = (/** @type {any} */ table) => makeColumn(column, table)
  return { setName () {}, build, buildExtraConfigColumn: build, buildForeignKeys: () => [] }
}

/** @param {ColumnDescription} column @param {any} table @returns {any} */
function makeColumn ({ type, config, enumeration, of, size }, table) {
  const { [type]: Column, pgEnum, pgSchema } = core()
  if (enumeration === null) return new Column(table, { ...config }, of === null ? undefined : makeColumn(of, table), size ?? undefined)
  const { name, schema, values } = enumeration
  return new Column(table, { ...config, enum: schema === null ? pgEnum(name, values) : pgSchema(schema).enum(name, values) })
}

/** @param {Record<string, any>} byName @param {any} table @param {TableDescription['relations']} own */
function buildRelations (byName, table, own) {
  return drizzle().relations(table, (/** @type {any} */ { one, many }) => Object.fromEntries(Object.entries(own).map(([name, { kind, table: other, relationName, fields, references }]) => {
    const named = relationName === null ? {} : { relationName }
    if (kind === 'many') return [name, many(byName[other], named)]
    if (fields === null || references === null) return [name, one(byName[other])]
    const columns = (/** @type {any} */ from, /** @type {string[]} */ names) => names.map((column) => from[column])
    return [name, one(byName[other], { ...named, fields: columns(table, fields), references: columns(byName[other], references) })]
  })))
}

/**
 * A table that can be asked: Drizzle takes it for the table itself. Its methods come before columns of the same names, which `db.tables` has.
 * @param {string} name @param {any} table @param {any} database
 */
function buildFacade (name, table, database) {
  const find = (/** @type {string} */ method, /** @type {any} */ { where, ...rest } = /** @type {any} */ ({})) => database.query[name][method]({ ...rest, ...where !== undefined && { where: readWhere(name, table, where) } })
  const methods = {
    select: (/** @type {object | undefined} */ fields) => (fields === undefined ? database.select() : database.select(checkFields(name, fields))).from(table),
    insert: (/** @type {object | undefined} */ values) => values === undefined ? database.insert(table) : database.insert(table).values(values),
    update: (/** @type {object | undefined} */ values) => values === undefined ? database.update(table) : database.update(table).set(values),
    delete: () => database.delete(table),
    findMany: (/** @type {object | undefined} */ options) => find('findMany', options),
    findFirst: (/** @type {object | undefined} */ options) => find('findFirst', options),
    /** Resolves to the row, or to null; rejects where there are more. @param {{ where?: unknown }} [options] */
    async findUnique (options = {}) {
      if (options.where === undefined) throw new TypeError(`Cannot find in "${name}": findUnique needs a where, as in { where: { id: 1 } }`)
      const rows = await find('findMany', { ...options, limit: 2 })
      if (rows.length > 1) throw new TypeError(`Cannot find in "${name}": more than one row is such, and findUnique is for one`)
      return rows[0] ?? null
    },
    count: async (/** @type {{ where?: unknown } | undefined} */ options) => await database.$count(table, options?.where === undefined ? undefined : readWhere(name, table, options.where)),
  }
  return Object.defineProperties(Object.create(table), Object.fromEntries(Object.entries(methods).map(([key, value]) => [key, { value }])))
}

/** Objects of fields that may be one within the other. */
const FIELDS_DEPTH = 8

/** Drizzle would take the letters of a text for fields, and each for a field of its own, without an end. @param {string} name @param {any} fields @param {number} [depth] */
function checkFields (name, fields, depth = 0) {
  const { Column, is, SQL, Subquery, Table } = drizzle()
  if (typeof fields !== 'object' || fields === null || depth > FIELDS_DEPTH) throw new TypeError(`Cannot select from "${name}": expected an object of columns, as in { id: db.${name}.id }`)
  for (const field of Object.values(fields)) if (![Column, SQL, SQL.Aliased, Subquery, Table].some((type) => is(field, type))) checkFields(name, field, depth + 1)
  return fields
}

/** Makes a condition of an object: columns and what they are equal to, null for none, a list for one of them. @param {string} name @param {any} table @param {any} where */
function readWhere (name, table, where) {
  const prototype = typeof where === 'object' && where !== null ? Object.getPrototypeOf(where) : undefined
  if (prototype !== null && prototype !== Object.prototype) return where
  const { and, Column, eq, inArray, is, isNull } = drizzle()
  return and(...Object.entries(where).map(([key, value]) => {
    const column = Object.hasOwn(table, key) ? table[key] : undefined
    if (!is(column, Column)) throw new TypeError(`Cannot find in "${name}": it has no column "${key}"`)
    if (value === undefined) throw new TypeError(`Cannot find in "${name}": "${key}" is undefined; null is for rows that have none`)
    return value === null ? isNull(column) : Array.isArray(value) ? inArray(column, value) : eq(column, value)
  }))
}
