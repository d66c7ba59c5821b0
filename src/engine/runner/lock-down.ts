/** Node's permissions that a thread of a runner still has when it is warm. */
const PERMISSIONS = ['worker', 'addon', 'fs'] as const

/** Whether Node's permission model knows of the network: not that of Node 24. */
export const HOLDS_NETWORK = Number.parseInt(process.versions.node) > 24

interface Permission {
  has (scope: string, reference?: string): boolean
  drop (scope: string): void
}

/**
 * Gives up what Node's permission model still grants this thread, for good. Each thread has its own set, and so has the main thread.
 * Throws when something is still granted afterwards.
 */
export function dropPermissions (): void {
  const { permission } = process as typeof process & { permission?: Permission } // its drop is missing in the types
  if (!permission) throw new Error('Cannot serve: the process was started without --permission')
  for (const scope of PERMISSIONS) permission.drop(scope)
  for (const scope of ['fs.read', 'fs.write', 'child', 'worker', 'addon', 'net', 'wasi', 'inspector', 'ffi']) {
    // A scope that is granted for some paths is only seen by asking for one of them
    if (permission.has(scope) || permission.has(scope, import.meta.filename)) throw new Error(`Cannot serve: permission "${scope}" is still granted`)
  }
}

/** Unprivileged user and group on every Unix: what a process started as root becomes. */
const NOBODY = 65_534

/** Gives up root, for good; a process that is not root stays who it is. Answers the user id it has then. */
export function dropRoot (): number | null {
  if (process.getuid?.() !== 0) return process.getuid?.() ?? null
  process.setgroups?.([])
  process.setgid?.(NOBODY)
  process.setuid?.(NOBODY)
  if (process.getuid() === 0 || process.geteuid?.() === 0) throw new Error('Cannot serve: the process is still root')
  return NOBODY
}
