import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { readProc } from './proc.ts'

/** Where groups can be made; one folder for all controllers in version 2. `pids` is undefined where it cannot be bounded. */
export interface CgroupHome {
  version: 1 | 2
  memory: string
  pids: string | undefined
  /** This process's own group where the home is the one above it: what bounds it would not bound groups beside it. */
  beside?: string
}

/** Where this process may make groups that the kernel holds to their memory, the best first. Has the kernel let them, which may change files of its own group. */
export function listCgroupHomes (): CgroupHome[] {
  return findHomes(readProc('self/cgroup'), readProc('self/mountinfo')).filter((home) => keepsBounds(home) && enableMemory(home))
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

/** Groups beside this process's own are not below what it is bounded by. */
function keepsBounds ({ beside }: CgroupHome): boolean {
  if (beside === undefined) return true
  return ['memory.max', 'memory.high', 'pids.max'].every((file) => ['', 'max'].includes(read(join(beside, file)))) // there is none without the controller
}

/** In version 2, lets children have limits of their own. Answers whether they can. */
function enableMemory ({ version, memory: folder }: CgroupHome): boolean {
  if (version === 1) return true
  const control = join(folder, 'cgroup.subtree_control')
  for (const controller of ['+memory', '+pids', '+cpu']) write(control, controller) // with +cpu runners get equal shares
  const enabled = read(control).split(/\s/)
  return enabled.includes('memory') && enabled.includes('pids')
}

function read (file: string): string {
  try {
    return readFileSync(file, 'latin1').trim()
  } catch {
    return ''
  }
}

function write (file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch {
    // what the file says afterwards tells
  }
}
