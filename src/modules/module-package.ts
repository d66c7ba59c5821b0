import { z } from 'zod'

/** One name that jobs import. */
export interface ModuleEntry {
  specifier: string
  /** What it stands for, as the folder's own code would import it; by default its own name. */
  file?: string
  /** Exports that no lexer can see. */
  names?: readonly string[]
  /** What `require` answers where that is not what it would of such a file. */
  required?: 'default'
}

/** A package that is installed, and what jobs may import of it. */
export interface ModulePackage {
  name: string
  version: string
  /** As its manifest has it: mostly an SPDX expression. */
  licence: string
  source: 'shipped' | 'operator'
  /** Its folder. */
  folder: string
  /** Where its entries are imported from. */
  root: string
  needsCrypto: boolean
  makesCode: boolean
  /** Modules of Node that it asks for and jobs do not have. */
  absent: readonly string[]
  entries: readonly ModuleEntry[]
}

/** What we read of a package's manifest. */
export const PackageManifest = z.looseObject({
  name: z.string().min(1),
  version: z.string().min(1),
  license: z.union([z.string(), z.looseObject({ type: z.string() }).transform(({ type }) => type)]).default('unknown'),
})
