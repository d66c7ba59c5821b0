// Runs a file with the project's pinned Node, after installing the packages when they are missing or out of date.
// Plain JavaScript, since the Node that starts it may be too old to run TypeScript. A shell remembers where it found `node`,
// so a script of two commands would keep the machine's own Node on a first run; this one process starts the pinned one itself.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installPackages } from './install-packages.mjs'

const NODE_MAJOR = 26
const FORWARDED = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])
/** A terminal and npm both pass one Ctrl-C on; the same signal within this time is the same wish. */
const SAME_SIGNAL_MS = 1000
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = join(root, 'node_modules', '.bin')

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}

/** @param {string[]} args */
async function main (args) {
  if (args.length === 0) throw new Error('Usage: node scripts/run.mjs <file> [arguments]')
  await installPackages(root)
  const child = spawn(findNode(), ['--disable-warning=SecurityWarning', ...args], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
  })
  forwardSignals(child)
  child.once('error', (error) => {
    process.stderr.write(`Cannot start Node: ${error.message}\n`)
    process.exitCode = 1
  })
  child.once('exit', (code, signal) => endLike(code, signal))
}

function findNode () {
  const pinned = join(bin, 'node')
  if (existsSync(pinned)) return pinned
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return process.execPath
  throw new Error(`Cannot find Node ${NODE_MAJOR}: none is packaged for ${process.platform} ${process.arch}, and this is ${process.version}; install Node ${NODE_MAJOR}`)
}

/** @param {import('node:child_process').ChildProcess} child */
function forwardSignals (child) {
  const last = new Map()
  for (const name of FORWARDED) {
    process.on(name, () => {
      const now = Date.now()
      if (now - (last.get(name) ?? 0) < SAME_SIGNAL_MS) return
      last.set(name, now)
      child.kill(name)
    })
  }
}

/**
 * @param {number | null} code
 * @param {NodeJS.Signals | null} signal
 */
function endLike (code, signal) {
  if (!signal) process.exit(code ?? 1)
  for (const name of FORWARDED) process.removeAllListeners(name)
  process.kill(process.pid, signal)
  // Reached for a signal that does not end a process by default.
  setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), SAME_SIGNAL_MS)
}
