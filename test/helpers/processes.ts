import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

/** Tells whether a process runs; one that only waits to be collected does not. Where there is no /proc, a signal tells. */
export function isAlive (pid: number): boolean {
  try {
    return process.platform === 'linux' ? !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')) : process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Polls until a process is gone: nothing signals the end of a process that is not our child. */
export async function waitUntilDead (pid: number, withinMs = 5000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (isAlive(pid)) {
    assert.ok(Date.now() < deadline, `process ${pid} lives on after ${withinMs} ms`)
    await new Promise((resolve) => { setTimeout(resolve, 10) })
  }
}
