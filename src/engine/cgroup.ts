import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CgroupHome, listCgroupHomes } from './cgroup-homes.ts'
import { isInThisNamespace } from './proc.ts'
import { isOwnerAlive, ownerTag } from './process-owner.ts'

const MB = 1_048_576
/** Memory is charged in batches: the one that does not fit is not in the peak. */
const AT_LIMIT = 0.98
const NAME = /^batchbox-(?<owner>\d+-\d+)-\d+$/

/** What the kernel holds each group to. */
export interface CgroupLimits {
  memoryMb: number
  /** Threads count as processes. */
  pids: number
}

/** Names of files, by version. Source: admin-guide/cgroup-v1/memory.rst and admin-guide/cgroup-v2.rst of the kernel. */
const FILES = {
  1: { memory: 'memory.limit_in_bytes', swap: 'memory.memsw.limit_in_bytes', peak: 'memory.max_usage_in_bytes', kills: 'memory.oom_control' },
  2: { memory: 'memory.max', swap: 'memory.swap.max', peak: 'memory.peak', kills: 'memory.events' },
} as const

/** A control group for one process: what it may use, all of its threads together, whatever it became. */
export class Cgroup {
  readonly #home: CgroupHome
  readonly #folders: readonly string[]
  readonly #memoryMb: number

  /** Throws when the kernel, or whoever runs this process, does not allow it. */
  constructor (home: CgroupHome, name: string, { memoryMb, pids }: CgroupLimits) {
    this.#home = home
    this.#memoryMb = memoryMb
    this.#folders = [...new Set([home.memory, home.pids])].filter((folder) => folder !== undefined).map((folder) => join(folder, name))
    const files = FILES[home.version]
    try {
      for (const folder of this.#folders) mkdirSync(folder)
      this.#write(files.memory, memoryMb * MB)
      attempt(() => this.#write(files.swap, home.version === 1 ? memoryMb * MB : 0)) // version 1 counts memory and swap together
      if (home.pids) writeFileSync(join(home.pids, name, 'pids.max'), String(pids))
    } catch (error) {
      this.remove()
      throw error
    }
  }

  /** Puts a process in, with all that it starts from then on. Resolves to false when that failed. The kernel takes some 10 ms for it. */
  async add (pid: number): Promise<boolean> {
    try {
      for (const folder of this.#folders) await writeFile(join(folder, 'cgroup.procs'), String(pid))
      return true
    } catch {
      return false
    }
  }

  /** Megabytes that the group held at the most, if the kernel killed in it because it held more than it may; undefined otherwise. */
  get killedAtMb (): number | undefined {
    const { kills, peak } = FILES[this.#home.version]
    if (readCount(this.#read(kills), 'oom_kill') === 0) return undefined
    const mb = Number(this.#read(peak)) / MB // version 2 has no peak before Linux 5.19
    // Whoever is killed when the whole machine is out of memory is counted as well: but that group never met its own limit.
    const isAtLimit = this.#home.version === 1 ? mb >= this.#memoryMb * AT_LIMIT : readCount(this.#read(kills), 'max') > 0
    return isAtLimit ? Math.round(Math.max(mb, this.#memoryMb)) : undefined
  }

  /** To be called when its process is gone; one that is not empty is left, for a later worker to sweep. */
  remove (): void {
    for (const folder of this.#folders) attempt(() => rmdirSync(folder))
  }

  #write (file: string, value: number): void {
    writeFileSync(join(this.#folders[0] ?? '', file), String(value))
  }

  #read (file: string): string {
    try {
      return readFileSync(join(this.#folders[0] ?? '', file), 'latin1')
    } catch {
      return ''
    }
  }
}

/**
 * Answers a function that makes groups below this process's own, so that its limits bound them as well; undefined where none can be made.
 * Groups whose makers are gone are emptied and removed first.
 */
export function openCgroups (limits: CgroupLimits): (() => Cgroup | undefined) | undefined {
  let count = 0
  for (const home of listCgroupHomes()) {
    for (const folder of [home.memory, home.pids]) if (folder) sweep(folder)
    const create = (): Cgroup | undefined => {
      try {
        return new Cgroup(home, `batchbox-${ownerTag()}-${count++}`, limits)
      } catch {
        return undefined
      }
    }
    const first = create()
    first?.remove()
    if (first) return create
  }
  return undefined
}

/**
 * Removes the groups whose makers are gone, and kills who is left in them: a process can change its command line, but not its group. Whoever
 * dies slowly keeps the folder for the next time.
 */
function sweep (folder: string): void {
  attempt(() => {
    for (const name of readdirSync(folder)) {
      const owner = NAME.exec(name)?.groups?.['owner']
      if (owner === undefined || isOwnerAlive(owner)) continue
      attempt(() => killMembers(join(folder, name)))
      attempt(() => rmdirSync(join(folder, name)))
    }
  })
}

function killMembers (folder: string): void {
  const pids = readFileSync(join(folder, 'cgroup.procs'), 'latin1').split('\n').map(Number)
  for (const pid of pids) if (pid > 0 && isInThisNamespace(pid)) attempt(() => process.kill(pid, 'SIGKILL'))
}

function readCount (text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
}

/** For what may be refused without harm. */
function attempt (act: () => void): void {
  try {
    act()
  } catch {
    // it stays as it is
  }
}
