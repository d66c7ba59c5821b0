import { Buffer } from 'node:buffer'
import child from 'node:child_process'
import dgram from 'node:dgram'
import dns from 'node:dns/promises'
import { once } from 'node:events'
import fs from 'node:fs'
import inspector from 'node:inspector'
import { getCompileCacheDir } from 'node:module'
import net from 'node:net'
import { Worker } from 'node:worker_threads'
import { HOLDS_NETWORK } from './lock-down.ts'

const LOOPBACK = '127.0.0.1'
/** Where nothing listens, most likely (RFC 863). That it was tried at all is told by another error than a refusal of ours. */
const PORT = 9
const HANGS_MS = 1000

/** What a thread of a runner must not be able to do, and the code or name of the error that says it was refused. None leaves a trace when it is not. */
const PROBES: Readonly<Record<string, readonly [refusal: string, attempt: () => unknown]>> = {
  'read a folder': ['ERR_ACCESS_DENIED', () => fs.readdirSync('/')],
  'read a file outside of its code': ['ERR_ACCESS_DENIED', () => fs.openSync(process.execPath, 'r')],
  'read its own code': ['ERR_ACCESS_DENIED', () => fs.openSync(import.meta.filename, 'r')],
  'write a file': ['ERR_ACCESS_DENIED', () => fs.openSync(getCompileCacheDir() ?? import.meta.filename, 'a')],
  'start a program': ['ERR_ACCESS_DENIED', () => child.spawn(process.execPath, ['--version']).kill()],
  'start a thread': ['ERR_ACCESS_DENIED', () => new Worker('', { eval: true })],
  'start a thread without its flags': ['ERR_ACCESS_DENIED', () => new Worker('', { eval: true, execArgv: [], env: {} })],
  'load an addon': ['ERR_ACCESS_DENIED', () => process.dlopen({ exports: {} }, process.execPath)],
  'reach into Node': ['ERR_ACCESS_DENIED', () => (process as typeof process & { binding (name: string): unknown }).binding('fs')], // gone from the types
  'open the inspector': ['ERR_ACCESS_DENIED', () => new inspector.Session().connect()],
  'use SQLite': ['ERR_UNKNOWN_BUILTIN_MODULE', () => import('node:sqlite'.slice())],
  'make code from a string': ['EvalError', () => { Reflect.construct(Function, ['']) }],
}

/** Likewise, where Node's permission model knows of the network. */
const NETWORK_PROBES: typeof PROBES = {
  'connect to a port': ['ERR_ACCESS_DENIED', () => once(net.connect(PORT, LOOPBACK), 'connect')],
  'listen on a port': ['ERR_ACCESS_DENIED', () => once(net.createServer().listen(0), 'listening')], // with a host it is refused where nobody can catch it
  'send a datagram': ['ERR_ACCESS_DENIED', () => sendDatagram()],
  'look up a name': ['ERR_ACCESS_DENIED', () => dns.lookup('localhost')],
}

/** Tries what this thread must not be able to do. Throws an Error that names everything that was not refused. The permissions must be dropped before. */
export async function probe (): Promise<void> {
  const answers = await Promise.all(Object.entries(HOLDS_NETWORK ? { ...PROBES, ...NETWORK_PROBES } : PROBES).map(async ([name, [refusal, attempt]]) => await isRefused(attempt, refusal) ? [] : [name]))
  const open = answers.flat()
  if (open.length > 0) throw new Error(`Cannot serve: the lock-down does not hold, code could ${open.join(', ')}`)
}

/** Tries to signal the process of another user. Throws an Error when that is not refused. */
export function probeStranger (pid: number): void {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') return // node's own errors have codes
  }
  throw new Error('Cannot serve: the lock-down does not hold, code could signal its worker')
}

async function isRefused (attempt: () => unknown, refusal: string): Promise<boolean> {
  const late = Promise.withResolvers<false>()
  const timer = setTimeout(late.resolve, HANGS_MS, false)
  const answer = Promise.try(attempt).then(() => false, ({ code, name }: NodeJS.ErrnoException) => (code ?? name) === refusal) // node throws errors only
  try {
    return await Promise.race([answer, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

async function sendDatagram (): Promise<void> {
  const socket = dgram.createSocket('udp4')
  socket.send(Buffer.alloc(0), PORT, LOOPBACK)
  await once(socket, 'listening') // it is bound before it sends
}
