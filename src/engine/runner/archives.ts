import ivm from 'isolated-vm'
import { type Archive, openArchive } from '../../core/archive.ts'
import { readDescriptor } from '../../core/read-descriptor.ts'
import { ARCHIVES_FD, type ArchiveMeta, type ImportableModule } from '../../core/runner-protocol.ts'
import type { CodeCache } from './code-cache.ts'

/** A script as isolates take it. */
export interface Script {
  text: string
  cache: CodeCache | undefined
}

export interface Scripts {
  /** Answers undefined for a script that there is not. */
  find (name: string): Script | undefined
  /** What code may import, by the names that it imports it by. */
  readonly modules: ReadonlyMap<string, ImportableModule>
}

/** Opens the archives that the worker left this process with. */
export function openArchives (count: number): Scripts {
  return keepScripts(Array.from({ length: count }, (_, i) => openArchive(readDescriptor(ARCHIVES_FD + i))))
}

/** Reads each script when it is first asked for, and keeps it. */
export function keepScripts (archives: readonly Archive[]): Scripts {
  const kept = new Map<string, Script | undefined>()

  function read (name: string): Script | undefined {
    const found = archives.values().map((archive) => archive.read(name)).find((script) => script !== undefined)
    return found && { text: found.text, cache: found.cache && new ivm.ExternalCopy(found.cache.buffer) }
  }

  return {
    modules: new Map(archives.flatMap(({ meta }) => Object.entries((meta as ArchiveMeta).modules))), // our own archives
    find (name) {
      if (!kept.has(name)) kept.set(name, read(name))
      return kept.get(name)
    },
  }
}
