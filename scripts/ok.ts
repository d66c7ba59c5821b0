// Everything that must hold before a change lands, the quick checks first.
import { run, runTests } from './run-tests.ts'

const node = process.execPath
const STEPS: [name: string, check: () => Promise<number>][] = [
  ['lint', () => run([node, 'node_modules/oxlint/bin/oxlint'])],
  ['types', () => run([node, 'scripts/types.ts'])],
  ['configuration table', () => run([node, 'scripts/config-table.ts', '--check'])],
  ['table of modules', () => run([node, 'scripts/modules-table.ts', '--check'])],
  ["client's types", () => run([node, '--disable-warning=SecurityWarning', 'scripts/client-types.ts', '--check'])],
  ['tables of the platform', () => run([node, '--disable-warning=SecurityWarning', 'scripts/platform-table.ts', '--check'])],
  ['architecture', () => run([node, '--test', '--test-reporter=dot', 'test/architecture.test.ts'])],
  ['the engine as a package', () => run([node, '--disable-warning=SecurityWarning', 'scripts/engine-try.ts'])],
  ['tests', () => runTests([])],
]

for (const [name, check] of STEPS) {
  process.stdout.write(`\n▶ ${name}\n`)
  const code = await check()
  if (code === 0) continue
  process.stderr.write(`\n✖ ${name} failed\n`)
  process.exit(code)
}
process.stdout.write('\n✔ all is well\n')
