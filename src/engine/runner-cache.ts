import { mkdirSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { join } from 'node:path'

let found: { folder: string | undefined } | undefined

/**
 * Answers the folder where runners keep what V8 and Node made of their own source, for the next one to start in two thirds of the time:
 * below the one where this process keeps its own. Undefined where it keeps none, or may not write.
 */
export function runnerCache (): string | undefined {
  found ??= { folder: makeFolder(getCompileCacheDir()) }
  return found.folder
}

function makeFolder (own: string | undefined): string | undefined {
  if (own === undefined) return undefined
  const folder = join(own, 'runner')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 }) // Node's permission model wants a folder to exist
    return folder
  } catch {
    return undefined
  }
}
