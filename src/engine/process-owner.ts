import { readStartTime } from './proc.ts'

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
