// @ts-check

import { version, versions } from 'node-library:facts'
import { reportException } from '../report.js'
import { carried, onTaskEnd } from '../timers.js'

// `process` as Node's library knows it: what is harmless of it, and nothing of the host.

const { console } = /** @type {any} */ (globalThis)

/** Node runs ticks when no microtask is left, which JavaScript cannot see: so many turns of the microtasks they stand back. */
const TURNS = 24

/** @type {{ callback: Function, args: unknown[] }[]} */
let queue = []

/** All of it is done before anything else is. A failure ends the run. */
function runQueue () {
  let at = 0
  try {
    while (at < queue.length) {
      const { callback, args } = /** @type {(typeof queue)[0]} */ (queue[at++])
      callback(...args)
    }
  } catch (error) {
    reportException(error)
  }
  queue = []
}

async function runLater () {
  for (let i = 0; i < TURNS && queue.length > 0; i++) await undefined
  runQueue()
}

/** @param {Function} callback @param {unknown[]} args */
export function queueTick (callback, args) {
  if (queue.push({ callback: carried(callback), args }) === 1) runLater()
}

onTaskEnd(() => { if (queue.length > 0) runQueue() })

/** What is written to it goes to the log, as a line. @param {'log' | 'error'} level @param {number} fd */
const buildOutput = (level, fd) => ({
  fd,
  isTTY: false,
  writable: true,
  /** @param {unknown} text */
  write (text) {
    console[level](String(text).replace(/\n$/, ''))
    return true
  },
  end () {},
  on () { return this },
  once () { return this },
  off () { return this },
  removeListener () { return this },
  emit: () => false,
})

export const processObject = {
  stdout: buildOutput('log', 1),
  stderr: buildOutput('error', 2),
  title: 'node',
  version,
  versions,
  arch: 'x64',
  platform: 'linux',
  release: { name: 'node' },
  pid: 1,
  ppid: 0,
  exitCode: undefined,
  argv: ['node', 'job'],
  argv0: 'node',
  execArgv: [],
  execPath: '/usr/bin/node',
  env: {},
  features: {},
  config: { variables: {} },
  noDeprecation: false,
  cwd: () => '/',
  umask: () => 0o22,
  uptime: () => performance.now() / 1000,

  /** @param {Function} callback @param {unknown[]} args */
  nextTick (callback, ...args) { queueTick(callback, args) },

  /** @param {unknown} warning @param {unknown} [type] */
  emitWarning (warning, type) {
    const text = warning instanceof Error ? `${warning.name}: ${warning.message}` : `${typeof type === 'string' ? type : 'Warning'}: ${warning}`
    console.warn(text)
  },
}
