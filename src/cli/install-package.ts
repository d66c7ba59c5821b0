import { spawn, spawnSync } from 'node:child_process'
import { getuid } from 'node:process'

const COMMAND_MS = 300_000
/** How long apt-get may wait for another package manager to finish. */
const LOCK_S = 120
const OUTPUT_KEPT_CHARS = 2000

interface Manager {
  name: string
  /** Each a program and its arguments. */
  commands: string[][]
}

/** What a program's package is called, and whether Homebrew has it as an application. */
export interface Package {
  apt: string
  brew: string
  isCask?: boolean
}

/**
 * Installs a package with apt-get or brew where neither asks a question, and starts no service.
 * Answers what went wrong in one text, or undefined when it worked. `onInstall` gets the name of the package manager before it runs.
 */
export async function installPackage (wanted: Package, onInstall: (manager: string) => void): Promise<string | undefined> {
  const manager = findManager(wanted)
  if (!manager) return undefined
  onInstall(manager.name)
  for (const command of manager.commands) {
    const problem = await run(command)
    if (problem) return problem
  }
  return undefined
}

function findManager ({ apt: name, brew, isCask = false }: Package): Manager | undefined {
  const prefix = isPresent('apt-get') ? rootPrefix() : undefined
  if (prefix) return { name: 'apt-get', commands: [apt(prefix, 'update'), apt(prefix, 'install', '--yes', '--no-install-recommends', name)] }
  if (isPresent('brew')) {
    return { name: 'brew', commands: [['env', 'HOMEBREW_NO_AUTO_UPDATE=1', 'NONINTERACTIVE=1', 'brew', 'install', ...(isCask ? ['--cask'] : []), brew]] }
  }
  return undefined
}

/** What to put before a command so that it runs as root without a question; undefined when that cannot be had. */
function rootPrefix (): string[] | undefined {
  if (getuid?.() === 0) return []
  const sudo = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' })
  return sudo.status === 0 ? ['sudo', '-n'] : undefined
}

function apt (prefix: string[], ...args: string[]): string[] {
  return [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '--quiet', '--option', `DPkg::Lock::Timeout=${LOCK_S}`, ...args]
}

function isPresent (name: string): boolean {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0
}

async function run ([file = '', ...args]: string[]): Promise<string | undefined> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: COMMAND_MS })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => { output = (output + text).slice(-OUTPUT_KEPT_CHARS) })
  }
  const ended = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `ended with ${signal ?? code}`))
  })
  return ended && `${[file, ...args].join(' ')}: ${ended}\n${output}`
}
