import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** A socket's path is cut off at 104 bytes on macOS and 108 on Linux, its closing zero included: sun_path of sys/un.h. */
const SOCKET_PATH_BYTES = 100
const READY_MS = 20_000
const POLL_MS = 15
const PING_MS = 1000
const STOP_MS = 8000
const LOG_TAIL_CHARS = 1500

export interface PrivateRedisOptions {
  /** Path of the server program. */
  program: string
  /** Its own folder, made when missing: append-only file, log and, when the path is short enough, the socket. */
  folder: string
}

/** A Redis server on a Unix socket that this process owns. */
export interface PrivateRedis {
  /** `unix://` and the path of the socket. */
  url: string
  pid: number
  /** Resolves when the server has ended, for whatever reason, with a text that says how. */
  ended: Promise<string>
  /** Stops it gracefully, so that its file is complete; kills it when that takes too long. */
  close(): Promise<void>
}

/**
 * Starts a Redis server that listens on a Unix socket only, appends to its file every second and never evicts. It ends with its
 * starter, even a killed one, where the system has parent-death signals. Throws an Error with the end of its log when it is not ready in time.
 */
export async function startPrivateRedis ({ program, folder }: PrivateRedisOptions): Promise<PrivateRedis> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const socket = chooseSocket(folder)
  const log = join(folder, 'redis.log')
  const child = spawnServer(program, [
    '--port', '0', '--unixsocket', socket.path, '--unixsocketperm', '700',
    '--dir', folder, '--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '',
    '--maxmemory-policy', 'noeviction', '--daemonize', 'no', '--logfile', log,
  ])
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(`ended with ${signal ?? code}`))
  }).finally(socket.remove)
  const close = () => stop(child, ended)
  try {
    await waitUntilReady(socket.path, ended)
  } catch (error) {
    await close()
    throw new Error(`Cannot start Redis: ${readTail(log)}`, { cause: error })
  }
  return { url: `unix://${socket.path}`, pid: child.pid ?? 0, ended, close }
}

/** Tells whether a Redis answers on that socket, one that still loads its file included. */
export async function isAnswering (socketPath: string): Promise<boolean> {
  return (await ping(socketPath)) !== undefined
}

function chooseSocket (folder: string): { path: string, remove(): void } {
  const near = join(folder, 'redis.sock')
  if (Buffer.byteLength(near) < SOCKET_PATH_BYTES) return { path: near, remove: () => rmSync(near, { force: true }) }
  const short = mkdtempSync(join(tmpdir(), 'batchbox-')) // made for this user alone (0700)
  return { path: join(short, 'redis.sock'), remove: () => rmSync(short, { recursive: true, force: true }) }
}

function spawnServer (program: string, args: string[]): ChildProcess {
  const options = { stdio: 'ignore' } as const
  const canBind = process.platform === 'linux' && spawnSync('setpriv', ['--pdeathsig', 'TERM', 'true'], { stdio: 'ignore' }).status === 0
  // setpriv becomes the server: one process, one pid.
  return canBind ? spawn('setpriv', ['--pdeathsig', 'TERM', '--', program, ...args], options) : spawn(program, args, options)
}

async function waitUntilReady (socketPath: string, ended: Promise<string>): Promise<void> {
  const deadline = Date.now() + READY_MS
  // A server cannot signal that it is ready except by answering.
  while (Date.now() < deadline) {
    if (await ping(socketPath) === '+PONG') return
    const over = await Promise.race([ended, wait(POLL_MS)])
    if (over !== undefined) throw new Error(over)
  }
  throw new Error(`no answer within ${READY_MS} ms`)
}

/** The first line that the server answers to PING, or undefined when nobody does. */
function ping (socketPath: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const connection = createConnection(socketPath)
    const finish = (answer?: string) => {
      connection.destroy()
      resolve(answer)
    }
    connection.setTimeout(PING_MS, () => finish())
    connection.once('error', () => finish())
    connection.once('close', () => finish())
    connection.once('connect', () => connection.write('PING\r\n'))
    connection.once('data', (data) => finish(data.toString('latin1').split('\r\n', 1)[0]))
  })
}

async function stop (child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await ended
  clearTimeout(timer)
}

function readTail (log: string): string {
  try {
    return readFileSync(log, 'utf8').slice(-LOG_TAIL_CHARS)
  } catch {
    return 'it wrote no log'
  }
}
