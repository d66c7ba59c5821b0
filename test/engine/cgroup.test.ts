import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openCgroups } from '../../src/engine/cgroup.ts'
import { findHomes } from '../../src/engine/cgroup-homes.ts'
import { killHard } from '../helpers/process-tree.ts'

const LIMITS = { memoryMb: 200, pids: 64 }
const GONE = `${2 ** 22 + 1}-1` // above the largest process id of Linux
const HOG = 'const all = []; process.stdin.once("data", () => { for (;;) all.push(Buffer.alloc(1e7, 1)) }); process.stdout.write("up")'
const writable = { skip: openCgroups(LIMITS) === undefined && 'no control group is writable here' }

/** Folders of groups that this process made and did not remove. */
function ownFolders (): string[] {
  return globSync(`/sys/fs/cgroup/{,**/}batchbox-${process.pid}-*`)
}

const MOUNTS_1 = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
36 31 0:33 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
`
const MOUNTS_2 = '26 20 0:22 / /sys/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n'

const HOMES: [what: string, cgroup: string, mounts: string, homes: ReturnType<typeof findHomes>][] = [
  ['each controller of version 1 where it is mounted', '4:memory:/a/b\n8:pids:/\n', MOUNTS_1, [
    { version: 1, memory: '/sys/fs/cgroup/memory/a/b', pids: '/sys/fs/cgroup/pids' },
  ]],
  ['version 1 without a controller for processes', '4:memory:/a\n', MOUNTS_1, [{ version: 1, memory: '/sys/fs/cgroup/memory/a', pids: undefined }]],
  ['a container that is the root of its mount', '4:memory:/docker/abc\n', '35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n', [
    { version: 1, memory: '/sys/fs/cgroup/memory', pids: undefined },
  ]],
  ['version 2: the own group, and the one above', '0::/system.slice/batchbox.service/worker\n', MOUNTS_2, [
    { version: 2, memory: '/sys/fs/cgroup/system.slice/batchbox.service/worker', pids: '/sys/fs/cgroup/system.slice/batchbox.service/worker' },
    { version: 2, memory: '/sys/fs/cgroup/system.slice/batchbox.service', pids: '/sys/fs/cgroup/system.slice/batchbox.service', beside: '/sys/fs/cgroup/system.slice/batchbox.service/worker' },
  ]],
  ['version 2 at its root, with none above', '0::/\n', MOUNTS_2, [{ version: 2, memory: '/sys/fs/cgroup', pids: '/sys/fs/cgroup' }]],
  ['no groups at all', '', '22 1 0:1 / / rw - ext4 /dev/sda rw\n', []],
]

for (const [what, cgroup, mounts, homes] of HOMES) {
  test(`homes are found: ${what}`, () => {
    assert.deepEqual(findHomes(cgroup, mounts), homes)
  })
}

test('a process that holds more than its group may is killed, the group says so, and is gone with it', writable, async (t) => {
  const group = openCgroups(LIMITS)?.()
  const child = spawn(process.execPath, ['-e', HOG], { stdio: ['pipe', 'pipe', 'inherit'], env: {} })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  assert.equal(group?.killedAtMb, undefined)

  assert.equal(await group?.add(child.pid ?? 0), true)
  child.stdin.write('go')
  const [, signal] = await once(child, 'exit') as [number | null, string | null] // an event of Node's

  assert.equal(signal, 'SIGKILL')
  assert.equal(group?.killedAtMb, LIMITS.memoryMb)
  assert.ok(ownFolders().length > 0)
  group?.remove()
  assert.deepEqual(ownFolders(), [])
})

test('a process that is killed by somebody else is not the memory\'s', writable, async () => {
  const group = openCgroups(LIMITS)?.()
  const child = spawn(process.execPath, ['-e', HOG], { stdio: ['pipe', 'pipe', 'inherit'], env: {} })
  await once(child.stdout, 'data')
  await group?.add(child.pid ?? 0)

  killHard(child.pid ?? 0)
  await once(child, 'exit')

  assert.equal(group?.killedAtMb, undefined)
  group?.remove()
})

test('a process that is gone cannot be put in', writable, async () => {
  const group = openCgroups(LIMITS)?.()

  assert.equal(await group?.add(2 ** 22 + 1), false)
  group?.remove()
})

test('groups whose maker is gone are removed, those of the living stay', writable, () => {
  const living = openCgroups(LIMITS)?.()
  const [folder = ''] = ownFolders()
  const stale = join(folder, '..', `batchbox-${GONE}-0`)
  mkdirSync(stale)

  openCgroups(LIMITS)

  assert.deepEqual([existsSync(stale), existsSync(folder)], [false, true])
  assert.match(readFileSync(join(folder, 'cgroup.procs'), 'utf8'), /^$/)
  living?.remove()
})

test('who is left in a group whose maker is gone is killed, whatever its command line says', writable, async (t) => {
  const living = openCgroups(LIMITS)?.()
  const stale = join(ownFolders()[0] ?? '', '..', `batchbox-${GONE}-1`)
  mkdirSync(stale)
  const child = spawn(process.execPath, ['-e', `process.title = 'sshd'; ${HOG}`], { stdio: ['pipe', 'pipe', 'inherit'], env: {} })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  writeFileSync(join(stale, 'cgroup.procs'), String(child.pid))
  const exited = once(child, 'exit') as Promise<[number | null, string | null]> // an event of Node's

  openCgroups(LIMITS)

  assert.equal((await exited)[1], 'SIGKILL')
  living?.remove()
  openCgroups(LIMITS)
  assert.equal(existsSync(stale), false)
})
