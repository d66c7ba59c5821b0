import { spawnSync } from 'node:child_process'

const INSTALL_MS = 300_000

/** Answers the program that runs Python, installing Debian's where there is none. Throws an Error where that cannot be done. */
export function ensurePython (): string {
  const program = find()
  if (program !== undefined) return program
  const { status, stderr } = spawnSync('apt-get', ['install', '--yes', '--no-install-recommends', 'python3'], { timeout: INSTALL_MS, encoding: 'utf8' })
  const installed = find()
  if (installed === undefined) throw new Error(`Cannot find python3, nor install it: apt-get ended with ${status}\n${stderr}`)
  return installed
}

function find (): string | undefined {
  return ['/usr/bin/python3', 'python3'].find((program) => spawnSync(program, ['-c', 'import json, urllib.request'], { stdio: 'ignore' }).status === 0)
}
