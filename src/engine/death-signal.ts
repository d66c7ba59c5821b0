import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const CANDIDATES = ['/usr/bin/setpriv', '/bin/setpriv']
let found: readonly string[] | undefined

/**
 * Answers the words to put before a command so that Linux kills it when the thread that started it ends (prctl(2),
 * PR_SET_PDEATHSIG); none where setpriv (util-linux) is missing or does not know how. setpriv becomes the command, so the
 * process id is the command's. The kernel forgets the signal when the process changes its user: a pipe has to do the rest.
 */
export function deathSignalPrefix (): readonly string[] {
  found ??= findPrefix()
  return found
}

function findPrefix (): readonly string[] {
  const file = process.platform === 'linux' ? CANDIDATES.find((path) => existsSync(path)) : undefined
  if (file === undefined) return []
  const prefix = [file, '--pdeathsig', 'KILL', '--']
  const tried = spawnSync(file, [...prefix.slice(1), '/bin/true'], { stdio: 'ignore', env: {}, timeout: 2000 })
  return tried.status === 0 ? prefix : [] // busybox has a setpriv without it
}
