// Writes the tables of docs/platform.md from a run: what of the platform is there, and whether it is as its standard says.
// With --check it changes nothing and fails when the document is out of date.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drawTables } from './platform/draw-tables.ts'
import { runChecks } from './platform/run-checks.ts'
import { ROOT } from './run-tests.ts'

const FILE = join(ROOT, 'docs', 'platform.md')
const BEGIN = '<!-- platform: begin, written by npm run docs:platform -->'
const END = '<!-- platform: end -->'

const text = readFileSync(FILE, 'utf8')
const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)]
if (from < 0 || to < from) throw new Error(`Cannot write the tables of the platform: docs/platform.md has no place for them; put these two lines where they belong:\n${BEGIN}\n${END}`)
const next = `${text.slice(0, from)}${BEGIN}\n${drawTables(await runChecks())}\n${text.slice(to)}`
if (next === text) process.stdout.write('The tables of the platform are up to date\n')
else if (process.argv.includes('--check')) {
  process.stderr.write('The tables of the platform in docs/platform.md are out of date: run npm run docs:platform\n')
  process.exitCode = 1
} else {
  writeFileSync(FILE, next)
  process.stdout.write('Wrote docs/platform.md\n')
}
