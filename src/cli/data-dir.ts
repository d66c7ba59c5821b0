import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { readStartTime } from '../engine/proc.ts'

/** Deciding who holds a folder takes microseconds; a guard this old was left by a process that was killed in between. */
const GUARD_STALE_MS = 10_000
const GUARD_WAIT_MS = 20_000
const GUARD_POLL_MS = 5

const Holder = z.object({
  pid: z.number().int(),
  /** When the system started that process, in its own words: a pid alone may have gone to another. */
  started: z.string().nullable(),
  token: z.string(),
})
type Holder = z.infer<typeof Holder>

/** The folder is held by a live process. */
export class DataDirHeldError extends Error {
  override readonly name = 'DataDirHeldError'
}

/** A data folder that this process holds alone. */
export interface DataDir {
  path: string
  /** Lets another process have it. */
  release(): void
}

/**
 * Makes the folder when missing and takes it for this process. A lock whose holder is dead is taken over.
 * Throws a DataDirHeldError that names the holder's pid when a live process has it.
 */
export function takeDataDir (folder: string): DataDir {
  const path = resolve(folder)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const lock = join(path, 'lock')
  const own: Holder = { pid: process.pid, started: readStartTime(process.pid) ?? null, token: randomUUID() }
  underGuard(join(path, 'lock.guard'), () => {
    const holder = readHolder(lock)
    if (holder && isAlive(holder)) {
      throw new DataDirHeldError(`Cannot use ${path}: it is held by the Batchbox of pid ${holder.pid}; stop that one or set BATCHBOX_DATA_DIR to another folder`)
    }
    const draft = `${lock}.${own.token}`
    writeFileSync(draft, JSON.stringify(own))
    renameSync(draft, lock)
  })
  return {
    path,
    release: () => {
      if (readHolder(lock)?.token === own.token) rmSync(lock, { force: true })
    },
  }
}

/** Runs a short, synchronous decision while no other process runs one on the same folder. */
function underGuard (guard: string, decide: () => void): void {
  const deadline = Date.now() + GUARD_WAIT_MS
  while (!makeFolder(guard)) {
    if (Date.now() > deadline) throw new Error(`Cannot take ${guard}: remove it if no Batchbox is starting`)
    if (ageMs(guard) > GUARD_STALE_MS) removeFolder(guard)
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, GUARD_POLL_MS)
  }
  try {
    decide()
  } finally {
    removeFolder(guard)
  }
}

function makeFolder (path: string): boolean {
  try {
    mkdirSync(path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

function removeFolder (path: string): void {
  try {
    rmdirSync(path)
  } catch {
    // another process that found it stale was faster
  }
}

function ageMs (path: string): number {
  return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
}

function readHolder (lock: string): Holder | undefined {
  try {
    return Holder.parse(JSON.parse(readFileSync(lock, 'utf8')))
  } catch {
    return undefined // nobody's, or not a lock that we wrote
  }
}

function isAlive (holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
  const started = readStartTime(holder.pid)
  return started === undefined || holder.started === null || started === holder.started
}
