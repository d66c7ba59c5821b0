import { openSync, readFileSync } from 'node:fs'
import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Archive, openArchive } from '../core/archive.ts'
import { sha256 } from '../core/digest.ts'
import type { ModuleSettings } from '../core/module-variables.ts'
import { readDescriptor } from '../core/read-descriptor.ts'
import type { ArchiveMeta } from '../core/runner-protocol.ts'
import type { Tool } from '../tools/tool.ts'
import { type ArchiveSource, type GuestSources, type PlatformMeta, readTexts, writeModuleSet } from './script-set.ts'

// In the place of guest-sources.ts in the published package: reads what that would make, which needs the source of this project, its packages and
// the Node that it is made for. scripts/engine-pack.ts writes the files.

/** What is in the folder of the files: an archive for each key, and scripts. */
export interface PublishedIndex {
  platform: string
  modules: string
  /** Shipped packages that are left out unless they are asked for, by name. */
  extra: Readonly<Record<string, string>>
  /** Scripts of the guest halves of tools that are shipped, by the paths of their modules. */
  halves: Readonly<Record<string, string>>
}

const FOLDER = fileURLToPath(new URL('./published/', import.meta.url))
const ROOT = fileURLToPath(new URL('../', import.meta.url))

let known: PublishedIndex | undefined

/** As that of guest-sources.ts, out of the package. A package of the operator's stands in for one of the same name, for packages that need it, too. */
export async function loadGuestSources (settings: ModuleSettings): Promise<GuestSources> {
  const index = readIndex()
  const unknown = settings.extra.find((name) => !Object.hasOwn(index.extra, name))
  if (unknown !== undefined) throw new Error(`Cannot start: the modules asked for have "${unknown}", which is none that is left out; there are ${Object.keys(index.extra).join(', ')}`)
  const own = settings.folder === undefined ? [] : [await loadOwn(settings)]
  const extra = settings.extra.map((name) => readModules(`extra-${name}`, index.extra[name] ?? ''))
  const modules = [...own, ...extra, readModules('modules', index.modules)]
  const platform = { key: index.platform, file: fileOf('platform'), read: () => Promise.resolve(readAll<PlatformMeta>(openFile('platform'))) }
  return { platform, modules, modulesKey: JSON.stringify(modules.map(({ key }) => key)) }
}

/** Answers the scripts of shipped guest halves, and bundles those of others. */
export async function bundleHalves (tools: readonly Tool[], { exported }: PlatformMeta): Promise<Record<string, string>> {
  const { halves } = readIndex()
  const pathOf = ({ guestFile }: Tool) => guestFile === null ? '' : halfPath(ROOT, guestFile)
  const shipped = tools.filter((tool) => Object.hasOwn(halves, pathOf(tool)))
  const others = tools.filter((tool) => tool.guestFile !== null && !shipped.includes(tool))
  const made = others.length === 0 ? {} : await (await import('./guest-bundle.ts')).bundleHalves(others, exported)
  return { ...Object.fromEntries(shipped.map((tool) => [tool.name, halves[pathOf(tool)] ?? ''])), ...made }
}

/** What the script of a guest half is listed by. */
export function halfPath (root: string, guestFile: string): string {
  return relative(root, guestFile).split(sep).join('/')
}

async function loadOwn (settings: ModuleSettings): Promise<ArchiveSource<[platform: Archive]>> {
  const [{ loadOwnPart }, { buildModules }] = await Promise.all([import('../modules/module-part.ts'), import('../modules/build-modules.ts')])
  const part = loadOwnPart(settings)
  return { key: sha256(part.key + readIndex().platform), read: async (platform) => writeModuleSet(await buildModules(part), platform) }
}

function readModules (name: string, key: string): ArchiveSource<[platform: Archive]> {
  return {
    key,
    file: fileOf(name),
    read (platform) {
      const { scripts, ...own } = readAll<ArchiveMeta>(openFile(name))
      return Promise.resolve({ ...own, scripts: { ...readTexts(platform), ...scripts } })
    },
  }
}

function readAll<M extends ArchiveMeta> (archive: Archive) {
  return { scripts: readTexts(archive), wanted: archive.names, meta: archive.readMeta() as M } // our own archive
}

function readIndex (): PublishedIndex {
  return known ??= JSON.parse(readFileSync(`${FOLDER}index.json`, 'utf8')) as PublishedIndex // written with the package
}

function openFile (name: string): Archive {
  return openArchive(readDescriptor(openSync(fileOf(name), 'r')))
}

function fileOf (name: string): string {
  return `${FOLDER}${name}.bin`
}
