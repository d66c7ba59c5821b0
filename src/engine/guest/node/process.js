// @ts-check
import { process } from './process-parts.js'

export default process
export const {
  arch, argv, argv0, availableMemory, config, constrainedMemory, cpuUsage, cwd, emitWarning, env, execArgv, execPath, exit, features, getBuiltinModule, getegid, geteuid, getgid, getgroups, getuid, hrtime, kill, memoryUsage,
  nextTick, pid, platform, ppid, release, resourceUsage, stderr, stdout, title, umask, uptime, version, versions,
} = /** @type {any} */ (process)
