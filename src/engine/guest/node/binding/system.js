// @ts-check
import { os, systemErrors } from 'node-library:facts'

// What Node's library gets from C++ of the system: its constants and its errors, and values that are the same everywhere.

const NOBODY = 65_534
const MEMORY_BYTES = 134_217_728
const EACCES = -13

const errors = new Map(systemErrors)

export const uvBinding = {
  getErrorMap: () => errors,
  errname: (/** @type {number} */ number) => errors.get(number)?.[0] ?? `Unknown system error ${number}`,
  getErrorMessage: (/** @type {number} */ number) => errors.get(number)?.[1] ?? `Unknown system error ${number}`,
}

export const osConstants = os

export const osBinding = {
  getAvailableParallelism: () => 1,
  getCPUs: () => ['sandbox', 0, 0, 0, 0, 0, 0],
  getFreeMem: () => MEMORY_BYTES,
  getTotalMem: () => MEMORY_BYTES,
  getHomeDirectory: () => '/',
  getHostname: () => 'sandbox',
  getInterfaceAddresses: () => [],
  getLoadAvg () {},
  getPriority: () => 0,
  getOSInformation: () => ['Linux', '#1', '6.0.0', 'x86_64'],
  getUptime: () => 0,
  getUserInfo: () => ({ uid: NOBODY, gid: NOBODY, username: 'nobody', homedir: '/', shell: null }),
  isBigEndian: false,
  /** @param {number} _pid @param {number} _priority @param {object} context */
  setPriority (_pid, _priority, context) {
    Object.assign(context, { syscall: 'uv_os_setpriority', errno: EACCES, code: 'EACCES', message: 'permission denied' })
    return EACCES
  },
}
