import ivm from 'isolated-vm'
import { type Archive, openArchive } from '../../core/archive.ts'
import { readDescriptor } from '../../core/read-descriptor.ts'
import type { ArchiveMeta, ImportableModule } from '../../core/runner-protocol.ts'
import type { CodeCache } from './code-cache.ts'

/** A script as isolates take it. */
export interface Script {
  text: string
  cache: CodeCache | undefined
}

export interface Scripts {
  /** Answers undefined for a script that there is not. */
  find (name: string): Script | undefined
  readonly modules: ModuleTable
}

/** What code may import, by the names that it imports it by. Found in one archive after another: who imports `buffer` pays for no package. */
export type ModuleTable = Pick<ReadonlyMap<string, ImportableModule>, 'get' | 'keys'>

/** Opens the archives that the worker left this process with, by their descriptors. */
export function openArchives (descriptors: readonly number[]): Scripts {
  return keepScripts(descriptors.map((descriptor) => openArchive(readDescriptor(descriptor))))
}

/** Reads each script when it is first asked for, and keeps it. */
export function keepScripts (archives: readonly Archive[]): Scripts {
  const kept = new Map<string, Script | undefined>()

  function read (name: string): Script | undefined {
    const found = archives.values().map((archive) => archive.read(name)).find((script) => script !== undefined)
    return found && { text: found.text, cache: found.cache && new ivm.ExternalCopy(found.cache.buffer) }
  }

  return {
    modules: keepTable(archives),
    find (name) {
      if (!kept.has(name)) kept.set(name, read(name))
      return kept.get(name)
    },
  }
}

function keepTable (archives: readonly Archive[]): ModuleTable {
  const tables = archives.map((archive) => {
    let known: ArchiveMeta['modules'] | undefined
    return () => known ??= (archive.readMeta() as ArchiveMeta).modules // our own archives
  })
  return {
    get: (name) => tables.values().map((table) => Object.hasOwn(table(), name) ? table()[name] : undefined).find((module) => module !== undefined),
    keys: () => tables.values().flatMap((table) => Object.keys(table())),
  }
}
