import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const KB = 1024
/** Files of one process that are read at once are shorter: one read answers all of such a file. */
const RECORD = Buffer.allocUnsafe(4096)
/** Linux counts a process's time in hundredths of a second, whatever the kernel's own clock does. Source: proc(5), USER_HZ. */
const TICK_MS = 10

/** Numbers of the fields of /proc/<pid>/stat, and of the one that follows the name. Source: proc_pid_stat(5). */
const STAT = { state: 3, userTicks: 14, systemTicks: 15, startTicks: 22, first: 3 } as const

/** Text of a file below /proc; empty when what it tells of is gone or hidden, and where there is no /proc. */
export function readProc (path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'latin1')
  } catch {
    return ''
  }
}

/** The same of a file that the kernel writes in one piece: it is read for every run, and costs a third this way. */
function readRecord (path: string): string {
  let file: number | undefined
  try {
    file = openSync(`/proc/${path}`, 'r')
    return RECORD.toString('latin1', 0, readSync(file, RECORD))
  } catch {
    return ''
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Process ids of a process's children; none when it is gone, and where there is no /proc. */
export function readChildren (pid: number): number[] {
  return readProc(`${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
}

/** Resident bytes of a process and of its children, as Linux counts them; 0 for what is gone, and where there is no /proc. */
export function readTreeRssBytes (pid: number): number {
  return readChildren(pid).reduce((sum, child) => sum + readRssBytes(child), readRssBytes(pid))
}

/** Resident bytes of one process; 0 when it is gone, and where there is no /proc. */
export function readRssBytes (pid: number): number {
  const [, pages] = readRecord(`${pid}/statm`).split(' ', 2)
  return pages === undefined ? 0 : Number(pages) * readPageBytes()
}

let pageBytes = 0

/** Bytes of a page of memory: this process's size, which the kernel tells in both, in rough. What it says at start (auxv) is closed to a process that changed its user. */
function readPageBytes (): number {
  if (pageBytes === 0) {
    const [, kilobytes] = /^VmSize:\s+(\d+) kB$/m.exec(readProc('self/status')) ?? []
    const [pages] = readRecord('self/statm').split(' ', 1)
    pageBytes = 2 ** Math.round(Math.log2(Number(kilobytes) * KB / Number(pages)))
  }
  return pageBytes
}

/** Milliseconds of processor time that a process used, all threads, in steps of ten; 0 when it is gone, and where there is no /proc. */
export function readProcessCpuMs (pid: number): number {
  const field = readStat(pid)
  return (Number(field('userTicks') ?? 0) + Number(field('systemTicks') ?? 0)) * TICK_MS
}

/** The user that a process is; undefined when it is gone, and where there is no /proc. */
export function readUid (pid: number): number | undefined {
  const [, effective] = /^Uid:\s+\d+\s+(\d+)/m.exec(readProc(`${pid}/status`)) ?? []
  return effective === undefined ? undefined : Number(effective)
}

/**
 * When a process started, in ticks since the machine did; `ended` for one that is dead and only waits for its parent to notice. Undefined
 * when it is gone or hidden, and where there is no /proc.
 */
export function readStartTime (pid: number): string | undefined {
  const field = readStat(pid)
  return field('state') === 'Z' ? 'ended' : field('startTicks')
}

/** Tells whether a process belongs to this pid namespace and not to one inside it. Source: proc_pid_status(5), NSpid, from the reader's inwards. */
export function isInThisNamespace (pid: number): boolean {
  const [, ids = ''] = /^NSpid:\s+(.*)$/m.exec(readProc(`${pid}/status`)) ?? []
  return ids === String(pid)
}

function readStat (pid: number): (name: keyof typeof STAT) => string | undefined {
  const stat = readRecord(`${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the name before it may hold anything
  return (name) => fields[STAT[name] - STAT.first]
}
