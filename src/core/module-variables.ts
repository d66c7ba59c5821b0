import { z } from 'zod'

const MAX_SIZE = 10_000_000

/** What the API and the workers are told about the modules that jobs may import, as members of their schemas. */
export const MODULE_VARIABLES = {
  BATCHBOX_MODULES: z.string().min(1).optional().describe('Folder with a `package.json` and a `node_modules`: jobs may import what it depends on, beside the packages that are shipped; the same for the API and every worker'),
  BATCHBOX_EXTRA_MODULES: z.string().regex(/^(?:[a-z0-9.-]+(?:,[a-z0-9.-]+)*)?$/, 'Expected names, separated by commas').default('').describe('Shipped packages that jobs may not import unless they are named here, separated by commas: `mathjs`'),
  BATCHBOX_MODULES_MAX_CHARS: z.coerce.number().int().min(1000).max(100_000_000).default(MAX_SIZE).describe('Characters of script that the packages of `BATCHBOX_MODULES` may have in all, once bundled'),
}

/** What an operator says of modules. */
export interface ModuleSettings {
  /** Has a package.json and a node_modules; what it depends on may be imported. */
  folder: string | undefined
  /** Shipped packages that are left out unless they are named here. */
  extra: readonly string[]
  /** Characters that scripts of the operator's packages may have in all. */
  maxSize: number
}

/** What an operator says who says nothing. */
export const DEFAULT_MODULE_SETTINGS: ModuleSettings = Object.freeze({ folder: undefined, extra: [], maxSize: MAX_SIZE })

/** Reads them out of the configuration of a process. */
export function loadModuleSettings (config: Readonly<z.infer<z.ZodObject<typeof MODULE_VARIABLES>>>): ModuleSettings {
  return { folder: config.BATCHBOX_MODULES, extra: config.BATCHBOX_EXTRA_MODULES.split(',').filter(Boolean), maxSize: config.BATCHBOX_MODULES_MAX_CHARS }
}
