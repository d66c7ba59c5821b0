import { keepModules } from './keep-modules.ts'
import { loadModuleSet } from './module-set.ts'
import type { ModuleSettings } from '../core/module-variables.ts'

/** A package that jobs may import, for who writes them. */
export interface ListedPackage {
  name: string
  version: string
  licence: string
  source: 'shipped' | 'operator'
  /** What jobs import of it, and how many names each exports. */
  modules: readonly { specifier: string, exports: number, size: number }[]
}

export interface ModuleList {
  packages: readonly ListedPackage[]
  /** Modules of Node that jobs may import, with `node:` before their names or without. */
  node: readonly string[]
}

/** Answers what jobs of this installation may import. Throws as loadModuleSet does; what has to be bundled for it is bundled once, when it is first asked for. */
export function createModuleList (settings: ModuleSettings): () => Promise<ModuleList> {
  const set = loadModuleSet(settings)
  let listed: Promise<ModuleList> | undefined
  const list = async (): Promise<ModuleList> => {
    const { modules } = await keepModules(set)
    return {
      packages: [...set.shipped.packages, ...set.own.packages].map(({ name, version, licence, source }) => ({
        name, version, licence, source,
        modules: modules.filter((module) => module.package === name).map(({ specifier, exports, size }) => ({ specifier, exports: exports.length, size })),
      })),
      node: set.shipped.nodeNames,
    }
  }
  return () => listed ??= list().catch((error: unknown) => {
    listed = undefined
    throw error
  })
}
