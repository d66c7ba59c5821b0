import { readdirSync, readFileSync } from 'node:fs'

export interface TreeProcess {
  pid: number
  /** Its command line, words divided by spaces. */
  command: string
}

/** Every live process below that one, as far as /proc tells. */
export function descendantsOf (root: number): TreeProcess[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const parent = Number.isInteger(pid) ? readParent(pid) : undefined
    if (parent !== undefined) parents.set(pid, parent)
  }
  const isBelow = (pid: number | undefined): boolean => pid !== undefined && pid !== 0 && (pid === root || isBelow(parents.get(pid)))
  return [...parents].filter(([, parent]) => isBelow(parent)).map(([pid]) => ({ pid, command: readCommand(pid) }))
}

/** The runners of a worker. */
export function runnersOf (worker: number): number[] {
  return descendantsOf(worker).filter(({ command }) => command.includes('engine/runner/main.ts')).map(({ pid }) => pid)
}

/** Kills a process that may be gone already. */
export function killHard (pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it was faster
  }
}

/** Undefined for a process that is gone or only waits to be collected. Source: proc(5), stat. */
function readParent (pid: number): number | undefined {
  const stat = readProc(pid, 'stat')
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the name before it may hold spaces
  return state === undefined || state === '' || state === 'Z' || state === 'X' ? undefined : Number(parent)
}

function readCommand (pid: number): string {
  return readProc(pid, 'cmdline').replaceAll('\0', ' ')
}

function readProc (pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return '' // it ended meanwhile
  }
}
