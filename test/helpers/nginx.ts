import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { isExecutable } from '../../src/cli/redis-server.ts'
import { freePort } from './free-port.ts'
import type { Scope } from './scope.ts'
import { until } from './until.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const CONFIGURATION = join(ROOT, 'ops', 'nginx', 'nginx.conf')
/** Where the program is put when the machine has none. */
const OWN_FOLDER = join(ROOT, '.batchbox', 'nginx')
const OWN_PROGRAM = join(OWN_FOLDER, 'usr', 'sbin', 'nginx')
const USUAL_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin']
const LISTEN = 'listen 8080;'

/** A line of the access log. */
export interface Access {
  method: string
  uri: string
  status: number
  upstream: string
  upstreamStatus: string
}

export interface Nginx {
  url: string
  /** The access log so far. */
  accesses (): Access[]
}

/** Starts nginx with the project's configuration in front of these ports, on one of its own. */
export async function startNginx (scope: Scope, ports: readonly number[]): Promise<Nginx> {
  const program = findNginx() ?? fetchNginx()
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-nginx-'))
  scope.after(() => rmSync(folder, { recursive: true, force: true }))
  const port = await freePort()
  const configuration = readFileSync(CONFIGURATION, 'utf8')
  if (!configuration.includes(LISTEN)) throw new Error(`Cannot start nginx: ${CONFIGURATION} has no "${LISTEN}" to put another port in`)
  writeFileSync(join(folder, 'nginx.conf'), configuration.replace(LISTEN, `listen 127.0.0.1:${port};`))
  writeFileSync(join(folder, 'servers.conf'), ports.map((each) => `server 127.0.0.1:${each} max_fails=1 fail_timeout=1s;\n`).join(''))

  const user = process.getuid?.() === 0 ? ['-g', 'user root;'] : [] // the folder is this user's alone
  const [accessLog, errorLog] = [join(folder, 'access.log'), join(folder, 'error.log')]
  const [stdout, stderr] = [openSync(accessLog, 'a'), openSync(errorLog, 'a')] // a pipe of Node is a socket, which cannot be opened as /dev/stdout
  const child = spawn(program, ['-e', 'stderr', '-p', `${folder}/`, '-c', join(folder, 'nginx.conf'), ...user], { stdio: ['ignore', stdout, stderr] })
  for (const file of [stdout, stderr]) closeSync(file)
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve()).once('close', () => resolve())
  })
  scope.after(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const url = `http://127.0.0.1:${port}`
  await until('nginx listens', async () => {
    if (child.exitCode !== null) throw new Error(`Cannot start nginx: it ended with ${child.exitCode}\n${readFileSync(errorLog, 'utf8')}`)
    return fetch(`${url}/metrics`).then((response) => response.status === 404, () => false)
  })
  // Each whole line is an object in the form that the configuration names.
  return { url, accesses: () => readFileSync(accessLog, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as Access) }
}

function findNginx (): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...USUAL_FOLDERS]
  return [...folders.map((folder) => join(folder, 'nginx')), OWN_PROGRAM].find(isExecutable)
}

/** Takes the program out of Debian's package: installing that would also start it as a service. Throws where that cannot be done. */
function fetchNginx (): string {
  mkdirSync(dirname(OWN_FOLDER), { recursive: true })
  const folder = mkdtempSync(`${OWN_FOLDER}-`)
  try {
    const problem = download(folder) && (run('apt-get', ['--quiet', 'update'], folder) ?? download(folder))
    const unpacked = problem ?? run('sh', ['-c', 'dpkg-deb --extract nginx_*.deb .'], folder)
    if (unpacked) throw new Error(`Cannot find nginx, which this test runs behind: install it, for example by\n  sudo apt-get install nginx     or     brew install nginx\n${unpacked}`)
    if (!existsSync(OWN_PROGRAM)) renameSync(folder, OWN_FOLDER)
    return OWN_PROGRAM
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function download (folder: string): string | undefined {
  return run('apt-get', ['--quiet', 'download', 'nginx'], folder)
}

/** Answers what went wrong. */
function run (program: string, args: string[], cwd: string): string | undefined {
  const { status, error, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' })
  return status === 0 ? undefined : `${program} ${args.join(' ')}: ${error?.message ?? `ended with ${status}`}\n${stdout ?? ''}${stderr ?? ''}`
}
