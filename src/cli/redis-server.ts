import { spawnSync } from 'node:child_process'
import { accessSync, constants, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { installPackage } from './install-package.ts'

const NAMES = ['redis-server', 'valkey-server'] as const
const USUAL_FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/opt/homebrew/bin']
const VERSION_LINE = /^(?:Redis|Valkey) server v=/i

export interface RedisSearch {
  /** `PATH` of the environment. */
  path: string
  /** Holds a link named `redis-server` where the system has the program under another name only. */
  binFolder: string
}

/** Answers the path of a Redis or Valkey server on this machine, or undefined. */
export function findRedisServer (search: RedisSearch): string | undefined {
  const folders = [...new Set([...search.path.split(delimiter).filter(Boolean), ...USUAL_FOLDERS])]
  for (const name of NAMES) {
    const found = findProgram(folders, name)
    if (found) return found
  }
  const tools = findProgram(folders, 'redis-check-rdb')
  return tools ? linkServer(tools, search.binFolder) : undefined
}

/**
 * Answers the path of a Redis server, installing one with the system's package manager where that asks no question.
 * `onInstall` is told before. Throws an Error that says what to install when there is none and none can be installed.
 */
export async function ensureRedisServer (search: RedisSearch, onInstall: (how: string) => void): Promise<string> {
  const found = findRedisServer(search)
  if (found) return found
  // Only the tools: they hold the server program, while the package of that name would also start it as a service.
  const problem = await installPackage({ apt: 'redis-tools', brew: 'redis' }, onInstall)
  const installed = findRedisServer(search)
  if (installed) return installed
  throw new Error([
    'Cannot find a Redis server: set REDIS_URL, or install redis-server (or valkey-server), for example by',
    '  sudo apt-get install redis-server     or     brew install redis',
    ...(problem ? [problem] : []),
  ].join('\n'))
}

/** Answers the path of a program in the first of the folders that has it, or undefined. */
export function findProgram (folders: readonly string[], name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

/** Tells whether a file is there that this process may run. */
export function isExecutable (path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Debian's redis-tools hold the whole server in one program that looks at the name it was called by; redis-server adds a link,
 * a user and a service that starts at once on port 6379. The link alone is all that a private server needs.
 */
function linkServer (program: string, binFolder: string): string | undefined {
  const link = join(binFolder, 'redis-server')
  mkdirSync(binFolder, { recursive: true })
  try {
    symlinkSync(program, link)
  } catch {
    if (!isExecutable(link)) return undefined // not a link made by an earlier start
  }
  const answer = spawnSync(link, ['--version'], { encoding: 'utf8' })
  if (VERSION_LINE.test(answer.stdout)) return link
  rmSync(link, { force: true })
  return undefined
}
