import { constants, globSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { getCompileCacheDir, isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openArchive, packArchive } from '../core/archive.ts'
import { sha256 } from '../core/digest.ts'
import { readDescriptor } from '../core/read-descriptor.ts'
import { DEFAULT_MODULE_SETTINGS, type ModuleSettings } from '../core/module-variables.ts'
import { type ArchiveMeta, CORE_SCRIPT, type ToolScripts } from '../core/runner-protocol.ts'
import type { GuestModule } from '../modules/build-modules.ts'
import { keepModules } from '../modules/keep-modules.ts'
import { loadModuleSet, type ModuleSet } from '../modules/module-set.ts'
import type { ModuleUnit } from '../modules/write-unit.ts'
import type { Tool } from '../tools/tool.ts'
import { makeCaches } from './cache-maker.ts'
import { bundleHalves, bundlePlatform, type PlatformScripts } from './guest-bundle.ts'
import { buildRunnerCommand } from './runner-command.ts'

/** What isolates are made with. */
export interface GuestImage {
  /** Descriptors of archives, open for reading, which runners are left with. They stay open for as long as this process lives. */
  archives: readonly number[]
  tools: ToolScripts
  /** Stands for the packages that code may import, in their versions. */
  modulesKey: string
}

interface OpenArchive {
  descriptor: number
  meta: unknown
}

const HERE = fileURLToPath(new URL('./', import.meta.url))
/** What the platform's scripts and their caches are made of, and with. */
const SOURCES = ['guest/**/*.{js,ts}', 'guest-bundle.ts', 'guest-image.ts', 'node-library.ts', 'mended-packages.ts', 'runner/code-cache.ts', '../../package.json'] as const

/** What `require` answers instead of a module's exports; nothing that can be imported. */
const MODULE_EXPORTS = 'module.exports'

/** Archives that this process has open, by the names of their files. */
const opened = new Map<string, Promise<OpenArchive>>()

/**
 * Bundles the guest halves of tools; all else comes out of archives, which are made by the first that needs them and kept where this process keeps its
 * compiled code. Throws an Error for packages that cannot be bundled.
 */
export async function prepareGuest (tools: readonly Tool[], settings: ModuleSettings = DEFAULT_MODULE_SETTINGS): Promise<GuestImage> {
  const key = keyOfPlatform()
  const platform = await openOnce(`platform-${key}.bin`, makePlatform)
  const set = loadModuleSet(settings)
  const modules = await openOnce(`modules-${sha256(key + set.key)}.bin`, () => makeModules(set, platform))
  const { exported } = platform.meta as PlatformMeta // our own archive
  return { archives: [platform.descriptor, modules.descriptor], tools: await bundleHalves(tools, exported), modulesKey: set.key }
}

/** The same without any unit, module or tool, to measure what those cost who are not used. */
export async function prepareBareGuest (): Promise<GuestImage> {
  const { descriptor } = await openOnce(`bare-${keyOfPlatform()}.bin`, () => makePlatform({}))
  return { archives: [descriptor], tools: {}, modulesKey: '' }
}

type PlatformMeta = ArchiveMeta & Pick<PlatformScripts, 'exported'>

async function makePlatform (...unitGlobals: Parameters<typeof bundlePlatform>): Promise<Buffer> {
  const { main, units, exported } = await bundlePlatform(...unitGlobals)
  const scripts = { [CORE_SCRIPT]: main, ...units }
  const modules = Object.keys(units).filter((unit) => unit.startsWith('node:') && isBuiltin(unit)).flatMap((unit) => { // units of the web may be named as builtins are, too
    const module = { unit, exports: (exported[unit] ?? []).filter((name) => name !== MODULE_EXPORTS) }
    return [[unit, module], [unit.slice('node:'.length), module]] as const
  })
  return await pack(scripts, Object.keys(scripts), { exported, modules: Object.fromEntries(modules) } satisfies PlatformMeta)
}

async function makeModules (set: ModuleSet, { descriptor }: OpenArchive): Promise<Buffer> {
  const { modules, units } = await keepModules(set)
  const platform = openArchive(readDescriptor(descriptor))
  const below = platform.names.map((name) => [name, platform.read(name)?.text ?? ''] as const)
  const own = units.map(({ name, script }) => [name, script] as const)
  const meta = { modules: Object.fromEntries(modules.map(({ specifier, unit, exports }) => [specifier, { unit, exports }])) }
  return await pack(Object.fromEntries([...below, ...own]), orderUnits(modules, units), meta satisfies ArchiveMeta)
}

/** Each module before the pieces it shares with others: a piece of CommonJS alone runs nothing that V8 could have compiled, and what ran long ago V8 forgets. */
function orderUnits (modules: readonly GuestModule[], units: readonly ModuleUnit[]): string[] {
  const byName = new Map(units.map((unit) => [unit.name, unit]))
  const ordered = new Set<string>()
  const add = (name: string): void => {
    const unit = byName.get(name)
    if (!unit || ordered.has(name)) return
    ordered.add(name)
    for (const link of unit.links) add(link)
  }
  for (const { unit } of modules) add(unit)
  return [...ordered]
}

/** Packs those of the scripts that are wanted; they may need the others. */
async function pack<M extends ArchiveMeta> (scripts: Readonly<Record<string, string>>, wanted: readonly string[], meta: M): Promise<Buffer> {
  const caches = await makeCaches({ scripts, wanted })
  return packArchive(new Map(wanted.map((name) => [name, { text: scripts[name] ?? '', cache: caches.get(name) }])), meta)
}

/** V8 refuses caches that another version of it made, or that was started in another way. */
function keyOfPlatform (): string {
  const files = globSync(SOURCES, { cwd: HERE }).sort()
  return sha256(JSON.stringify([process.version, process.arch, buildRunnerCommand().execArgv, files, ...files.map((file) => readFileSync(join(HERE, file), 'utf8'))]))
}

function openOnce (name: string, make: () => Promise<Buffer>): Promise<OpenArchive> {
  const known = opened.get(name) ?? open(name, make)
  opened.set(name, known)
  known.catch(() => opened.delete(name)) // the next may have more luck
  return known
}

async function open (name: string, make: () => Promise<Buffer>): Promise<OpenArchive> {
  const folder = makeFolder()
  const descriptor = (folder === undefined ? undefined : openKept(join(folder, name))) ?? write(folder, name, await make())
  return { descriptor, meta: openArchive(readDescriptor(descriptor)).readMeta() }
}

/** Beside what Node keeps of this process's own source. Undefined where it keeps nothing. */
function makeFolder (): string | undefined {
  const own = getCompileCacheDir()
  if (own === undefined) return undefined
  const folder = join(own, 'guest')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return folder
  } catch {
    return undefined
  }
}

function openKept (file: string): number | undefined {
  try {
    return openSync(file, constants.O_RDONLY)
  } catch {
    return undefined
  }
}

/** Writes an archive and opens it; where nothing is kept, as a file that has no name any more. Nobody ever sees half of one. */
function write (folder: string | undefined, name: string, bytes: Buffer): number {
  const scratch = mkdtempSync(join(folder ?? tmpdir(), 'batchbox-guest-'))
  const file = join(scratch, name)
  try {
    writeFileSync(file, bytes, { mode: 0o600 })
    const descriptor = openSync(file, constants.O_RDONLY)
    if (folder !== undefined) renameSync(file, join(folder, name))
    return descriptor
  } finally {
    rmSync(scratch, { recursive: true })
  }
}
