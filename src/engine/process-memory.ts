import { readFileSync } from 'node:fs'

const KB = 1024

/** Resident bytes of a process and of its children, as Linux counts them; 0 for what is gone, and where there is no /proc. */
export function readTreeRssBytes (pid: number): number {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean)
  return children.reduce((sum, child) => sum + readRssBytes(Number(child)), readRssBytes(pid))
}

/** Resident bytes of one process; 0 when it is gone, and where there is no /proc. */
export function readRssBytes (pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`)) ?? []
  return Number(kilobytes ?? 0) * KB
}

/** Linux counts a process's time in hundredths of a second, whatever the kernel's own clock does. Source: proc(5), USER_HZ. */
const TICK_MS = 10
/** Places of utime and stime in /proc/<pid>/stat, counted from the state that follows the name in brackets. */
const TIME_FIELDS = [11, 12] as const

/** Milliseconds of processor time that a process used, in steps of ten; 0 when it is gone, and where there is no /proc. */
export function readCpuMs (pid: number): number {
  const stat = read(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the name may hold anything
  return TIME_FIELDS.reduce((sum, field) => sum + Number(fields[field] ?? 0), 0) * TICK_MS
}

/** The user that a process is; undefined when it is gone, and where there is no /proc. */
export function readUid (pid: number): number | undefined {
  const [, effective] = /^Uid:\s+\d+\s+(\d+)/m.exec(read(`/proc/${pid}/status`)) ?? []
  return effective === undefined ? undefined : Number(effective)
}

function read (path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
