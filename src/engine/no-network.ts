import { findPrefix } from './util-linux.ts'

let found: readonly string[] | undefined

/**
 * Answers the words to put before a command so that it has no network at all, loopback included: Node's permission model holds nobody
 * who got past Node. None where this process may not make network namespaces (unshare(2), CAP_SYS_ADMIN) or where unshare (util-linux)
 * is missing. unshare becomes the command, so the process id is the command's.
 */
export function noNetworkPrefix (): readonly string[] {
  return found ??= findPrefix('unshare', ['--net', '--'])
}
