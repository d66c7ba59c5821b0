import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { getuid } from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { sha256 } from '../core/digest.ts'
import { stopChild } from './child.ts'

/** Each job that waits or runs has a stream of events, which starts with room for so many bytes. Redis's own default is 4096. */
const STREAM_NODE_BYTES = 1024

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
  const socket = socketPath(folder)
  prepareSocketFolder(socket, folder)
  const log = join(folder, 'redis.log')
  const child = spawnServer(program, [
    '--port', '0', '--unixsocket', socket, '--unixsocketperm', '700',
    '--dir', folder, '--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '',
    '--maxmemory-policy', 'noeviction', '--stream-node-max-bytes', String(STREAM_NODE_BYTES), '--daemonize', 'no', '--logfile', log,
  ])
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(`ended with ${signal ?? code}`))
  }).finally(() => {
    if (dirname(socket) !== folder) rmSync(dirname(socket), { recursive: true, force: true })
  })
  const close = () => stopChild(child, ended, STOP_MS)
  try {
    await waitUntilReady(socket, ended)
  } catch (error) {
    await close()
    throw new Error(`Cannot start Redis: ${readTail(log)}`, { cause: error })
  }
  return { url: `unix://${socket}`, pid: child.pid ?? 0, ended, close }
}

/** Where the server of that folder listens: in it, or in a folder of this user under the system's temporary one when the path would be too long. */
export function socketPath (folder: string): string {
  const near = join(folder, 'redis.sock')
  if (Buffer.byteLength(near) < SOCKET_PATH_BYTES) return near
  return join(tmpdir(), `batchbox-${getuid?.() ?? 0}-${sha256(resolve(folder)).slice(0, 16)}`, 'redis.sock')
}

/** Tells whether a Redis answers on that socket, one that still loads its file included. */
export async function isAnswering (socket: string): Promise<boolean> {
  return (await ping(socket)) !== undefined
}

/** Throws when the temporary folder was made by somebody else, who could then answer in the server's place. */
function prepareSocketFolder (socket: string, folder: string): void {
  const parent = dirname(socket)
  if (parent === folder) return
  mkdirSync(parent, { recursive: true, mode: 0o700 })
  const { uid, mode } = lstatSync(parent)
  if (uid !== (getuid?.() ?? uid) || (mode & 0o777) !== 0o700) throw new Error(`Cannot use ${parent}: it is not this user's alone; set TMPDIR or a shorter BATCHBOX_DATA_DIR`)
}

function spawnServer (program: string, args: string[]): ChildProcess {
  // A group of its own: a terminal's Ctrl-C would stop it under the processes that still write their last words to it.
  const options = { stdio: 'ignore', detached: true } as const
  const canBind = process.platform === 'linux' && spawnSync('setpriv', ['--pdeathsig', 'TERM', 'true'], { stdio: 'ignore' }).status === 0
  // setpriv becomes the server: one process, one pid.
  return canBind ? spawn('setpriv', ['--pdeathsig', 'TERM', '--', program, ...args], options) : spawn(program, args, options)
}

async function waitUntilReady (socket: string, ended: Promise<string>): Promise<void> {
  const deadline = Date.now() + READY_MS
  // A server cannot signal that it is ready except by answering.
  while (Date.now() < deadline) {
    if (await ping(socket) === '+PONG') return
    const over = await Promise.race([ended, wait(POLL_MS)])
    if (over !== undefined) throw new Error(over)
  }
  throw new Error(`no answer within ${READY_MS} ms`)
}

/** The first line that the server answers to PING, or undefined when nobody does. */
function ping (socket: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const connection = createConnection(socket)
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

function readTail (log: string): string {
  try {
    return readFileSync(log, 'utf8').slice(-LOG_TAIL_CHARS)
  } catch {
    return 'it wrote no log'
  }
}
