import { globSync } from 'node:fs'
import { createRequire, registerHooks } from 'node:module'
import { join, resolve } from 'node:path'
import { createTableRelationsHelpers, entityKind, getTableName, getTableUniqueName, is, Many, One, type Relation, Relations } from 'drizzle-orm'
import * as core from 'drizzle-orm/pg-core'
import type { ColumnDescription, RelationDescription, TableDescription, TableDescriptions } from './table-description.ts'

/** Names that a database has for what is no table, and those that all objects have. */
const RESERVED = new Set([
  'select', 'selectDistinct', 'selectDistinctOn', 'insert', 'update', 'delete', 'with', '$with', '$count', 'execute', 'query', 'db', 'operators', 'tables', 'databases', 'transaction', 'rollback', 'close',
  'then', 'toJSON', 'constructor', '__proto__', 'prototype',
])

/** What Drizzle calls a class, in whichever of its builds; undefined for what is none of its. */
const kindOf = (type: unknown): unknown => typeof type === 'function' && Object.hasOwn(type, entityKind) ? (type as { [entityKind]?: unknown })[entityKind] : undefined
/** Names of the classes of columns that the sandbox has. What a custom column does is code. */
const CLASSES: ReadonlyMap<unknown, string> = new Map(Object.entries(core).flatMap(([name, type]) => type !== core.PgCustomColumn && kindOf(type) !== undefined ? [[kindOf(type), name] as const] : []))

/**
 * Reads the tables and relations that the files of a folder export: the schema as Drizzle has it (`pgTable`, `relations`). The files are the operator's, and
 * find this service's Drizzle wherever they are. Throws an Error that names the file, or the column, and what is wrong with it.
 */
export function describeTables (folder: string): TableDescriptions {
  const exported = loadSchemas(resolve(folder))
  const tables = new Map([...exported].flatMap(([key, value]) => is(value, core.PgTable) ? [[key, value] as const] : []))
  const keys = new Map([...tables].map(([key, table]) => [getTableUniqueName(table), key]))
  const described: TableDescriptions = Object.fromEntries([...tables].map(([key, table]) => [key, describeTable(key, table)]))
  for (const value of exported.values()) {
    if (!is(value, Relations)) continue
    const table = described[keys.get(getTableUniqueName(value.table)) ?? '']
    if (!table) continue
    for (const [name, relation] of Object.entries(value.config(createTableRelationsHelpers(value.table)))) table.relations[name] = describeRelation(name, relation, keys)
  }
  return described
}

function loadSchemas (folder: string): Map<string, unknown> {
  const files = globSync('*.{ts,mts,js,mjs}', { cwd: folder }).sort()
  if (files.length === 0) throw new Error(`Cannot start: the schemas folder "${folder}" of tool db has no .ts, .js or .mjs file`)
  const require = createRequire(import.meta.url)
  let isOurs = false
  const hooks = registerHooks({
    resolve (specifier, context, next) {
      if (isOurs || !/^drizzle-orm(?:\/|$)/.test(specifier)) return next(specifier, context)
      isOurs = true
      try {
        return { url: import.meta.resolve(specifier), shortCircuit: true } // asks these hooks, too
      } finally {
        isOurs = false
      }
    },
  })
  const exported = new Map<string, unknown>()
  try {
    for (const file of files) {
      for (const [key, value] of Object.entries(require(join(folder, file)) as object)) {
        const known = exported.get(key)
        if (known !== undefined && known !== value) throw new Error(`"${key}" is exported by another file, too`)
        if (is(value, core.PgTable) && RESERVED.has(key)) throw new Error(`table "${key}" has a name that db has for something else; export it by another`)
        exported.set(key, value)
      }
    }
  } catch (error) {
    throw new Error(`Cannot start: the schemas in "${folder}" of tool db cannot be used: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  } finally {
    hooks.deregister()
  }
  return exported
}

function describeTable (key: string, table: core.PgTable): TableDescription {
  const { columns, schema } = core.getTableConfig(table)
  const byColumn = new Map(Object.entries(table).map(([name, column]) => [column as unknown, name]))
  return {
    name: getTableName(table),
    schema: schema ?? null,
    columns: Object.fromEntries(columns.map((column) => [byColumn.get(column) ?? column.name, describeColumn(key, column)])),
    relations: {},
  }
}

function describeColumn (key: string, column: core.PgColumn): ColumnDescription {
  const { columnType, config } = column as unknown as { columnType: string, config: Record<string, unknown> } // Drizzle has it protected
  const type = CLASSES.get(kindOf(column.constructor))
  if (type === undefined) throw new Error(`Cannot start: column "${column.name}" of table "${key}" is a ${columnType}, whose code cannot go into the sandbox; describe it by a type of Drizzle's own, such as text`)
  const { baseColumn, enum: own } = column as unknown as { baseColumn?: core.PgColumn, enum?: { enumName: string, enumValues: string[], schema?: string } }
  return {
    type,
    config: keepData(config),
    enumeration: own ? { name: own.enumName, schema: own.schema ?? null, values: own.enumValues } : null,
    of: baseColumn ? describeColumn(key, baseColumn) : null,
    size: (column as { size?: number }).size ?? null,
  }
}

/** Defaults are the database's to set; what makes or checks them is code. */
function keepData ({ default: _, enum: __, baseBuilder: ___, generated, generatedIdentity, ...config }: Record<string, unknown>): Record<string, unknown> {
  const isNever = (by: unknown) => by === undefined ? undefined : { type: (by as { type?: string }).type ?? 'always' }
  return JSON.parse(JSON.stringify({ ...config, defaultFn: undefined, onUpdateFn: undefined, generated: isNever(generated), generatedIdentity: isNever(generatedIdentity) })) as Record<string, unknown>
}

function describeRelation (name: string, relation: Relation, keys: ReadonlyMap<string, string>): RelationDescription {
  const table = keys.get(getTableUniqueName(relation.referencedTable))
  if (table === undefined) throw new Error(`Cannot start: relation "${name}" is with table "${relation.referencedTableName}", which no file of the schemas folder exports`)
  const config = is(relation, One) ? relation.config : undefined
  const namesOf = (columns: readonly { table: unknown, name: string }[] | undefined) => columns?.map((column) => Object.entries(column.table as object).find(([, own]) => own === column)?.[0] ?? column.name) ?? null
  return { kind: is(relation, Many) ? 'many' : 'one', table, relationName: relation.relationName ?? null, fields: namesOf(config?.fields), references: namesOf(config?.references) }
}
