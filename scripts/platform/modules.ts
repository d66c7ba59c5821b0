import { isBuiltin } from 'node:module'
import { DEFAULT_MODULE_SETTINGS } from '../../src/core/module-variables.ts'
import { loadModuleSet } from '../../src/modules/module-set.ts'
import { UNIT_GLOBALS } from '../../src/engine/guest/web-globals.ts'

/** A name that a module exports, and the kind of its value. */
export type Export = [name: string, kind: string]

/** Modules of Node that the contract names, whatever else there is. */
const CONTRACT = ['buffer', 'crypto', 'events', 'path', 'querystring', 'stream', 'string_decoder', 'url', 'util'].map((name) => `node:${name}`)

/** What Node's own modules of those names export, by the name of each: what code of a job is to find. Names that Node keeps for itself are left out. */
export async function listNodeExports (): Promise<Record<string, Export[]>> {
  const names = new Set([...CONTRACT, ...Object.keys(UNIT_GLOBALS).filter((name) => name.startsWith('node:') && isBuiltin(name))])
  const modules = await Promise.all([...names].sort().map(async (name) => [name, Object.entries(await import(name) as object).filter(([key]) => !key.startsWith('_')).map(([key, value]): Export => [key, typeof value])] as const))
  return Object.fromEntries(modules)
}

/** The packages that come along, with what of them can be imported. */
export function listPackages (): { name: string, version: string, specifiers: string[] }[] {
  return loadModuleSet(DEFAULT_MODULE_SETTINGS).shipped.packages.map(({ name, version, entries }) => ({ name, version, specifiers: entries.map(({ specifier }) => specifier) }))
}
