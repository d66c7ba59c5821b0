import { readFileSync, readdirSync } from 'node:fs'
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
  /** Modules of Node that it asks for and jobs do not have: what it takes of them is an error that says so. */
  absent?: readonly string[]
  entries: readonly ModuleEntry[]
}

const CRYPTO_JS_NAMES = [
  'AES', 'Blowfish', 'DES', 'EvpKDF', 'HmacMD5', 'HmacRIPEMD160', 'HmacSHA1', 'HmacSHA224', 'HmacSHA256', 'HmacSHA3', 'HmacSHA384', 'HmacSHA512', 'MD5', 'PBKDF2', 'RC4', 'RC4Drop', 'RIPEMD160', 'Rabbit', 'RabbitLegacy',
  'SHA1', 'SHA224', 'SHA256', 'SHA3', 'SHA384', 'SHA512', 'TripleDES', 'algo', 'enc', 'format', 'kdf', 'lib', 'mode', 'pad', 'x64',
]
/** All of it once more, and parts that export nothing. */
const CRYPTO_JS_INNER = /\/(?:crypto-js|index|cipher-core|hmac|pad-ansix923)$/
const DAYJS_NAMES = ['extend', 'locale', 'isDayjs', 'unix']
const PAPA_NAMES = ['parse', 'unparse', 'RECORD_SEP', 'UNIT_SEP', 'BYTE_ORDER_MARK', 'BAD_DELIMITERS', 'Parser', 'ParserHandle', 'NetworkStreamer', 'FileStreamer', 'StringStreamer']

/**
 * Every package that is shipped, by the name that jobs import. Versions are those of package.json. `names` are what a package in CommonJS
 * exports where no lexer can see it; a test compares them with what it really exports.
 */
export const SHIPPED: Readonly<Record<string, ShippedPackage>> = {
  'ajv': { makesCode: true, entries: [{ specifier: 'ajv' }, { specifier: 'ajv/dist/2019' }, { specifier: 'ajv/dist/2020' }] },
  'ajv-formats': { entries: [{ specifier: 'ajv-formats' }] },
  'async': { entries: [{ specifier: 'async' }] },
  'axios': { entries: [{ specifier: 'axios', required: 'default' }] },
  'bcryptjs': { needsCrypto: true, entries: [{ specifier: 'bcryptjs', required: 'default' }] },
  'big.js': { entries: [{ specifier: 'big.js', file: 'big.js/big.js', names: ['Big'] }] },
  'bignumber.js': { entries: [{ specifier: 'bignumber.js', file: './node_modules/bignumber.js/dist/bignumber.cjs', names: ['BigNumber'] }] },
  'bluebird': { entries: [{ specifier: 'bluebird' }] },
  'change-case': { entries: [{ specifier: 'change-case' }] },
  'cheerio': { entries: [{ specifier: 'cheerio' }, { specifier: 'cheerio/slim' }] },
  'crypto-js': { needsCrypto: true, entries: [{ specifier: 'crypto-js', names: CRYPTO_JS_NAMES }, ...listFiles('crypto-js').filter(({ specifier }) => !CRYPTO_JS_INNER.test(specifier))] },
  'csv-parse': { entries: [{ specifier: 'csv-parse' }, { specifier: 'csv-parse/sync' }] },
  'csv-stringify': { entries: [{ specifier: 'csv-stringify' }, { specifier: 'csv-stringify/sync' }] },
  'date-fns': { entries: [{ specifier: 'date-fns' }, { specifier: 'date-fns/constants' }, { specifier: 'date-fns/fp' }, { specifier: 'date-fns/locale' }] },
  'dayjs': { entries: [{ specifier: 'dayjs', names: DAYJS_NAMES }, ...listFiles('dayjs', 'locale'), ...listFiles('dayjs', 'plugin')] },
  'decimal.js': { entries: [{ specifier: 'decimal.js', file: 'decimal.js/decimal.js', names: ['Decimal'] }] },
  'drizzle-orm': { entries: [{ specifier: 'drizzle-orm' }, { specifier: 'drizzle-orm/pg-core' }, { specifier: 'drizzle-orm/pg-proxy' }] },
  'es-toolkit': { entries: [{ specifier: 'es-toolkit' }, { specifier: 'es-toolkit/compat' }] },
  'fast-xml-parser': { entries: [{ specifier: 'fast-xml-parser' }] },
  'form-data': { absent: ['fs', 'http', 'https'], entries: [{ specifier: 'form-data', file: 'form-data/lib/form_data.js' }] },
  'fuse.js': { entries: [{ specifier: 'fuse.js', required: 'default' }] },
  'he': { entries: [{ specifier: 'he' }] },
  'html-entities': { entries: [{ specifier: 'html-entities' }] },
  'iconv-lite': { entries: [{ specifier: 'iconv-lite' }] },
  'immer': { entries: [{ specifier: 'immer' }] },
  'jmespath': { entries: [{ specifier: 'jmespath' }] },
  'joi': { entries: [{ specifier: 'joi', file: 'joi/lib/index.js' }] },
  'js-yaml': { entries: [{ specifier: 'js-yaml' }] },
  'json5': { entries: [{ specifier: 'json5', required: 'default' }] },
  'jsonata': { entries: [{ specifier: 'jsonata' }] },
  'jsonwebtoken': { entries: [{ specifier: 'jsonwebtoken' }] },
  'lodash': { entries: [{ specifier: 'lodash', names: readMembers('lodash', 'lodash.js', /^ {4}lodash\.(\w+) = /gm) }] },
  'lodash-es': { entries: [{ specifier: 'lodash-es' }] },
  'luxon': { entries: [{ specifier: 'luxon' }] },
  'marked': { entries: [{ specifier: 'marked' }] },
  'mathjs': { optional: true, entries: [{ specifier: 'mathjs' }] },
  'moment': { entries: [{ specifier: 'moment' }, ...listFiles('moment', 'locale')] },
  'moment-timezone': { entries: [{ specifier: 'moment-timezone' }] },
  'ms': { entries: [{ specifier: 'ms' }] },
  'mustache': { entries: [{ specifier: 'mustache', required: 'default' }] },
  'nanoid': { needsCrypto: true, entries: [{ specifier: 'nanoid' }, { specifier: 'nanoid/non-secure' }] },
  'papaparse': { entries: [{ specifier: 'papaparse', names: PAPA_NAMES }] },
  'qs': { entries: [{ specifier: 'qs' }] },
  'ramda': { entries: [{ specifier: 'ramda' }] },
  'semver': { entries: [{ specifier: 'semver' }] },
  'slugify': { entries: [{ specifier: 'slugify' }] },
  'sprintf-js': { entries: [{ specifier: 'sprintf-js' }] },
  'underscore': { entries: [{ specifier: 'underscore', required: 'default' }] },
  'uuid': { needsCrypto: true, entries: [{ specifier: 'uuid' }] },
  'validator': { entries: [{ specifier: 'validator' }] },
  'xlsx': { entries: [{ specifier: 'xlsx' }] },
  'yaml': { entries: [{ specifier: 'yaml' }] },
  'zod': { entries: [{ specifier: 'zod' }, { specifier: 'zod/mini' }, { specifier: 'zod/locales' }, { specifier: 'zod/v4/core' }] },
}

/** The scripts in one folder of a package, its own by default, that says nowhere what may be imported of it. */
function listFiles (name: string, folder = ''): ModuleEntry[] {
  const manifest = findPackageJSON(name, import.meta.url)
  if (manifest === undefined) return []
  return readdirSync(join(dirname(manifest), folder)).filter((file) => file.endsWith('.js')).map((file) => ({ specifier: join(name, folder, file.slice(0, -'.js'.length)) }))
}

/** Names that a file of a package assigns to what it exports, where it says so in one way. */
function readMembers (name: string, file: string, member: RegExp): string[] {
  const manifest = findPackageJSON(name, import.meta.url)
  if (manifest === undefined) return []
  return [...new Set(readFileSync(join(dirname(manifest), file), 'utf8').matchAll(member).map(([, found = '']) => found))]
}
