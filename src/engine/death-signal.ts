import { findPrefix } from './util-linux.ts'

let found: readonly string[] | undefined

/**
 * Answers the words to put before a command so that Linux kills it when the thread that started it ends (prctl(2),
 * PR_SET_PDEATHSIG), and so that no program that it starts has more rights than itself (PR_SET_NO_NEW_PRIVS); none where setpriv (util-linux) is missing or does not know how. setpriv becomes the command, so the
 * process id is the command's. The kernel forgets the signal when the process changes its user: a pipe has to do the rest.
 */
export function deathSignalPrefix (): readonly string[] {
  return found ??= findPrefix('setpriv', ['--pdeathsig', 'KILL', '--no-new-privs', '--'])
}
