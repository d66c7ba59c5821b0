import { statSync, mkdirSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { join } from 'node:path'

/** Rights that let others change a file. */
const WRITABLE_BY_OTHERS = 0o022

let chosen: string | undefined

/** Names the folder of what this process keeps. The first name stands, for all of the process. */
export function keepIn (folder: string): void {
  chosen ??= folder
}

/**
 * Answers a folder, which is there, for what is made once and kept for later processes: below the one that `keepIn` named, or else the one
 * where Node keeps what V8 compiled of this process's source. Undefined where nothing is kept, where there can be no folder, and where anybody but this
 * user and root may write: what is kept there is run.
 */
export function keptFolder (name: string): string | undefined {
  const home = chosen ?? getCompileCacheDir()
  if (home === undefined) return undefined
  const folder = join(home, name)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { uid, mode } = statSync(folder)
    return (uid === 0 || uid === (process.geteuid?.() ?? uid)) && (mode & WRITABLE_BY_OTHERS) === 0 ? folder : undefined
  } catch {
    return undefined
  }
}
