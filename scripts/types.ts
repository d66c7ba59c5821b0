// Checks the types of every project in the tree: each folder with a configuration of its own has other globals.
import { globSync } from 'node:fs'
import { run } from './run-tests.ts'

const projects = globSync('{.,examples,examples/*,src/**,clients/*}/tsconfig.json', { cwd: `${import.meta.dirname}/..` }).sort()
for (const project of projects) {
  const code = await run([process.execPath, 'node_modules/typescript/bin/tsc', '-p', project])
  if (code !== 0) process.exitCode = code
}
