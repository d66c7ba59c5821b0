import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const FOLDERS = ['/usr/bin', '/bin']
const TRIAL_MS = 2000

/**
 * Answers the words that, put before a command, have a program of util-linux become that command. None off Linux, and where the program
 * is missing or does not know these arguments, as busybox's may not.
 */
export function findPrefix (program: 'setpriv' | 'prlimit' | 'unshare', args: readonly string[]): readonly string[] {
  const file = process.platform === 'linux' ? FOLDERS.map((folder) => `${folder}/${program}`).find((path) => existsSync(path)) : undefined
  if (file === undefined) return []
  const trial = spawnSync(file, [...args, '/bin/true'], { stdio: 'ignore', env: {}, timeout: TRIAL_MS })
  return trial.status === 0 ? [file, ...args] : []
}
