import { readFileSync } from 'node:fs'

/** Place of the start time in /proc/<pid>/stat, counted from the state that follows the name in brackets. Source: proc(5). */
const START_FIELD = 19
/** Begins the argument of a child process that names its owner. */
export const OWNER_FLAG = '--owner='

let own: string | undefined

/** Words for this process that no other process of the machine had or will have: its id, and when the system started it. */
export function ownerTag (): string {
  return own ??= `${process.pid}-${readStartTime(process.pid) ?? 0}`
}

/** The argument by which a child process carries the tag of the process that started it, for others to read. */
export function ownerArgument (): string {
  return `${OWNER_FLAG}${ownerTag()}`
}

/** Tells whether the process that `ownerTag` named lives. Only to be asked in the same pid namespace, where there is a /proc. */
export function isOwnerAlive (tag: string): boolean {
  const [id, started] = tag.split('-')
  const pid = Number(id)
  if (!Number.isSafeInteger(pid) || pid <= 0 || started === undefined) return true // nothing that we wrote
  const found = readStartTime(pid)
  return found === undefined ? isHidden(pid) : found === started
}

/** Some systems show a process only to its own user: then it must not be taken for dead. */
function isHidden (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' // node's own errors have codes
  }
}

/** When a process started, in ticks since the machine did; undefined when it is gone, and where there is no /proc. */
function readStartTime (pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_FIELD] // the name may hold anything
  } catch {
    return undefined
  }
}
