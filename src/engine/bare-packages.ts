import { readFile } from 'node:fs/promises'
import type { Plugin } from 'esbuild'

/** Packages that look for what a platform has, and would find what is made of them. */
const PACKAGES = /[\\/]node_modules[\\/]@exodus[\\/]bytes[\\/].*\.js$/

/** Bundles these packages as if there were nothing but the language around them. */
export const barePackages: Plugin = {
  name: 'bare-packages',
  setup ({ onLoad }) {
    onLoad({ filter: PACKAGES }, async ({ path }) => ({ contents: (await readFile(path, 'utf8')).replaceAll(/\bglobalThis\b/g, '({})') }))
  },
}
