import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

/** Packages that look for what a platform has, and would find what is made of them. */
const PACKAGES = /[\\/]node_modules[\\/]@exodus[\\/]bytes[\\/].*\.js$/
/** Takes most of what it imports from a platform, or is far too large for an isolate because of it. */
const WHATWG_URL = /[\\/]node_modules[\\/]whatwg-url[\\/]/
const WHATWG_URL_IMPORTS = /^(?:tr46|\.\/encoding|@exodus\/bytes\/(?:encoding|whatwg)\.js)$/
const WHATWG_URL_PARTS = fileURLToPath(new URL('./guest/web/whatwg-url-parts.js', import.meta.url))

/** Bundles these packages as if there were nothing but the language around them, and the guest's own modules. */
export const barePackages: Plugin = {
  name: 'bare-packages',
  setup ({ onLoad, onResolve }) {
    onLoad({ filter: PACKAGES }, async ({ path }) => ({ contents: (await readFile(path, 'utf8')).replaceAll(/\bglobalThis\b/g, '({})') }))
    onResolve({ filter: WHATWG_URL_IMPORTS }, ({ importer }) => WHATWG_URL.test(importer) ? { path: WHATWG_URL_PARTS } : undefined)
  },
}
