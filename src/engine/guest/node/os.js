// @ts-check
import { loadLibrary } from '../web/node-library.js'

const os = loadLibrary('os')

export default os
export const {
  arch, availableParallelism, cpus, endianness, freemem, getPriority, homedir, hostname, loadavg, networkInterfaces, platform, release, setPriority,
  tmpdir, totalmem, type, userInfo, uptime, version, machine, constants, EOL, devNull,
} = os
