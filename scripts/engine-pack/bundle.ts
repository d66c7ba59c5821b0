import { copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'
import { compiledPath, sourceUrls } from './source-urls.ts'

/** What the oldest Node that the package is for can read. */
const OPTIONS = { bundle: true, format: 'esm', platform: 'node', target: 'node24', packages: 'external', metafile: true, sourcemap: true, sourcesContent: false, logLevel: 'warning' } as const satisfies BuildOptions

/** What is made in this tree the package has ready. */
const PUBLISHED: Plugin = {
  name: 'published',
  setup ({ onResolve }) {
    onResolve({ filter: /^\.\/guest-sources\.ts$/ }, ({ resolveDir }) => ({ path: join(resolveDir, 'published-guest.ts') }))
  },
}

/**
 * Compiles the engine and every module that it starts a process or a thread with, each into one file but for what is only loaded when it is
 * asked for. Answers the names of the packages that they import.
 */
export async function bundleEngine ({ root, out }: { root: string, out: string }): Promise<Set<string>> {
  const packages = new Set<string>()
  const waiting: string[] = []
  const seen = new Set<string>()
  const onFile = (file: string) => { if (!seen.has(file)) waiting.push(file) }
  const add = ({ outputs }: Metafile) => {
    for (const { path } of Object.values(outputs).flatMap(({ imports }) => imports).filter(({ external, path }) => external && !path.startsWith('node:'))) packages.add(packageName(path))
  }
  add((await build({ ...OPTIONS, entryPoints: [join(root, 'engine/library.ts')], outdir: out, splitting: true, plugins: [PUBLISHED, sourceUrls({ root, folder: root, onFile })] })).metafile)
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    const outfile = compiledPath(root, out, file)
    mkdirSync(dirname(outfile), { recursive: true })
    if (file.endsWith('.ts')) add((await build({ ...OPTIONS, entryPoints: [file], outfile, plugins: [sourceUrls({ root, folder: dirname(file), onFile })] })).metafile)
    else copyFileSync(file, outfile) // with its mode
  }
  return packages
}

function packageName (specifier: string): string {
  return specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}
