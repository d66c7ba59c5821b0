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
import { openThread } from './framed-thread.ts'
import { openProcess, type RunnerExit, type RunnerLink } from './runner-link.ts'
import { DEFAULT_MISSED_BEATS, Heartbeat } from './heartbeat.ts'
import { IdleWatch } from './idle-watch.ts'
import { RunConversation, type RunnerAnswer, type RunnerHooks, type RunnerTask } from './run-conversation.ts'

/** Frames that may come of one call of a tool: the call, and what was logged before it and after. */
const FRAMES_PER_CALL = 3

export interface RunnerOptions {
  /** Whether the runner is a process, as it is unless said otherwise, or a thread of this one. */
  isolation?: 'process' | 'thread'
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
 * One runner, a process or a thread of this one, with one run for each of its threads at a time. States: starting → idle ⇄ busy → dead. Whatever it sends that does
 * not fit its state kills it: it is treated as if it were already taken over.
 */
export class RunnerProcess {
  readonly ready: Promise<Isolation>
  readonly #link: RunnerLink
  readonly #ready = Promise.withResolvers<Isolation>()
  readonly #runs = new Map<string, RunConversation>()
  readonly #threads: number
  #frameBytes = RUNNER_FRAME_BYTES
  readonly #missedBeats: number
  #heartbeat: Heartbeat | undefined
  #idle: IdleWatch | undefined
  #cgroup: Cgroup | undefined
  #exit: RunnerExit | undefined
  #end: RunnerEnd | undefined
  #isolation: Isolation | undefined

  constructor (options: RunnerOptions) {
    this.ready = this.#ready.promise
    this.ready.catch(() => {}) // whoever waits is told; nobody has to
    const { threads, memoryMb, bootTimeoutMs, guest, file, resources } = options
    const hooks = { guest, onFrame: (frame: Frame) => this.#take(frame), onExit: (exit: RunnerExit) => this.#leave(exit) }
    this.#link = options.isolation === 'thread' ? openThread(hooks) : openProcess({ ...hooks, file, ...(resources === undefined ? {} : { resources }) })
    this.#threads = threads
    this.#missedBeats = options.missedBeats ?? DEFAULT_MISSED_BEATS
    this.#cgroup = options.createCgroup?.()
    void this.#join().then(() => this.#boot({ type: 'boot', threads, memoryMb, archives: this.#link.archives }, guest.tools)) // it does nothing before that
    const slow = setTimeout(() => this.kill(`The runner was not ready within ${bootTimeoutMs} ms`, 'boot'), bootTimeoutMs)
    this.ready.then(() => clearTimeout(slow), () => clearTimeout(slow))
  }

  get pid (): number | undefined { return this.#link.pid }
  get isolation (): Isolation | undefined { return this.#isolation }
  get exited (): Promise<RunnerExit> { return this.#link.exited }
  /** What ended it; `protocol` where the process that speaks to it found something wrong. */
  get end (): RunnerEnd { return this.#end ?? (this.#exit?.byItself === false ? 'protocol' : 'itself') }

  /** The first reason stands. Whoever names no rung has no more use for it. */
  kill (reason: string, end: RunnerEnd = 'closing'): void {
    this.#end ??= end
    this.#link.kill(reason)
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
      pid: this.#link.pid ?? 0,
      threads: this.#threads,
      kill: (reason, rung) => this.kill(reason, rung),
      answer,
      send: (message, body) => this.#send(message, body),
      uncount: (frames, bytes) => this.#link.uncount(frames, bytes),
      stop,
      onEnd,
    })
    hooks.signal.addEventListener('abort', stop, { once: true })
    this.#runs.set(run.token, run)
    this.#idle?.enter()
    if (this.#runs.size > 1 || this.pid === undefined) for (const each of this.#runs.values()) each.accompany()
    if (this.#exit) run.leave(this.#exit, { shared: false, killedAtMb: undefined }) // it died between being lent and now
    else this.#handOver(run.token, task, hooks.records?.grant ?? null)
    if (hooks.signal.aborted && this.#runs.has(run.token)) stop()
    return run.answer
  }

  /** One that could not be put into a group serves without. */
  async #join (): Promise<void> {
    const { pid } = this.#link
    if (!this.#cgroup || pid === undefined || await this.#cgroup.add(pid)) return
    this.#cgroup.remove()
    this.#cgroup = undefined
  }

  #boot (message: Extract<ToRunner, { type: 'boot' }>, tools: ToolScripts): void {
    if (!this.#link.send(message, Buffer.from(JSON.stringify(tools)))) return
    const { pid } = this
    if (pid === undefined) return
    const watch = new BootWatch({ pid, onStill: (reason) => this.kill(reason, 'boot') })
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
    this.#link.setMaxFrameBytes(this.#frameBytes)
  }

  #send (message: ToRunner, body?: Uint8Array): void {
    this.#link.send(message, body)
  }

  #take (frame: Frame): Promise<void> | void {
    const message = FromRunner.parse(frame.header) // a throw kills the runner
    if (message.type === 'ready') return this.#becomeReady(message.isolation)
    if (message.type === 'beat') return this.#takeBeat(message.thread)
    const run = this.#runs.get(message.token)
    if (!run) throw new Error(`Cannot take "${message.type}": it belongs to no run of this runner`)
    const taken = run.take(message, frame.body)
    if (message.type === 'call') this.#link.uncount(FRAMES_PER_CALL, 0) // the run's own limits counted it
    else if (message.type === 'done') this.#link.uncount(0, frame.body.length) // likewise, and there is one a run
    return taken
  }

  /** What the worker can see for itself it does not take from the runner. */
  #becomeReady ({ permission, uid }: Pick<Isolation, 'permission' | 'uid'>): void {
    if (this.#isolation) throw new Error('Cannot take "ready": the runner said it before')
    const { pid } = this
    this.#isolation = { process: pid !== undefined, permission, uid: readUid(pid ?? 0) ?? uid, cgroup: this.#cgroup !== undefined, threads: this.#threads }
    this.#heartbeat = new Heartbeat({ threads: this.#threads, missedBeats: this.#missedBeats, isDeaf: this.#link.isHeld, onLost: (reason) => this.kill(reason, 'silence') })
    if (pid !== undefined) this.#idle = new IdleWatch({ pid, onBusy: (reason) => this.kill(reason, 'idle') })
    this.#ready.resolve(this.#isolation)
  }

  #takeBeat (thread: number): void {
    if (!this.#heartbeat) throw new Error('Cannot take "beat": the runner is not ready')
    this.#heartbeat.beat(thread)
  }

  #leave (exit: RunnerExit): void {
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
