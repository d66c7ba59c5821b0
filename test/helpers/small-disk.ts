import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope } from './scope.ts'

/** Whether this process may mount a file system. */
export const MAY_MOUNT = process.platform === 'linux' && process.getuid?.() === 0

/** Mounts a disk of its own of that size, in memory; what uses it must end before. Answers its folder. */
export function mountSmallDisk (scope: Scope, megabytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder])
  scope.after(() => {
    execFileSync('umount', ['--lazy', folder])
    rmdirSync(folder)
  })
  return folder
}
