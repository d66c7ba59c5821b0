import { gzipSync } from 'node:zlib'
import { build, type BuildOptions } from 'esbuild'

/** Bytes of a bundle for browsers, minified and gzipped. */
export interface BundleSizes {
  /** What a page loads when it imports the entry. */
  first: number
  /** What it loads when it is first needed. */
  later: number
}

/** Bundles an entry as bundlers do that split what is imported on demand, and weighs each file that comes of it. */
export async function weighBundle (entry: Pick<BuildOptions, 'entryPoints' | 'stdin'>): Promise<BundleSizes> {
  const { outputFiles, metafile: { outputs } } = await build({ ...entry, bundle: true, minify: true, format: 'esm', platform: 'browser', target: 'es2022', splitting: true, outdir: '/bundle', metafile: true, write: false, logLevel: 'error' })
  const byName = new Map(Object.entries(outputs).map(([path, output]) => [nameOf(path), output]))
  const first = new Set<string>()
  const visit = (name: string): void => {
    if (first.has(name)) return
    first.add(name)
    for (const { path, kind } of byName.get(name)?.imports ?? []) if (kind !== 'dynamic-import') visit(nameOf(path))
  }
  for (const [name, { entryPoint }] of byName) if (entryPoint !== undefined && isAsked(entry, entryPoint)) visit(name)
  const sizes = outputFiles.map(({ path, contents }) => ({ isFirst: first.has(nameOf(path)), bytes: gzipSync(contents, { level: 9 }).length }))
  const sum = (isFirst: boolean) => sizes.reduce((total, each) => total + (each.isFirst === isFirst ? each.bytes : 0), 0)
  return { first: sum(true), later: sum(false) }
}

/** Whatever is imported on demand is an entry to esbuild, too. */
function isAsked ({ entryPoints, stdin }: Pick<BuildOptions, 'entryPoints' | 'stdin'>, entryPoint: string): boolean {
  return stdin ? entryPoint === '<stdin>' : Array.isArray(entryPoints) && entryPoints.some((asked) => typeof asked === 'string' && asked.endsWith(nameOf(entryPoint)))
}

function nameOf (path: string): string {
  return path.split('/').at(-1) ?? path
}
