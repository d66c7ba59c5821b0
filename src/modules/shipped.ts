import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findPackageJSON } from 'node:module'
import type { ModuleEntry } from './module-package.ts'

/** One package that jobs may import, and what of it. */
export interface ShippedPackage {
  /** Its name in the registry, where jobs import it by another. */
  of?: string
  /** Left out unless the operator asks for it: it is large. */
  optional?: true
  /** Its `crypto` is the tool of the run; using it without is an error that says so. */
  needsCrypto?: true
  /** It makes functions of text that it wrote itself, which user code may not. */
  makesCode?: true
  entries: readonly ModuleEntry[]
}

const DAYJS_NAMES = ['extend', 'locale', 'isDayjs', 'unix']
const PAPA_NAMES = ['parse', 'unparse', 'RECORD_SEP', 'UNIT_SEP', 'BYTE_ORDER_MARK', 'BAD_DELIMITERS', 'Parser', 'ParserHandle', 'NetworkStreamer', 'FileStreamer', 'StringStreamer']

/**
 * Every package that is shipped, by the name that jobs import. Versions are those of package.json. `names` are what a package in CommonJS
 * exports where no lexer can see it; a test compares them with what it really exports.
 */
export const SHIPPED: Readonly<Record<string, ShippedPackage>> = {
  'ajv': { makesCode: true, entries: [{ specifier: 'ajv' }, { specifier: 'ajv/dist/2019' }, { specifier: 'ajv/dist/2020' }] },
  'ajv-formats': { entries: [{ specifier: 'ajv-formats' }] },
  'csv-parse': { entries: [{ specifier: 'csv-parse' }, { specifier: 'csv-parse/sync' }] },
  'csv-stringify': { entries: [{ specifier: 'csv-stringify' }, { specifier: 'csv-stringify/sync' }] },
  'date-fns': { entries: [{ specifier: 'date-fns' }, { specifier: 'date-fns/constants' }, { specifier: 'date-fns/fp' }, { specifier: 'date-fns/locale' }] },
  'dayjs': { entries: [{ specifier: 'dayjs', names: DAYJS_NAMES }, ...listFiles('dayjs', 'locale'), ...listFiles('dayjs', 'plugin')] },
  'decimal.js': { entries: [{ specifier: 'decimal.js', file: 'decimal.js/decimal.js', names: ['Decimal'] }] },
  'es-toolkit': { entries: [{ specifier: 'es-toolkit' }, { specifier: 'es-toolkit/compat' }] },
  'fast-xml-parser': { entries: [{ specifier: 'fast-xml-parser' }] },
  'jmespath': { entries: [{ specifier: 'jmespath' }] },
  'jsonata': { entries: [{ specifier: 'jsonata' }] },
  'lodash': { of: 'lodash-es', entries: [{ specifier: 'lodash', file: 'lodash-es', required: 'default' }] },
  'lodash-es': { entries: [{ specifier: 'lodash-es' }] },
  'mathjs': { optional: true, entries: [{ specifier: 'mathjs' }] },
  'mustache': { entries: [{ specifier: 'mustache', required: 'default' }] },
  'nanoid': { needsCrypto: true, entries: [{ specifier: 'nanoid' }, { specifier: 'nanoid/non-secure' }] },
  'papaparse': { entries: [{ specifier: 'papaparse', names: PAPA_NAMES }] },
  'uuid': { needsCrypto: true, entries: [{ specifier: 'uuid' }] },
  'xlsx': { entries: [{ specifier: 'xlsx' }] },
  'yaml': { entries: [{ specifier: 'yaml' }] },
  'zod': { entries: [{ specifier: 'zod' }, { specifier: 'zod/mini' }, { specifier: 'zod/locales' }, { specifier: 'zod/v4/core' }] },
}

/** The scripts in one folder of a package that says nowhere what may be imported of it. */
function listFiles (name: string, folder: string): ModuleEntry[] {
  const manifest = findPackageJSON(name, import.meta.url)
  if (manifest === undefined) return []
  return readdirSync(join(dirname(manifest), folder)).filter((file) => file.endsWith('.js')).map((file) => ({ specifier: `${name}/${folder}/${file.slice(0, -'.js'.length)}` }))
}
