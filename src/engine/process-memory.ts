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

function read (path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
