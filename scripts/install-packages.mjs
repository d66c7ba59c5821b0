// Plain JavaScript: it runs on whichever Node the machine has, before the pinned one is installed.
import { spawn } from 'node:child_process'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const POLL_MS = 200
const SPINNER_MS = 100
const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/**
 * Tells whether `node_modules` holds exactly what `package-lock.json` says, by npm's own record of what it installed.
 * Times would lie: a checkout touches the lock file, and an interrupted install leaves a young folder.
 * @param {string} root
 */
export function isInstalled (root) {
  const wanted = readPackages(join(root, 'package-lock.json'))
  const present = readPackages(join(root, 'node_modules', '.package-lock.json'))
  if (!wanted || !present) return false
  const withoutDev = process.env.NODE_ENV === 'production'
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true // the project itself
    const found = present[path]
    if (!found) return entry.optional === true || (withoutDev && entry.dev === true) // built for another platform, or left out on purpose
    return found.version === entry.version && found.integrity === entry.integrity
  })
}

/**
 * Runs `npm ci` unless the packages are there already. Several starts at once install once: the others wait for it.
 * @param {string} root
 */
export async function installPackages (root) {
  if (isInstalled(root)) return
  const release = await takeInstallLock(join(root, '.batchbox'))
  try {
    if (isInstalled(root)) return
    await runNpmCi(root)
  } finally {
    release()
  }
}

/** @param {string} path */
function readPackages (path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch {
    return undefined // absent or half written: not installed
  }
}

/** @param {string} folder */
async function takeInstallLock (folder) {
  mkdirSync(folder, { recursive: true })
  const lock = join(folder, 'install.lock')
  const own = `${lock}.${process.pid}`
  writeFileSync(own, String(process.pid))
  let told = false
  try {
    for (;;) {
      try {
        linkSync(own, lock) // a link appears with its content or not at all
        return () => rmSync(lock, { force: true })
      } catch (error) {
        if (error.code !== 'EEXIST') throw error
      }
      const holder = readHolder(lock)
      if (holder !== undefined && !isAlive(holder)) rmSync(lock, { force: true })
      else if (!told) {
        told = true
        process.stderr.write(`Waiting for another start (pid ${holder ?? 'unknown'}) to install packages\n`)
      }
      await wait(POLL_MS)
    }
  } finally {
    rmSync(own, { force: true })
  }
}

/** @param {string} lock */
function readHolder (lock) {
  try {
    return Number(readFileSync(lock, 'utf8'))
  } catch {
    return undefined // released in between
  }
}

/** @param {number} pid */
function isAlive (pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** @param {string} root */
async function runNpmCi (root) {
  const started = Date.now()
  const stopSpinner = showProgress(existsSync(join(root, 'node_modules')) ? 'Updating packages' : 'Installing packages', started)
  const child = spawn('npm', ['ci', '--no-audit', '--no-fund', '--no-progress', '--loglevel=warn'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // The machine's own Node may be older than what the packages ask for; the pinned one runs them.
    env: { ...process.env, npm_config_yes: 'true', npm_config_engine_strict: 'false', npm_config_update_notifier: 'false' },
  })
  const stop = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal) // an install that goes on alone would meet the next start's
  for (const name of SIGNALS) process.on(name, stop)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => { output += text })
  /** @type {string | undefined} */
  const problem = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `npm ci ended with ${signal ?? code}`))
  })
  for (const name of SIGNALS) process.off(name, stop)
  stopSpinner()
  if (problem) throw new Error(`Cannot install packages: ${problem}\n${output}`)
  process.stderr.write(`Installed packages in ${((Date.now() - started) / 1000).toFixed(1)} s\n`)
}

/**
 * @param {string} label
 * @param {number} started
 */
function showProgress (label, started) {
  if (!process.stderr.isTTY) {
    process.stderr.write(`${label}…\n`)
    return () => {}
  }
  let frame = 0
  const timer = setInterval(() => {
    const seconds = Math.round((Date.now() - started) / 1000)
    process.stderr.write(`\r\u001b[2K${FRAMES[frame++ % FRAMES.length]} ${label}… ${seconds} s`)
  }, SPINNER_MS)
  return () => {
    clearInterval(timer)
    process.stderr.write('\r\u001b[2K')
  }
}
