import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const CANDIDATES = ['/usr/bin/prlimit', '/bin/prlimit']
const MB = 1_048_576
let found: { file: string | undefined } | undefined

/** What Linux holds one process to (setrlimit(2)). Limits that are left out stay as they are. */
export interface ResourceLimits {
  /** Memory that it may write and shares with nobody, touched or not (RLIMIT_DATA). */
  dataMb?: number | undefined
  /** One more than the highest descriptor it may open (RLIMIT_NOFILE). */
  openFiles?: number | undefined
}

/**
 * Answers the words to put before a command so that it runs under limits, and never leaves a core dump: it would hold the data of tenants.
 * None where prlimit (util-linux) is missing or does not work. prlimit becomes the command, so the process id is the command's.
 */
export function resourceLimitPrefix ({ dataMb, openFiles }: ResourceLimits): string[] {
  found ??= { file: findFile() }
  if (found.file === undefined) return []
  return [
    found.file,
    '--core=0',
    ...(dataMb === undefined ? [] : [`--data=${dataMb * MB}`]),
    ...(openFiles === undefined ? [] : [`--nofile=${openFiles}`]),
  ]
}

function findFile (): string | undefined {
  const file = process.platform === 'linux' ? CANDIDATES.find((path) => existsSync(path)) : undefined
  if (file === undefined) return undefined
  const tried = spawnSync(file, ['--core=0', '/bin/true'], { stdio: 'ignore', env: {}, timeout: 2000 })
  return tried.status === 0 ? file : undefined
}
