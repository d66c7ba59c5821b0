// @ts-check
import { now } from '../clock.js'
import { readGrantedEnv } from '../granted-env.js'
import { requireModule } from '../modules.js'
import { loadLibrary, processObject, queueTick } from '../web/node-library.js'

// `process` as code has it: what Node's library itself has of it, and what is harmless besides. What reaches outside says that it does not.

const EventEmitter = loadLibrary('events')
const { codes: { ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE } } = loadLibrary('internal/errors')
const { validateArray, validateFunction } = loadLibrary('internal/validators')

const NOBODY = 65_534
const NANOSECONDS_A_MS = 1_000_000
const NANOSECONDS_A_SECOND = 1_000_000_000

/** Each with what to do instead, where there is something. */
const REFUSED = {
  abort: '', binding: '', chdir: '', dlopen: '', execve: '', exit: '; return from the code, or throw', kill: '', loadEnvFile: '; values are granted to a job as its "env"', reallyExit: '', setegid: '', seteuid: '', setgid: '',
  setgroups: '', setuid: '', setSourceMapsEnabled: '', setUncaughtExceptionCaptureCallback: '',
}

/** As fine as `performance.now()` is for the run. Source: lib/internal/process/per_thread.js of Node. @param {[number, number]} [time] */
function hrtime (time) {
  const passed = Math.round(now() * NANOSECONDS_A_MS)
  const [seconds, nanoseconds] = [Math.floor(passed / NANOSECONDS_A_SECOND), passed % NANOSECONDS_A_SECOND]
  if (time === undefined) return [seconds, nanoseconds]
  validateArray(time, 'time')
  if (time.length !== 2) throw new ERR_OUT_OF_RANGE('time', 2, time.length)
  const [s, ns] = [seconds - time[0], nanoseconds - time[1]]
  return ns < 0 ? [s - 1, ns + NANOSECONDS_A_SECOND] : [s, ns]
}
hrtime.bigint = function hrtimeBigInt () { return BigInt(Math.round(now() * NANOSECONDS_A_MS)) }

function memoryUsage () { return { rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 } }
memoryUsage.rss = () => 0

/** @param {Function} callback @param {unknown[]} args */
function nextTick (callback, ...args) {
  validateFunction(callback, 'callback')
  queueTick(callback, args)
}

/** @param {unknown} id */
function getBuiltinModule (id) {
  if (typeof id !== 'string') throw new ERR_INVALID_ARG_TYPE('id', 'string', id)
  try {
    return requireModule(id.startsWith('node:') ? id : `node:${id}`)
  } catch {
    return undefined
  }
}

/** Members of a module that Node loads with it: the same here. */
const members = {
  env: readGrantedEnv(),
  hrtime,
  memoryUsage,
  nextTick,
  getBuiltinModule,
  cpuUsage: () => ({ user: 0, system: 0 }),
  resourceUsage: () => ({ userCPUTime: 0, systemCPUTime: 0, maxRSS: 0 }),
  constrainedMemory: () => 0,
  availableMemory: () => 0,
  getuid: () => NOBODY,
  geteuid: () => NOBODY,
  getgid: () => NOBODY,
  getegid: () => NOBODY,
  getgroups: () => [NOBODY],
  allowedNodeEnvironmentFlags: new Set(),
  getActiveResourcesInfo: () => [],
  hasUncaughtExceptionCaptureCallback: () => false,
  ...Object.fromEntries(Object.entries(REFUSED).map(([name, instead]) => [name, {
    [name] () { throw Object.assign(new Error(`Cannot use process.${name}: it is not available in the sandbox${instead}`), { code: 'PERMISSION_DENIED' }) },
  }[name]])),
}

export const process = Object.assign(processObject, members)
/** Node has a class of that name, of which there is one object. */
const Process = { process () {} }.process
Process.prototype = Object.create(EventEmitter.prototype, { constructor: { value: Process, writable: true, configurable: true } })
Object.setPrototypeOf(process, Process.prototype)
Object.defineProperty(process, Symbol.toStringTag, { value: 'process', configurable: true })
EventEmitter.call(process)
