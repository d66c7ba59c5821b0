import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Frame } from '../core/frames.ts'
import { FromRunner, LogLines } from '../core/runner-messages.ts'
import { RUNNER_FRAME_BYTES, RUNNER_HEADER_BYTES, type ToRunner } from '../core/runner-protocol.ts'
import type { CrashEvidence, Isolation } from '../core/outcome.ts'
import { unreachable } from '../core/unreachable.ts'
import { epochMs } from './epoch.ts'
import { spawnFramed, type FramedExit, type FramedProcess } from './framed-process.ts'
import { RunWatch, type KillCode } from './run-watch.ts'

const RUNNER_FILE = fileURLToPath(new URL('./runner/main.ts', import.meta.url))
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Young generation of the isolates in a runner; V8's own choice for small heaps makes code that allocates a third slower. */
const SEMI_SPACE_MB = 16

/** What Node allows a runner while it starts; it drops all of it before it serves. */
const EXEC_ARGV = [
  '--no-node-snapshot',
  '--permission',
  `--allow-fs-read=${ROOT}src/`,
  `--allow-fs-read=${ROOT}node_modules/`,
  `--allow-fs-read=${ROOT}package.json`,
  '--allow-worker',
  '--allow-addons',
  '--no-experimental-sqlite', // it writes files whatever the permission model says
  '--disallow-code-generation-from-strings',
  '--disable-proto=delete',
  '--disable-sigusr1',
  '--disable-warning=SecurityWarning',
  `--min-semi-space-size=${SEMI_SPACE_MB}`,
  `--max-semi-space-size=${SEMI_SPACE_MB}`,
]

/** Fixed, so that user code sees the same time zone and locale on every machine. LIBC keeps a native loader from probing files. */
const ENVIRONMENT = { LIBC: 'glibc', TZ: 'UTC', LANG: 'en_US.UTF-8' }

const MAX_FRAMES_PER_SECOND = 2000
const MAX_BYTES_PER_SECOND = 67_108_864
const MAX_STDERR_BYTES = 1_048_576
const MAX_UNSENT_BYTES = 536_870_912

export interface RunnerOptions {
  threads: number
  /** What isolates made ahead of time are given. */
  memoryMb: number
  bootTimeoutMs: number
  /** The guest's script. */
  guest: string
}

/** One run as a runner is given it. */
export interface RunnerTask {
  file: string
  code: string
  input: string
  entry: string
  context: string
  limits: Extract<ToRunner, { type: 'run' }>['limits']
}

export interface RunnerHooks {
  signal: AbortSignal
  onLogs (lines: LogLines, dropped: { lines: number, bytes: number }): Promise<void> | void
  onProgress (value: number, message: string): void
}

export type DoneMessage = Extract<FromRunner, { type: 'done' }>

/**
 * What became of a task. `done`: the runner answered and can take another. `killed`: it did not stop when it had to, or held too much
 * memory. `crashed`: it died and nothing that we know of explains why.
 */
export type RunnerAnswer = { startedAt: number, endedAt: number, peakMemoryBytes: number } & (
  | { type: 'done', message: DoneMessage, result: string }
  | { type: 'killed', code: KillCode, observed: number }
  | { type: 'crashed', evidence: CrashEvidence }
)

/**
 * One runner process with one run at a time. States: starting → idle ⇄ busy → dead. Whatever it sends that does not fit its state
 * kills it: it is treated as if it were already taken over.
 */
export class RunnerProcess {
  readonly ready: Promise<Isolation>
  readonly #process: FramedProcess
  readonly #ready = Promise.withResolvers<Isolation>()
  #task: ActiveTask | undefined
  #isolation: Isolation | undefined

  constructor (options: RunnerOptions) {
    this.ready = this.#ready.promise
    this.ready.catch(() => {}) // whoever waits is told; nobody has to
    this.#process = spawnFramed({
      file: RUNNER_FILE,
      execArgv: EXEC_ARGV,
      env: ENVIRONMENT,
      maxFrameBytes: RUNNER_FRAME_BYTES,
      maxHeaderBytes: RUNNER_HEADER_BYTES,
      maxFramesPerSecond: MAX_FRAMES_PER_SECOND,
      maxBytesPerSecond: MAX_BYTES_PER_SECOND,
      maxStderrBytes: MAX_STDERR_BYTES,
      maxUnsentBytes: MAX_UNSENT_BYTES,
      onFrame: (frame) => this.#take(frame),
      onExit: (exit) => this.#leave(exit),
    })
    const { threads, memoryMb, bootTimeoutMs, guest } = options
    this.#send({ type: 'boot', threads, memoryMb }, Buffer.from(guest))
    const slow = setTimeout(() => this.kill(`The runner was not ready within ${bootTimeoutMs} ms`), bootTimeoutMs)
    this.ready.then(() => clearTimeout(slow), () => clearTimeout(slow))
  }

  get pid (): number | undefined { return this.#process.pid }
  get isolation (): Isolation | undefined { return this.#isolation }
  get exited (): Promise<FramedExit> { return this.#process.exited }

  kill (reason: string): void {
    this.#process.kill(reason)
  }

  /** Runs one task; resolves whatever happens. The runner must be ready and idle. */
  run (task: RunnerTask, hooks: RunnerHooks): Promise<RunnerAnswer> {
    if (this.#task) throw new TypeError('Cannot run task: the runner is busy')
    const { promise, resolve } = Promise.withResolvers<RunnerAnswer>()
    const token = randomBytes(16).toString('hex')
    const watch = new RunWatch({
      pid: this.#process.pid ?? 0,
      limits: task.limits,
      payloadBytes: task.code.length + task.input.length,
      kill: (reason) => this.kill(reason),
    })
    const stop = () => {
      watch.stopping('CANCELLED', 0)
      this.#send({ type: 'stop', token })
    }
    this.#task = { token, hooks, watch, startedAt: epochMs(), finish: (answer) => {
      this.#task = undefined
      watch.close()
      hooks.signal.removeEventListener('abort', stop)
      resolve(answer)
    } }
    this.#process.setMaxFrameBytes(Math.max(RUNNER_FRAME_BYTES, task.limits.resultBytes + RUNNER_HEADER_BYTES))
    const code = Buffer.from(task.code)
    const { file, entry, context, limits } = task
    this.#send({ type: 'run', token, file, entry, context, limits, codeBytes: code.length }, Buffer.concat([code, Buffer.from(task.input)]))
    if (hooks.signal.aborted) stop()
    else hooks.signal.addEventListener('abort', stop, { once: true })
    return promise
  }

  #send (message: ToRunner, body?: Buffer): void {
    this.#process.send(message, body)
  }

  #take (frame: Frame): Promise<void> | void {
    const message = FromRunner.parse(frame.header) // a throw kills the runner
    if (message.type === 'ready') return this.#becomeReady(message.isolation)
    const task = this.#task
    if (!task || message.token !== task.token) throw new Error(`Cannot take "${message.type}": it belongs to no run of this runner`)
    switch (message.type) {
      case 'started':
        task.startedAt = epochMs()
        return task.watch.started()
      case 'logs':
        return task.hooks.onLogs(LogLines.parse(JSON.parse(frame.body.toString())), { lines: message.droppedLines, bytes: message.droppedBytes })
      case 'progress':
        return task.hooks.onProgress(message.value, message.message)
      case 'stopping':
        return task.watch.stopping(message.code, message.observed)
      case 'done':
        return task.finish({ type: 'done', message, result: frame.body.toString(), ...this.#times(task) })
      default:
        return unreachable(message)
    }
  }

  #becomeReady (isolation: Isolation): void {
    if (this.#isolation) throw new Error('Cannot take "ready": the runner said it before')
    this.#isolation = isolation
    this.#ready.resolve(isolation)
  }

  #leave (exit: FramedExit): void {
    this.#ready.reject(new Error(`Cannot start runner: ${exit.reason}${exit.stderrTail && `\n${exit.stderrTail}`}`))
    const task = this.#task
    if (!task) return
    const killed = task.watch.killedFor
    if (killed) return task.finish({ type: 'killed', ...killed, ...this.#times(task) })
    const evidence = { signal: exit.signal, exitCode: exit.exitCode, reason: exit.reason, stderr: exit.stderrTail }
    task.finish({ type: 'crashed', evidence, ...this.#times(task) })
  }

  #times (task: ActiveTask) {
    return { startedAt: task.startedAt, endedAt: epochMs(), peakMemoryBytes: task.watch.peakMemoryBytes }
  }
}

interface ActiveTask {
  token: string
  hooks: RunnerHooks
  watch: RunWatch
  /** Epoch milliseconds; when it was handed over, until the runner says that user code started. */
  startedAt: number
  finish (answer: RunnerAnswer): void
}
