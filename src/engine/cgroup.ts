import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { isInThisNamespace, readProc } from './proc.ts'
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

/** Where groups can be made; one folder for all controllers in version 2. `pids` is undefined where it cannot be bounded. */
export interface CgroupHome {
  version: 1 | 2
  memory: string
  pids: string | undefined
  /** This process's own group where the home is the one above it: what bounds it would not bound groups beside it. */
  beside?: string
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
  const homes = findHomes(readProc('self/cgroup'), readProc('self/mountinfo'))
  for (const home of homes.filter((candidate) => keepsBounds(candidate) && enableMemory(candidate))) {
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
 * Where groups may perhaps be made, from the texts of /proc/self/cgroup and /proc/self/mountinfo. In version 2 a group that holds
 * processes can have no children with a memory limit, so the one above is the next candidate: systemd's DelegateSubgroup= makes it so.
 */
export function findHomes (cgroup: string, mountinfo: string): CgroupHome[] {
  const lines = cgroup.split('\n').map((line) => line.split(':'))
  const mounts = mountinfo.split('\n').map(parseMount).filter((mount) => mount !== undefined)
  const locate = (controller: string): string | undefined => {
    const own = lines.find(([, names]) => names?.split(',').includes(controller))?.[2]
    const mount = mounts.find(({ type, controllers }) => type === (controller === '' ? 'cgroup2' : 'cgroup') && (controller === '' || controllers.includes(controller)))
    return own === undefined || !mount ? undefined : join(mount.point, insideOf(mount.root, own))
  }
  const [memory, pids, unified] = [locate('memory'), locate('pids'), locate('')]
  const unifiedMount = mounts.find(({ type }) => type === 'cgroup2')?.point
  return [
    ...(memory === undefined ? [] : [{ version: 1, memory, pids } as const]),
    ...(unified === undefined ? [] : [{ version: 2, memory: unified, pids: unified } as const]),
    ...(unified === undefined || unified === unifiedMount ? [] : [{ version: 2, memory: dirname(unified), pids: dirname(unified), beside: unified } as const]),
  ]
}

function keepsBounds ({ beside }: CgroupHome): boolean {
  if (beside === undefined) return true
  return ['memory.max', 'memory.high', 'pids.max'].every((file) => {
    let bound = 'max'
    attempt(() => { bound = readFileSync(join(beside, file), 'latin1').trim() }) // there is none without the controller
    return bound === 'max'
  })
}

/** In version 2, lets children have limits of their own. Answers whether they can. */
function enableMemory ({ version, memory: folder }: CgroupHome): boolean {
  if (version === 1) return true
  const control = join(folder, 'cgroup.subtree_control')
  for (const controller of ['+memory', '+pids', '+cpu']) attempt(() => writeFileSync(control, controller)) // with +cpu runners get equal shares
  let enabled = ''
  attempt(() => { enabled = readFileSync(control, 'latin1') })
  return enabled.split(/\s/).includes('memory') && enabled.split(/\s/).includes('pids')
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

/** Source: proc_pid_mountinfo(5). */
function parseMount (line: string): { root: string, point: string, type: string, controllers: string[] } | undefined {
  const [left = '', right = ''] = line.split(' - ')
  const [, , , root, point] = left.split(' ')
  const [type, , options = ''] = right.split(' ')
  return root === undefined || point === undefined || type === undefined ? undefined : { root, point, type, controllers: options.split(',') }
}

/** A container may see its own group as the root of the mount, but by its path on the machine. */
function insideOf (root: string, path: string): string {
  const inside = relative(root, path)
  return inside.startsWith('..') ? '' : inside
}

function readCount (text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
}

function attempt (act: () => void): boolean {
  try {
    act()
    return true
  } catch {
    return false
  }
}
