import { accessSync, constants, mkdtempSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openArchive, packArchive } from '../core/archive.ts'
import { sha256 } from '../core/digest.ts'
import { keptFolder } from '../core/kept-folder.ts'
import { DEFAULT_MODULE_SETTINGS, type ModuleSettings } from '../core/module-variables.ts'
import { readDescriptor } from '../core/read-descriptor.ts'
import type { ToolScripts } from '../core/runner-protocol.ts'
import type { Tool } from '../tools/tool.ts'
import { makeCaches } from './cache-maker.ts'
import { bundleHalves, loadGuestSources } from './guest-sources.ts'
import { V8_FLAGS } from './runner-command.ts'
import type { ArchiveSource, GuestSources, PlatformMeta, ScriptSet } from './script-set.ts'

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

/** Archives that this process has open, by the names of their files. */
const opened = new Map<string, Promise<OpenArchive>>()

/**
 * Bundles the guest halves of tools; all else comes out of archives, which are made by the first that needs them and kept for those that come after.
 * Throws an Error for packages that cannot be bundled.
 */
export async function prepareGuest (tools: readonly Tool[], settings: ModuleSettings = DEFAULT_MODULE_SETTINGS): Promise<GuestImage> {
  return await openGuestImage(await loadGuestSources(settings), tools)
}

/** Opens the archives of what isolates are made with, and those that have to be made first. */
export async function openGuestImage ({ platform, modules, modulesKey }: GuestSources, tools: readonly Tool[]): Promise<GuestImage> {
  const { descriptor, meta } = await openOnce('platform', platform, [])
  const below = openArchive(readDescriptor(descriptor))
  const archives = [descriptor]
  for (const source of modules) archives.push((await openOnce('modules', source, [below])).descriptor)
  return { archives, tools: await bundleHalves(tools, meta as PlatformMeta), modulesKey } // our own archive
}

async function pack ({ scripts, wanted, meta }: ScriptSet): Promise<Buffer> {
  const caches = await makeCaches({ scripts, wanted })
  return packArchive(new Map(wanted.map((name) => [name, { text: scripts[name] ?? '', cache: caches.get(name) }])), meta)
}

/** V8 refuses code caches that another version of it made, or one with other flags. */
function openOnce<B extends readonly unknown[]> (kind: string, source: ArchiveSource<B>, below: B): Promise<OpenArchive> {
  const name = `${kind}-${sha256(JSON.stringify([source.key, process.version, process.arch, V8_FLAGS]))}.bin`
  const known = opened.get(name) ?? open(name, source, below)
  opened.set(name, known)
  known.catch(() => opened.delete(name)) // the next may have more luck
  return known
}

async function open<B extends readonly unknown[]> (name: string, { file, read }: ArchiveSource<B>, below: B): Promise<OpenArchive> {
  const folder = keptFolder('guest')
  const home = folder !== undefined && isWritable(folder) ? folder : undefined
  const descriptor = openKept(folder && join(folder, name)) ?? (home === undefined ? openKept(file) : undefined) ?? write(home, name, await pack(await read(...below)))
  return { descriptor, meta: openArchive(readDescriptor(descriptor)).readMeta() }
}

function isWritable (folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function openKept (file: string | undefined): number | undefined {
  if (file === undefined) return undefined
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
