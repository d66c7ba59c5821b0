// Builds what is published of the client: an ES module and a CommonJS module of each entry, with declarations for both.
import { copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { ROOT, run } from './run-tests.ts'

const PACKAGE = join(ROOT, 'clients', 'sdk')
/** Where what is published goes; a test has another folder. */
const dist = process.argv[2] ?? join(PACKAGE, 'dist')
const ENTRIES = ['index.ts', 'msgpack.ts', 'structured.ts'].map((name) => join(PACKAGE, 'src', name)).filter((file) => existsSync(file))
/** Each format has a folder whose package.json says what its files are: programs and declarations alike. */
const FORMATS = { esm: 'module', cjs: 'commonjs' } as const

rmSync(dist, { recursive: true, force: true })
for (const [format, type] of Object.entries(FORMATS) as [keyof typeof FORMATS, string][]) { // the members of a closed table
  const outdir = join(dist, format)
  await build({ entryPoints: ENTRIES, outdir, format, bundle: true, packages: 'external', splitting: format === 'esm', target: 'es2022', platform: 'neutral', sourcemap: true, logLevel: 'warning' })
  writeFileSync(join(outdir, 'package.json'), `${JSON.stringify({ type, sideEffects: false })}\n`)
  const tsc = [process.execPath, 'node_modules/typescript/bin/tsc', '-p', 'clients/sdk', '--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--stripInternal', '--outDir', outdir]
  const code = await run(tsc)
  if (code !== 0) process.exit(code)
}
copyFileSync(join(ROOT, 'LICENSE'), join(dist, 'LICENSE'))
