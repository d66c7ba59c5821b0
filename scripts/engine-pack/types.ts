import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { run } from '../run-tests.ts'
import { packageName } from './bundle.ts'

const IMPORT = /(?:from|import\()\s*["']([^"']+)["']/g

/** Writes the declarations of modules, and those that they import; answers the packages whose declarations they need. Throws an Error when the compiler has something to say. */
export async function writeTypes ({ project, root, entries, out }: { project: string, root: string, entries: readonly string[], out: string }): Promise<Set<string>> {
  const scratch = mkdtempSync(join(project, 'node_modules', '.types-')) // where the compiler finds packages
  try {
    const config = join(scratch, 'tsconfig.json')
    const compilerOptions = { noEmit: false, declaration: true, emitDeclarationOnly: true, stripInternal: true, rootDir: root, outDir: out, typeRoots: [join(project, 'node_modules/@types')] }
    writeFileSync(config, JSON.stringify({ extends: join(project, 'tsconfig.json'), compilerOptions, include: [], files: entries }))
    const code = await run([process.execPath, join(project, 'node_modules/typescript/bin/tsc'), '-p', config])
    if (code !== 0) throw new Error('Cannot pack engine: its declarations cannot be written')
  } finally {
    rmSync(scratch, { recursive: true })
  }
  const needed = { files: new Set<string>(), packages: new Set<string>() }
  for (const entry of entries) reach(join(out, declarationsOf(relative(root, entry))), needed)
  for (const file of globSync('**/*.d.ts', { cwd: out })) if (!needed.files.has(join(out, file))) rmSync(join(out, file))
  return needed.packages
}

function reach (file: string, reached: { files: Set<string>, packages: Set<string> }): void {
  if (reached.files.has(file)) return
  reached.files.add(file)
  for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    if (path.startsWith('.')) reach(resolve(dirname(file), declarationsOf(path)), reached)
    else if (!path.startsWith('node:')) reached.packages.add(packageName(path))
  }
}

/** The path of the declarations of a module. */
export function declarationsOf (path: string): string {
  return path.replace(/\.ts$/, '.d.ts')
}
