// Writes the table of shipped modules into docs/modules.md: what they are, and how long a job waits for each that it imports.
// With --check it measures nothing and changes nothing, and fails when what they are is out of date.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_MODULE_SETTINGS } from '../src/core/module-variables.ts'
import { keepModules } from '../src/modules/keep-modules.ts'
import { loadModuleSet } from '../src/modules/module-set.ts'
import { measureFirstUse } from './first-use.ts'
import { ROOT } from './run-tests.ts'

const FILE = join(ROOT, 'docs', 'modules.md')
const BEGIN = '<!-- modules: begin, written by npm run docs:modules -->'
const END = '<!-- modules: end -->'
const SETTINGS = { ...DEFAULT_MODULE_SETTINGS, extra: ['mathjs'] }
/** One of many: the documents name them together. */
const OF_MANY = /^(?:crypto-js|dayjs\/(?:locale|plugin)|moment\/locale)\//
const MS_COLUMN = /\| [0-9.]+ \|$/

const set = loadModuleSet(SETTINGS)
const { packages } = set.shipped
const isCheck = process.argv.includes('--check')
const text = readFileSync(FILE, 'utf8')
const [from, to] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)]
const lines = await drawLines()
if (isCheck) {
  const written = text.slice(from, to).trim().split('\n').map((line) => line.replace(MS_COLUMN, '|'))
  if (written.join('\n') !== lines.join('\n')) {
    process.stderr.write('The table of modules is out of date: run npm run docs:modules\n')
    process.exitCode = 1
  }
} else {
  writeFileSync(FILE, `${text.slice(0, from)}\n${lines.join('\n')}\n${text.slice(to)}`)
  process.stdout.write(`Wrote ${FILE}\n`)
}

async function drawLines (): Promise<string[]> {
  const modules = (await keepModules(set)).modules.filter(({ specifier }) => !OF_MANY.test(specifier))
  const times = isCheck ? undefined : await measureFirstUse(SETTINGS, modules.map(({ specifier }) => specifier))
  const rows = modules.map(({ specifier, package: name, exports, size }) => {
    const { version = '', licence = '' } = packages.find((found) => found.name === name) ?? {}
    const cells = [`\`${specifier}\``, version, licence, exports.length, Math.ceil(size / 1000)]
    return `| ${cells.join(' | ')} |${times ? ` ${times.get(specifier)?.toFixed(1)} |` : ''}`
  })
  const [head, rule] = ['| module | version | licence | names | KB | ms of first import |', '| --- | --- | --- | --- | --- | --- |']
  return [head, rule, ...rows]
}
