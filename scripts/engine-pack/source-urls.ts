import { readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { Plugin } from 'esbuild'

/** A file that a module names by where it is beside it. */
const BESIDE = /new URL\('(\.[^']+\.(?:ts|sh))', import\.meta\.url\)/g
const OWN_URL = /\bimport\.meta\.url\b/g

export interface SourceUrls {
  /** Of our source. */
  root: string
  /** Folder that the bundled module is written to, as it would be named below `root`. */
  folder: string
  /** Hears of each file of our source that is named by where it is, which has to be beside the bundle, too: modules compiled, all else as it is. */
  onFile (file: string): void
}

/** Bundled modules go on to name files by where their sources were. */
export function sourceUrls ({ root, folder, onFile }: SourceUrls): Plugin {
  return {
    name: 'source-urls',
    setup ({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (!path.startsWith(root + sep)) return undefined
        const text = await readFile(path, 'utf8')
        const url = `new URL(${JSON.stringify(relativeUrl(folder, path))}, import.meta.url).href`
        const contents = text.replace(BESIDE, (_, beside: string) => {
          onFile(resolve(dirname(path), beside))
          return `new URL('${beside.replace(/\.ts$/, '.js')}', import.meta.url)`
        }).replace(OWN_URL, url)
        return { contents, loader: 'ts' }
      })
    },
  }
}

function relativeUrl (folder: string, file: string): string {
  const path = relative(folder, file).split(sep).join('/')
  return path.startsWith('.') ? path : `./${path}`
}

/** The path of a module once it is compiled. */
export function compiledPath (root: string, out: string, file: string): string {
  return join(out, relative(root, file)).replace(/\.ts$/, '.js')
}
