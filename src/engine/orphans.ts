import { readdirSync } from 'node:fs'
import { isInThisNamespace, readProc } from './proc.ts'
import { isOwnerAlive, OWNER_FLAG } from './process-owner.ts'

/**
 * Kills the processes that run one of these files and whose owner is gone, with the groups that they lead; answers their ids. A child ends
 * by itself when its pipe does, and the kernel kills one whose user did not change, but one that was stopped or stuck in native code stays.
 * One that was taken over may have changed its command line: only its control group tells of it, see `openCgroups`.
 * Only processes of this pid namespace are looked at, since elsewhere an owner's id means somebody else. Does nothing off Linux.
 */
export function killOrphans (files: readonly string[]): number[] {
  return listPids().filter((pid) => isOrphan(pid, files) && kill(pid))
}

function isOrphan (pid: number, files: readonly string[]): boolean {
  const words = readProc(`${pid}/cmdline`).split('\0')
  const owner = words.find((word) => word.startsWith(OWNER_FLAG))?.slice(OWNER_FLAG.length)
  if (owner === undefined || !words.some((word) => files.includes(word))) return false
  return isInThisNamespace(pid) && !isOwnerAlive(owner)
}

function kill (pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    return false // it was faster, or it is somebody else's
  }
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // it leads no group
  }
  return true
}

function listPids (): number[] {
  try {
    return readdirSync('/proc').map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid)
  } catch {
    return []
  }
}
