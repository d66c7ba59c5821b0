import { readChildren, readProc, readProcessCpuMs, readRssBytes } from '../src/engine/proc.ts'

/** Clock ticks of /proc per second: USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** What a service consists of, as its costs are told apart. */
export type Role = 'api' | 'worker' | 'runners' | 'compilers' | 'redis'

/** The processes that a service was started as. */
export interface ServicePids {
  api: number
  worker: number
  redis: number
}

/** Process ids by role; the worker's children are told apart by what they run. */
export function findProcesses ({ api, worker, redis }: ServicePids): Record<Role, number[]> {
  const children = readChildren(worker)
  const runs = (pid: number, file: string) => readProc(`${pid}/cmdline`).includes(file)
  const compilers = children.filter((pid) => runs(pid, 'engine/compiler/'))
  return {
    api: [api],
    worker: [worker],
    runners: children.filter((pid) => runs(pid, 'engine/runner/')),
    compilers: [...compilers, ...compilers.flatMap(readChildren)],
    redis: [redis],
  }
}

/** CPU milliseconds that each role used so far, by processes alive now; zeros where there is no /proc. */
export function readCpuMs (pids: ServicePids): Record<Role, number> {
  return sumByRole(findProcesses(pids), readProcessCpuMs)
}

/** Of the processes whose CPU milliseconds were read before, the one that used most since. Throws an Error where there are none. */
export function findBusiest (before: ReadonlyMap<number, number>): number {
  const used = [...before].map(([pid, cpuMs]) => ({ pid, cpuMs: readProcessCpuMs(pid) - cpuMs })).sort((a, b) => b.cpuMs - a.cpuMs)
  if (!used[0]) throw new Error('Cannot measure: there are no runners')
  return used[0].pid
}

/** Resident bytes of each role. */
export function readRss (pids: ServicePids): Record<Role, number> {
  return sumByRole(findProcesses(pids), readRssBytes)
}

function sumByRole (processes: Record<Role, number[]>, read: (pid: number) => number): Record<Role, number> {
  const sum = (role: Role) => processes[role].reduce((total, pid) => total + read(pid), 0)
  return { api: sum('api'), worker: sum('worker'), runners: sum('runners'), compilers: sum('compilers'), redis: sum('redis') }
}

/** CPU milliseconds that the whole machine spent on anything, all processors together: the first line of proc(5)'s stat. */
export function readMachineCpuMs (): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = readProc('stat').split('\n', 1)[0]?.split(/\s+/).slice(1).map(Number) ?? []
  return (user + nice + system + irq + softirq) * (1000 / TICKS_PER_SECOND)
}
