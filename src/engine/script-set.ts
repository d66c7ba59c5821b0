import type { Archive } from '../core/archive.ts'
import type { ArchiveMeta } from '../core/runner-protocol.ts'
import type { ModuleBundle } from '../modules/build-modules.ts'
import type { ModuleUnit } from '../modules/write-unit.ts'

/** Scripts that are wanted in an archive, and those that they need to run. */
export interface ScriptSet<M extends ArchiveMeta = ArchiveMeta> {
  scripts: Readonly<Record<string, string>>
  wanted: readonly string[]
  /** What the archive says beside the scripts. */
  meta: M
}

export interface PlatformMeta extends ArchiveMeta {
  /** Names that modules export which can be linked, by the names that they are linked by. */
  exported: Readonly<Record<string, readonly string[]>>
}

/** What an archive is made of. */
export interface ArchiveSource<Below extends readonly unknown[], M extends ArchiveMeta = ArchiveMeta> {
  /** Changes with what it reads. */
  key: string
  read (...below: Below): Promise<ScriptSet<M>>
  /** An archive of the same without code caches, which is used where none can be kept; undefined where there is no such file. */
  file?: string
}

/** What isolates are made with, before V8 has compiled any of it. */
export interface GuestSources {
  platform: ArchiveSource<[], PlatformMeta>
  /** Found in one after another. */
  modules: readonly ArchiveSource<[platform: Archive]>[]
  /** Stands for the packages that code may import, in their versions. */
  modulesKey: string
}

/** Answers the scripts of modules, upon those of the platform. */
export function writeModuleSet ({ modules, units }: ModuleBundle, platform: Archive): ScriptSet {
  return {
    scripts: { ...readTexts(platform), ...Object.fromEntries(units.map(({ name, script }) => [name, script])) },
    wanted: orderUnits(modules.map(({ unit }) => unit), units),
    meta: { modules: Object.fromEntries(modules.map(({ specifier, unit, exports }) => [specifier, { unit, exports }])) },
  }
}

/** All scripts of an archive, without their code caches. */
export function readTexts (archive: Archive): Record<string, string> {
  return Object.fromEntries(archive.names.map((name) => [name, archive.read(name)?.text ?? '']))
}

/** Each module before the pieces it shares with others: a piece of CommonJS alone runs nothing that V8 could have compiled, and what ran long ago V8 forgets. */
function orderUnits (modules: readonly string[], units: readonly ModuleUnit[]): string[] {
  const byName = new Map(units.map((unit) => [unit.name, unit]))
  const ordered = new Set<string>()
  const add = (name: string): void => {
    const unit = byName.get(name)
    if (!unit || ordered.has(name)) return
    ordered.add(name)
    for (const link of unit.links) add(link)
  }
  for (const unit of modules) add(unit)
  return [...ordered]
}
