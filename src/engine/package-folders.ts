import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** This project's code, or that of the published package. */
const CODE = fileURLToPath(new URL('../', import.meta.url))

let found: readonly string[] | undefined

/** Answers what a process of ours has to read while it starts: our code, its manifest, and the folders that packages are looked for in. Each folder ends in a slash. */
export function readablePaths (): readonly string[] {
  return found ??= [CODE, join(CODE, '../package.json'), ...packageFolders(CODE)]
}

/** Node looks for packages in one folder after another, upwards. */
function packageFolders (folder: string): string[] {
  const here = join(folder, 'node_modules/')
  const above = dirname(folder)
  return [...(existsSync(here) ? [here] : []), ...(above === folder ? [] : packageFolders(above))]
}
