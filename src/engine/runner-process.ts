import type { Frame } from '../core/frames.ts'
import { FromRunner } from '../core/runner-messages.ts'
import { type RecordGrant, RUNNER_FRAME_BYTES, RUNNER_HEADER_BYTES, type ToolScripts, type ToRunner } from '../core/runner-protocol.ts'
import type { RunnerEnd } from '../telemetry/metrics/runners.ts'
import type { Limits } from '../core/limits.ts'
import type { Isolation } from '../core/outcome.ts'
import type { GuestImage } from './guest-image.ts'
import { BootWatch } from './boot-watch.ts'
import type { Cgroup } from './cgroup.ts'
import type { ToolAnswer } from './broker.ts'
import { readUid } from './proc.ts'
import type { ResourceLimits } from './resource-limits.ts'
import { buildRunnerCommand } from './runner-command.ts'
import { spawnFramed, type FramedExit, type FramedProcess } from './framed-process.ts'
import { DEFAULT_MISSED_BEATS, Heartbeat } from './heartbeat.ts'
import { IdleWatch } from './idle-watch.ts'
import { RunConversation, type RunnerAnswer, type RunnerHooks, type RunnerTask } from './run-conversation.ts'

const MAX_FRAMES_PER_SECOND = 2000
const MAX_BYTES_PER_SECOND = 67_108_864
/** Frames that may come of one call of a tool: the call, and what was logged before it and after. */
const FRAMES_PER_CALL = 3
const MAX_STDERR_BYTES = 1_048_576
const MAX_UNSENT_BYTES = 536_870_912

export interface RunnerOptions {
  threads: number
  /** What isolates made ahead of time are given. */
  memoryMb: number
  bootTimeoutMs: number
  guest: GuestImage
  /** Looks in a row, about one a second, in which a thread may not be heard. */
  missedBeats?: number
  /** What the system holds the process to, beside its own limits. */
  resources?: ResourceLimits
  /** Makes the control group that the process is put in, if it can. */
  createCgroup?: (() => Cgroup | undefined) | undefined
  /** The module that is the runner; it may read its own folder besides ours. Ours unless given. */
  file?: string
}

/**
 * One runner process with one run for each of its threads at a time. States: starting → idle ⇄ busy → dead. Whatever it sends that does
 * not fit its state kills it: it is treated as if it were already taken over.
 */
export class RunnerProcess {
  readonly ready: Promise<Isolation>
  readonly #process: FramedProcess
  readonly #ready = Promise.withResolvers<Isolation>()
  readonly #runs = new Map<string, RunConversation>()
  readonly #threads: number
  #frameBytes = RUNNER_FRAME_BYTES
  readonly #missedBeats: number
  #heartbeat: Heartbeat | undefined
  #idle: IdleWatch | undefined
  #cgroup: Cgroup | undefined
  #exit: FramedExit | undefined
  #end: RunnerEnd | undefined
  #isolation: Isolation | undefined

  constructor (options: RunnerOptions) {
    this.ready = this.#ready.promise
    this.ready.catch(() => {}) // whoever waits is told; nobody has to
    this.#process = spawnFramed({
      ...buildRunnerCommand(options.file),
      maxFrameBytes: RUNNER_FRAME_BYTES,
      maxHeaderBytes: RUNNER_HEADER_BYTES,
      maxFramesPerSecond: MAX_FRAMES_PER_SECOND,
      maxBytesPerSecond: MAX_BYTES_PER_SECOND,
      maxStderrBytes: MAX_STDERR_BYTES,
      maxUnsentBytes: MAX_UNSENT_BYTES,
      descriptors: options.guest.archives,
      ...(options.resources === undefined ? {} : { resources: options.resources }),
      onFrame: (frame) => this.#take(frame),
      onExit: (exit) => this.#leave(exit),
    })
    const { threads, memoryMb, bootTimeoutMs, guest } = options
    this.#threads = threads
    this.#missedBeats = options.missedBeats ?? DEFAULT_MISSED_BEATS
    this.#cgroup = options.createCgroup?.()
    void this.#join().then(() => this.#boot({ type: 'boot', threads, memoryMb, archives: guest.archives.length }, guest.tools)) // it does nothing before that
    const slow = setTimeout(() => this.kill(`The runner was not ready within ${bootTimeoutMs} ms`, 'boot'), bootTimeoutMs)
    this.ready.then(() => clearTimeout(slow), () => clearTimeout(slow))
  }

  get pid (): number | undefined { return this.#process.pid }
  get isolation (): Isolation | undefined { return this.#isolation }
  get exited (): Promise<FramedExit> { return this.#process.exited }
  /** What ended it; `protocol` where the process that speaks to it found something wrong. */
  get end (): RunnerEnd { return this.#end ?? (this.#exit?.byItself === false ? 'protocol' : 'itself') }

  /** The first reason stands. Whoever names no rung has no more use for it. */
  kill (reason: string, end: RunnerEnd = 'closing'): void {
    this.#end ??= end
    this.#process.kill(reason)
  }

  /** Runs one task; resolves whatever happens. The runner must be ready and have a thread that is idle. */
  run (task: RunnerTask, hooks: RunnerHooks): Promise<RunnerAnswer> {
    if (this.#runs.size >= this.#threads) throw new TypeError('Cannot run task: the runner is busy')
    const answer = (call: number, { text: json, bytes, failure }: ToolAnswer) => {
      const text = Buffer.from(json)
      this.#send({ type: 'answer', token: run.token, call, failure, textBytes: text.length }, Buffer.concat([text, bytes]))
    }
    const onEnd = () => {
      this.#runs.delete(run.token)
      this.#idle?.leave()
      hooks.signal.removeEventListener('abort', stop)
    }
    const stop = () => {
      run.cancel()
      this.#send({ type: 'stop', token: run.token })
    }
    const run = new RunConversation({
      task,
      hooks,
      pid: this.#process.pid ?? 0,
      threads: this.#threads,
      kill: (reason, rung) => this.kill(reason, rung),
      answer,
      send: (message, body) => this.#send(message, body),
      uncount: (frames, bytes) => this.#process.uncount(frames, bytes),
      stop,
      onEnd,
    })
    hooks.signal.addEventListener('abort', stop, { once: true })
    this.#runs.set(run.token, run)
    this.#idle?.enter()
    if (this.#runs.size > 1) for (const each of this.#runs.values()) each.accompany()
    if (this.#exit) run.leave(this.#exit, { shared: false, killedAtMb: undefined }) // it died between being lent and now
    else this.#handOver(run.token, task, hooks.records?.grant ?? null)
    if (hooks.signal.aborted && this.#runs.has(run.token)) stop()
    return run.answer
  }

  /** One that could not be put into a group serves without. */
  async #join (): Promise<void> {
    const { pid } = this.#process
    if (!this.#cgroup || pid === undefined || await this.#cgroup.add(pid)) return
    this.#cgroup.remove()
    this.#cgroup = undefined
  }

  #boot (message: Extract<ToRunner, { type: 'boot' }>, tools: ToolScripts): void {
    if (!this.#process.send(message, Buffer.from(JSON.stringify(tools)))) return
    const watch = new BootWatch({ pid: this.#process.pid ?? 0, onStill: (reason) => this.kill(reason, 'boot') })
    this.ready.then(() => watch.close(), () => watch.close())
  }

  #handOver (token: string, { code: text, sources, input, ...rest }: RunnerTask, records: RecordGrant | null): void {
    this.#allowResult(rest.limits)
    const code = Buffer.from(text)
    const texts = sources.map((source) => Buffer.from(source.code))
    const listed = sources.map(({ file, importName }, i) => ({ file, importName, codeBytes: texts[i]!.length })) // there is one for each
    this.#send({ type: 'run', token, ...rest, records, codeBytes: code.length, sources: listed }, Buffer.concat([code, ...texts, Buffer.from(input)]))
  }

  /** One frame holds a result. */
  #allowResult ({ resultBytes }: Limits): void {
    this.#frameBytes = Math.max(this.#runs.size === 1 ? RUNNER_FRAME_BYTES : this.#frameBytes, resultBytes + RUNNER_HEADER_BYTES)
    this.#process.setMaxFrameBytes(this.#frameBytes)
  }

  #send (message: ToRunner, body?: Uint8Array): void {
    this.#process.send(message, body)
  }

  #take (frame: Frame): Promise<void> | void {
    const message = FromRunner.parse(frame.header) // a throw kills the runner
    if (message.type === 'ready') return this.#becomeReady(message.isolation)
    if (message.type === 'beat') return this.#takeBeat(message.thread)
    const run = this.#runs.get(message.token)
    if (!run) throw new Error(`Cannot take "${message.type}": it belongs to no run of this runner`)
    const taken = run.take(message, frame.body)
    if (message.type === 'call') this.#process.uncount(FRAMES_PER_CALL, 0) // the run's own limits counted it
    else if (message.type === 'done') this.#process.uncount(0, frame.body.length) // likewise, and there is one a run
    return taken
  }

  /** What the worker can see for itself it does not take from the runner. */
  #becomeReady ({ permission, uid }: Pick<Isolation, 'permission' | 'uid'>): void {
    if (this.#isolation) throw new Error('Cannot take "ready": the runner said it before')
    this.#isolation = { process: true, permission, uid: readUid(this.#process.pid ?? 0) ?? uid, cgroup: this.#cgroup !== undefined, threads: this.#threads }
    this.#heartbeat = new Heartbeat({ threads: this.#threads, missedBeats: this.#missedBeats, isDeaf: this.#process.isHeld, onLost: (reason) => this.kill(reason, 'silence') })
    this.#idle = new IdleWatch({ pid: this.#process.pid ?? 0, onBusy: (reason) => this.kill(reason, 'idle') })
    this.#ready.resolve(this.#isolation)
  }

  #takeBeat (thread: number): void {
    if (!this.#heartbeat) throw new Error('Cannot take "beat": the runner is not ready')
    this.#heartbeat.beat(thread)
  }

  #leave (exit: FramedExit): void {
    this.#exit = exit
    this.#heartbeat?.close()
    this.#idle?.close()
    const killedAtMb = this.#cgroup?.killedAtMb
    if (killedAtMb !== undefined) this.#end ??= 'kernel'
    this.#cgroup?.remove()
    this.#ready.reject(new Error(`Cannot start runner: ${exit.reason}${exit.stderrTail && `\n${exit.stderrTail}`}`))
    const shared = this.#runs.size > 1
    for (const run of this.#runs.values()) run.leave(exit, { shared, killedAtMb })
  }
}
