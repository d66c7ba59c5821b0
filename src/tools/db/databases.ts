import { createRequire } from 'node:module'
import type { Database, DatabaseSettings } from './database.ts'
import type { describeTables } from './describe-tables.ts'
import type { TableDescriptions } from './table-description.ts'

type DatabaseConfig = Omit<DatabaseSettings, 'name' | 'maxPerTenant'> & { schemas?: string | undefined, maxPerTenant?: number | undefined }

/** Those of this process, by their settings: a job that asks for narrower limits shares them with the others. */
const opened = new Map<string, Database>()
const described = new Map<string, TableDescriptions>()
const require = createRequire(import.meta.url)

/** Answers the databases by their names; none is connected to before it is asked. */
export async function openDatabases (configs: Readonly<Record<string, DatabaseConfig>>): Promise<ReadonlyMap<string, Database>> {
  const { Database } = await import('./database.ts')
  return new Map(Object.entries(configs).map(([name, { schemas: _, maxPerTenant, ...given }]) => {
    const settings = { ...given, name, maxPerTenant: maxPerTenant ?? shareOf(given.maxConnections) }
    const key = JSON.stringify(settings)
    const database = opened.get(key) ?? new Database(settings)
    opened.set(key, database)
    return [name, database]
  }))
}

/** One run may have two: for a transaction, and for a statement beside it. */
function shareOf (maxConnections: number): number {
  return Math.max(2, Math.ceil(maxConnections / 2))
}

/** Answers the tables of each database; the files of a folder are read once. Throws as describeTables does. */
export function describeDatabases (configs: Readonly<Record<string, Pick<DatabaseConfig, 'schemas'>>>): { name: string, tables: TableDescriptions }[] {
  return Object.entries(configs).map(([name, { schemas }]) => ({ name, tables: schemas === undefined ? {} : describeOnce(schemas) }))
}

/** Drizzle is loaded only where an operator has schemas. */
function describeOnce (folder: string): TableDescriptions {
  const known = described.get(folder) ?? (require('./describe-tables.ts') as { describeTables: typeof describeTables }).describeTables(folder)
  described.set(folder, known)
  return known
}
