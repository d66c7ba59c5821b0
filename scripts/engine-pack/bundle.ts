import { copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'
import { compiledPath, sourceUrls } from './source-urls.ts'

/** Packages that are more than JavaScript, that find files of their own by where they are, or that few programs need: they are installed beside. */
const BESIDE = ['cjs-module-lexer', 'es-module-lexer', 'esbuild', 'isolated-vm', 'pg', 'piscina', 'undici']

/** For the oldest Node that the package is for. Other packages are put in: Node takes longer to find their files than to read them. */
const OPTIONS = {
  bundle: true, format: 'esm', platform: 'node', target: 'node24', external: BESIDE, metafile: true, minifyWhitespace: true, minifySyntax: true, legalComments: 'none', logLevel: 'warning',
} as const satisfies BuildOptions

/** What is made in this tree the package has ready. */
const PUBLISHED: Plugin = {
  name: 'published',
  setup ({ onResolve }) {
    onResolve({ filter: /^\.\/guest-sources\.ts$/ }, ({ resolveDir }) => ({ path: join(resolveDir, 'published-guest.ts') }))
  },
}

/** Names of packages. */
export interface Packages {
  /** That are imported, and have to be installed. */
  imported: Set<string>
  /** Whose code is put in. */
  bundled: Set<string>
}

/** Compiles modules that share what they import, and every module that they start a process or a thread with, each into one file but for what is only loaded when it is asked for. */
export async function bundleEngine ({ root, entries, out }: { root: string, entries: readonly string[], out: string }): Promise<Packages> {
  const packages: Packages = { imported: new Set(), bundled: new Set() }
  const waiting: string[] = []
  const seen = new Set<string>()
  const onFile = (file: string) => { if (!seen.has(file)) waiting.push(file) }
  addPackages(packages, await build({ ...OPTIONS, entryPoints: [...entries], entryNames: '[name]', outdir: out, splitting: true, plugins: [PUBLISHED, sourceUrls({ root, folder: root, onFile })] }))
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    const outfile = compiledPath(root, out, file)
    mkdirSync(dirname(outfile), { recursive: true })
    if (file.endsWith('.ts')) addPackages(packages, await build({ ...OPTIONS, entryPoints: [file], outfile, plugins: [sourceUrls({ root, folder: dirname(file), onFile })] }))
    else copyFileSync(file, outfile) // with its mode
  }
  return packages
}

function addPackages ({ imported, bundled }: Packages, { metafile: { inputs, outputs } }: { metafile: Metafile }): void {
  for (const { path } of Object.values(outputs).flatMap(({ imports }) => imports).filter(({ external, path }) => external && !path.startsWith('node:'))) imported.add(packageName(path))
  for (const path of Object.keys(inputs)) {
    const [, inside] = path.split('node_modules/')
    if (inside !== undefined) bundled.add(packageName(inside))
  }
}

/** The package that a module is of. */
export function packageName (specifier: string): string {
  return specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}
