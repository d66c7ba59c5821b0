import { type ChildProcess, spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { FramePump } from '../core/frame-pump.ts'
import { encodeFrame, type Frame, FramingError } from '../core/frames.ts'
import { deathSignalPrefix } from './death-signal.ts'
import { noNetworkPrefix } from './no-network.ts'
import { ownerArgument } from './process-owner.ts'
import { type ResourceLimits, resourceLimitPrefix } from './resource-limits.ts'
import { TokenBucket } from './token-bucket.ts'

const PIPE_FD = 3
const STDERR_TAIL_BYTES = 4096
const REASON_CHARS = 500
/** Headers are parsed: by the megabyte they cost more than a body does. Most are shorter than the first; a few say what failed. */
const HEADER_BYTES = 256
const HEADER_BYTES_PER_SECOND = 1_048_576
/** How long a child that closed its pipe may take to exit, and its last words to arrive after its exit. */
const FAREWELL_MS = 200

export interface FramedProcessOptions {
  /** The module that Node runs. */
  file: string
  execArgv: readonly string[]
  /** The whole environment; nothing is inherited. */
  env: Readonly<Record<string, string>>
  /** Puts the child at the head of a process group of its own that is killed as a whole, for a child that has children. */
  ownGroup?: boolean
  /** Descriptors that the child is left with, from 4 on. */
  descriptors?: readonly number[]
  /** What the system holds the child to. Whatever is said here, it leaves no core dump. */
  resources?: ResourceLimits
  maxFrameBytes: number
  maxHeaderBytes: number
  maxFramesPerSecond: number
  maxBytesPerSecond: number
  /** Over its whole life; the last 4 KB are kept as evidence. */
  maxStderrBytes: number
  /** Most that may wait for the child to read it. */
  maxUnsentBytes: number
  /** Reading is paused while the promise is pending. A throw or a rejection kills the child. */
  onFrame (frame: Frame): Promise<void> | void
  /** Called once, when the child is gone or could not be started. */
  onExit? (exit: FramedExit): void
}

/** `reason` is the first one that was given for the kill, or says that the child went by itself. */
export interface FramedExit {
  signal: string | null
  exitCode: number | null
  reason: string
  stderrTail: string
  /** False for one that was killed by `kill`. */
  byItself: boolean
}

export interface FramedProcess {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined
  readonly exited: Promise<FramedExit>
  /** Answers false when the child is gone or being killed, and nothing was sent. */
  send (header: object, body?: Uint8Array): boolean
  /** SIGKILL. No frame is delivered afterwards. */
  kill (reason: string): void
  /** The burst of bytes allowed grows with it, so that one frame always passes. */
  setMaxFrameBytes (bytes: number): void
  /** Takes frames and bytes that came out of the reckoning of the rates: something else bounds them. */
  uncount (frames: number, bytes: number): void
  /** What the child says is not read at the moment. */
  readonly isHeld: () => boolean
  pause (): void
  resume (): void
}

/**
 * Starts a Node process that is not trusted and speaks to it in frames over a pipe at its descriptor 3. Whatever it does wrong
 * (framing, length, floods of frames, bytes or stderr, closing the pipe, not reading) ends it and touches nothing else.
 */
export function spawnFramed (options: FramedProcessOptions): FramedProcess {
  const now = () => performance.now()
  const frameTokens = new TokenBucket(options.maxFramesPerSecond, options.maxFramesPerSecond, now())
  const headerTokens = new TokenBucket(HEADER_BYTES_PER_SECOND, HEADER_BYTES_PER_SECOND, now())
  const byteTokens = new TokenBucket(options.maxBytesPerSecond, byteBurst(options, options.maxFrameBytes), now())
  const { promise: exited, resolve: settle } = Promise.withResolvers<FramedExit>()
  const child = start(options)
  const pipe = child.stdio?.[PIPE_FD] instanceof Socket ? child.stdio[PIPE_FD] : undefined // none when the system ran out of descriptors
  const stderr = keepStderr(child, options.maxStderrBytes, kill)
  let killReason: string | undefined
  let farewell: NodeJS.Timeout | undefined
  let ended = false

  function kill (reason: string): void {
    if (ended) return
    killReason ??= reason
    pump?.stop()
    killChild(child, options.ownGroup === true)
  }

  function onFrame (frame: Frame): Promise<void> | void {
    if (!frameTokens.take(1, now())) throw new FramingError(`Cannot read frame: more than ${options.maxFramesPerSecond} came in a second`)
    if (!headerTokens.take(Math.max(0, frame.headerBytes - HEADER_BYTES), now())) throw new FramingError(`Cannot read frame: long headers of more than ${HEADER_BYTES_PER_SECOND} bytes came in a second`)
    return options.onFrame(frame)
  }

  function onChunk (bytes: number): void {
    if (!byteTokens.take(bytes, now())) throw new FramingError(`Cannot read frame: more than ${options.maxBytesPerSecond} bytes came in a second`)
  }

  const pump = pipe && new FramePump(pipe, {
    maxFrameBytes: options.maxFrameBytes,
    maxHeaderBytes: options.maxHeaderBytes,
    onFrame,
    onChunk,
    onFault: (error) => kill(error instanceof Error ? error.message.slice(0, REASON_CHARS) : 'Cannot handle frame'),
  })

  function finish (signal: string | null, exitCode: number | null, reason: string): void {
    if (ended) return
    ended = true
    clearTimeout(farewell)
    pump?.stop()
    pipe?.destroy()
    child.stderr?.destroy()
    const exit = { signal, exitCode, reason: killReason ?? reason, stderrTail: stderr(), byItself: killReason === undefined }
    settle(exit)
    options.onExit?.(exit)
  }

  pipe?.on('error', () => kill('Cannot use pipe: it broke')) // EPIPE, ECONNRESET
  pipe?.on('end', () => { farewell ??= setTimeout(kill, FAREWELL_MS, 'Cannot use pipe: the process closed it') })
  child.on('error', (error) => { if (child.pid === undefined) finish(null, null, `Cannot start process: ${error.message}`) })
  child.on('exit', (code, signal) => {
    if (options.ownGroup) killChild(child, true) // what it started does not outlive it
    const done = () => finish(signal, code, 'The process ended by itself')
    clearTimeout(farewell)
    if (killReason !== undefined) pipe?.destroy()
    child.once('close', done)
    farewell = setTimeout(done, FAREWELL_MS) // a paused or inherited pipe never closes
  })

  return {
    pid: child.pid,
    exited,
    kill,
    send (header, body) {
      if (!pipe?.writable || ended || killReason !== undefined) return false
      pipe.write(encodeFrame(header, body))
      if (pipe.writableLength > options.maxUnsentBytes) kill(`Cannot send frame: ${pipe.writableLength} bytes wait to be read`)
      return true
    },
    setMaxFrameBytes (bytes) {
      pump?.setMaxFrameBytes(bytes)
      byteTokens.setBurst(byteBurst(options, bytes))
    },
    uncount (frames, bytes) {
      frameTokens.giveBack(frames)
      byteTokens.giveBack(bytes)
    },
    isHeld: () => pump?.isHeld === true,
    pause: () => pump?.pause(),
    resume: () => pump?.resume(),
  }
}

function byteBurst (options: FramedProcessOptions, maxFrameBytes: number): number {
  return options.maxBytesPerSecond + maxFrameBytes
}

function start (options: FramedProcessOptions): ChildProcess {
  const prefix = [...deathSignalPrefix(), ...noNetworkPrefix(), ...resourceLimitPrefix(options.resources ?? {})]
  const [command = process.execPath, ...args] = [...prefix, process.execPath, ...options.execArgv, options.file, ownerArgument()]
  return spawn(command, args, {
    env: { ...options.env },
    detached: options.ownGroup === true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', ...options.descriptors ?? []],
  })
}

function killChild (child: ChildProcess, group: boolean): void {
  child.kill('SIGKILL')
  if (!group || child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // the whole group is gone already
  }
}

/** Answers a function that reads the tail of what the child wrote to stderr so far. */
function keepStderr (child: ChildProcess, maxBytes: number, kill: (reason: string) => void): () => string {
  let seen = 0
  let tail = Buffer.alloc(0)
  child.stderr?.on('error', () => {}) // the exit tells
  child.stderr?.on('data', (chunk: Buffer) => {
    seen += chunk.length
    tail = Buffer.concat([tail, chunk.subarray(-STDERR_TAIL_BYTES)]).subarray(-STDERR_TAIL_BYTES)
    if (seen > maxBytes) kill(`Cannot keep stderr: more than ${maxBytes} bytes were written`)
  })
  return () => tail.toString('utf8')
}
