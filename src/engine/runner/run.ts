import { setTimeout as delay } from 'node:timers/promises'
import ivm from 'isolated-vm'
import type { JobModule, StopCode, ToolFailure, ToRunner } from '../../core/runner-protocol.ts'
import { readCallError, readCount, readGuestFailure, type RunFailure } from './failure.ts'
import { buildGuestSettings } from './guest-settings.ts'
import type { WarmIsolate } from './isolate.ts'
import { compileBody } from './job-body.ts'
import { ANSWERING, buildOptions, ONE_WAY, PLAIN_VALUES } from './ivm-options.ts'
import { readLoadError, RunImports } from './run-imports.ts'
import { RunMeter, type RunUsage } from './run-meter.ts'
import { type RecordOutput, RunRecords } from './run-records.ts'
import { type CallTexts, RunTools } from './run-tools.ts'

/** One run, as the thread is given it. */
export interface RunTask extends Omit<Extract<ToRunner, { type: 'run' }>, 'type' | 'codeBytes' | 'sources'> {
  code: string
  sources: readonly JobModule[]
  /** JSON text, in structured form where `structured` says so; of a transform the state to go on from, or nothing. */
  input: string
}

/** What a run ended with. `result` is JSON text, as the guest wrote it. */
export interface RunEnd {
  result: string | null
  failure: RunFailure | null
  usage: RunUsage
}

/** What the run says while it goes on. */
export interface RunVoice {
  /** Elements of a JSON array, as text, with commas between them. */
  logs (lines: string, droppedLines: number, droppedBytes: number): void
  progress (value: number, message: string): void
  /** What it took so far. Said only while that grows. */
  usage (cpuMs: number, nativeCalls: number): void
  /** A call of a tool that the worker answers. */
  call (call: number, tool: string, method: string, args: CallTexts): void
  /** There is room for one more batch of records. */
  pull (): void
  output (output: RecordOutput): void
  stopping (code: StopCode, observed: number): void
}

const CPU_POLL_MS = 10
/** Polls after which it is told what the run took, and what is too little to be told. */
const POLLS_A_WORD = 10
const LITTLE_CPU_MS = 5
/** How long the word that a run is being stopped may take to the worker. */
const WORD_MS = 5
/** What is left to code after it broke a limit that the guest counts. */
const LIMIT_GRACE_MS = 50
/** What is left to code that listens to the signal of its run, after that was cancelled or ran out of time. Within the worker's own grace. */
const SIGNAL_GRACE_MS = 100
/** The isolate's own timeout of one synchronous call stands behind the wall timer, should the thread's loop be held up. */
const TIMEOUT_MARGIN_MS = 100

/**
 * Runs user code in an isolate made for it, once, and disposes of the isolate whatever happens. `stop` resolves early from outside.
 * Never rejects for anything that user code does.
 */
export class Run {
  readonly #task: RunTask
  readonly #warm: WarmIsolate
  readonly #voice: RunVoice
  readonly #ended = Promise.withResolvers<Pick<RunEnd, 'result' | 'failure'>>()
  readonly #tools: RunTools
  readonly #records: RunRecords | undefined
  readonly #meter: RunMeter
  readonly #imports: RunImports
  #phase: 'evaluate' | 'run' = 'evaluate'
  #wake: NodeJS.Timeout | undefined
  #wakeAtOnce: NodeJS.Immediate | undefined
  #grace: NodeJS.Timeout | undefined
  /** The call into the isolate that was made last: they are done one after another. */
  #call: Promise<unknown> = Promise.resolve()
  #polls = 0
  #told = { cpuMs: 0, nativeCalls: 0 }
  #stopped = false
  /** What a run ends with that was told to stop, whatever its code still does. */
  #stopEnd: Pick<RunEnd, 'result' | 'failure'> | undefined
  /** Code asked for the signal of its run. */
  #hasSignal = false
  #isOver = false
  /** Nothing may be said any more: what user code left in the isolate can go on until that is gone. */
  #isTold = false

  constructor (task: RunTask, warm: WarmIsolate, voice: RunVoice) {
    this.#task = task
    this.#warm = warm
    this.#voice = voice
    this.#tools = new RunTools({ grants: task.tools, forward: voice.call, deliver: (...answer) => void this.#enter('deliver', answer) })
    this.#imports = new RunImports({
      warm,
      code: task.form === 'body' ? undefined : task,
      sources: task.sources,
      evaluate: (module) => this.#isOver ? undefined : this.#call = module.evaluate(this.#callOptions()),
      reject: (key, failureText, thrown) => this.#enter('rejectImport', [key, failureText, thrown]),
      fail: (error) => this.#fail(error),
    })
    this.#meter = new RunMeter(warm, { natives: this.#tools, imports: this.#imports })
    this.#records = task.records ? new RunRecords({ grant: task.records, pull: voice.pull, output: voice.output, enter: (name, args) => this.#enter(name, args) }) : undefined
  }

  async finish (): Promise<RunEnd> {
    const wall = setTimeout(() => this.stop('TIMEOUT', this.#meter.wallMs), this.#task.limits.timeoutMs)
    const cpu = setInterval(() => this.#checkCpu(), CPU_POLL_MS)
    const executing = this.#execute()
    const end = await this.#ended.promise
    clearTimeout(wall)
    clearInterval(cpu)
    this.#clearWake()
    clearTimeout(this.#grace)
    this.#isOver = true
    this.#tools.close()
    this.#records?.close()
    const usage = await this.#meter.readUsage(this.#stopped)
    if (this.#stopped) await delay(WORD_MS) // V8 gives the process up for some of the code that it has to stop: why it is stopped has to be told before
    this.#dispose()
    await Promise.allSettled([executing, this.#call, this.#tools.settled(), this.#imports.settled()]) // some built-ins outlive even this: the worker kills the process then
    this.#isTold = true
    return { ...end, usage }
  }

  /** Stops the code for the reason given. Disposing is the only thing that stops a promise that never settles. */
  stop (code: StopCode, observed: number): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#voice.stopping(code, Math.round(observed))
    const end = { result: null, failure: { code, name: 'Error', message: '', stack: '', observed: Math.round(observed), record: 0 } }
    if (!this.#hasSignal || code === 'CPU_LIMIT') return this.#end(end)
    this.#stopEnd = end
    this.#grace = setTimeout(() => this.#end(end), SIGNAL_GRACE_MS)
    void this.#enter('abort', [code])
  }

  /** The worker answered a call of a tool. */
  answer (call: number, failure: ToolFailure | null, texts: CallTexts): void {
    this.#tools.answer(call, failure, texts)
  }

  /** A batch of records came, or word that there are no more. */
  feed (body: Uint8Array, count: number): void {
    this.#records?.feed(body, count)
  }

  /** The worker wrote an output. */
  written (): void {
    this.#records?.written()
  }

  async #execute (): Promise<void> {
    let begin: () => Promise<unknown>
    try {
      this.#prepare()
      this.#records?.pull()
      begin = this.#load() // parsing runs nothing of the user's: no need to leave the thread for it
    } catch (error) {
      return this.#end({ result: null, failure: readLoadError(error, this.#warm.isolate.isDisposed) })
    }
    try {
      this.#call = begin()
      await this.#call
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Answers what executes the code. */
  #load (): () => Promise<unknown> {
    if (this.#task.form !== 'body') {
      const main = this.#imports.link()
      return () => main.evaluate(this.#callOptions())
    }
    const body = compileBody(this.#warm, this.#task, this.#task.limits.timeoutMs)
    return () => this.#warm.guest.startBody.apply(undefined, [body.derefInto(), this.#task.importName === null ? '' : this.#task.file], this.#callOptions())
  }

  #prepare (): void {
    const { guest, imports } = this.#warm
    imports.ask = (...args) => this.#imports.ask(...args)
    const { limits, entry, input, context, tools, hrtime, records, structured } = this.#task
    const ask = new ivm.Callback(this.#tools.ask, ANSWERING)
    const readClock = hrtime ? new ivm.Callback(() => performance.now(), ANSWERING) : undefined
    guest.prepare.applySync(undefined, [new ivm.Callback(this.#hear, ONE_WAY), buildGuestSettings(limits, { records, structured }), entry, input, context, ask, readClock], this.#callOptions())
    for (const { name, config, interfaces } of tools) guest.installTool.applySync(undefined, [name, config, interfaces?.join(',')], this.#callOptions())
  }

  /** The one function the guest can call. Whatever comes is checked as if user code had sent it. It never throws. */
  readonly #hear = (type: unknown, ...args: unknown[]): void => {
    const [a, b, c, d, e, f, g] = args
    if (this.#isTold) return
    if (type === 'result' && typeof a === 'string') this.#endAfterCall({ result: a, failure: this.#checkSize(a) })
    else if (type === 'failure') this.#failAfterCall(readGuestFailure(a, b, c, d, [e, f, g]))
    else if (type === 'entered') this.#phase = 'run'
    else if (type === 'signal') this.#hasSignal = true
    else if (type === 'wake' && typeof a === 'number') this.#wakeIn(a)
    else if (type === 'call') this.#tools.call(a, b, c, d, e)
    else if (type === 'output') this.#records?.take(a, b, c, d, e)
    else if (type === 'logs' && typeof a === 'string') this.#voice.logs(a, readCount(b), readCount(c))
    else if (type === 'progress' && typeof a === 'number' && typeof b === 'string') this.#voice.progress(a, b)
  }

  /** One host timer a run: a new wake replaces the one before. */
  #wakeIn (delayMs: number): void {
    this.#clearWake()
    const tick = () => { void this.#enter('tick', []) }
    if (delayMs < 1) this.#wakeAtOnce = setImmediate(tick) // what is due now follows as fast as the loop turns
    else this.#wake = setTimeout(tick, delayMs)
  }

  #clearWake (): void {
    clearTimeout(this.#wake)
    clearImmediate(this.#wakeAtOnce)
  }

  /** Calls the guest while the run goes on; afterwards there is nobody to call. */
  #enter (name: 'tick' | 'deliver' | 'feed' | 'written' | 'nudge' | 'abort' | 'rejectImport', args: readonly unknown[]): Promise<unknown> | undefined {
    if (this.#isOver) return undefined
    this.#call = this.#warm.guest[name].apply(undefined, [...args], this.#callOptions())
    this.#call.catch((error: unknown) => this.#fail(error))
    return this.#call
  }

  /** A rejection that nobody handled surfaces when the call that made it returns: it counts more than what was posted before. */
  #endAfterCall (end: Pick<RunEnd, 'result' | 'failure'>): void {
    this.#meter.askHeap()
    this.#call.then(() => this.#end(end), (error: unknown) => this.#fail(error))
  }

  /** Code that broke a limit of the guest's may catch what it is told, and go on for ever. */
  #failAfterCall (failure: RunFailure): void {
    const end = { result: null, failure }
    this.#endAfterCall(end)
    if (failure.code !== 'TIMER_LIMIT' && failure.code !== 'TOOL_LIMIT') return
    this.#grace = setTimeout(() => {
      this.#stopped = true
      this.#end(end)
    }, LIMIT_GRACE_MS)
  }

  #fail (error: unknown): void {
    const { wallMs } = this.#meter
    if (wallMs >= this.#task.limits.timeoutMs) return this.stop('TIMEOUT', wallMs) // the isolate's own timeout was faster than ours
    this.#end({ result: null, failure: this.#imports.explain(readCallError(error, this.#phase, this.#warm.isolate.isDisposed)) })
  }

  #end (end: Pick<RunEnd, 'result' | 'failure'>): void {
    this.#ended.resolve(this.#stopEnd ?? end)
  }

  #checkSize (result: string): RunFailure | null {
    const bytes = Buffer.byteLength(result)
    const { resultBytes } = this.#task.limits
    if (bytes <= resultBytes) return null
    return { code: 'RESULT_TOO_LARGE', name: 'RangeError', message: `Cannot return result: it is ${bytes} bytes, more than resultBytes of ${resultBytes}`, stack: '', observed: bytes, record: 0 }
  }

  #checkCpu (): void {
    const cpuMs = this.#meter.readCpuMs()
    if (cpuMs > this.#task.limits.cpuMs) this.stop('CPU_LIMIT', cpuMs)
    else if (++this.#polls % POLLS_A_WORD === 0) this.#tellUsage(cpuMs, this.#tools.nativeCalls)
  }

  #tellUsage (cpuMs: number, nativeCalls: number): void {
    if (cpuMs - this.#told.cpuMs < LITTLE_CPU_MS && nativeCalls === this.#told.nativeCalls) return
    this.#told = { cpuMs, nativeCalls }
    this.#voice.usage(cpuMs, nativeCalls)
  }

  #dispose (): void {
    try {
      this.#warm.isolate.dispose()
    } catch {
      // disposed of already, by the memory limit
    }
  }

  #callOptions (): ivm.ReferenceApplyOptions {
    const timeout = this.#task.limits.timeoutMs + TIMEOUT_MARGIN_MS
    return buildOptions({ timeout, arguments: PLAIN_VALUES, result: PLAIN_VALUES })
  }
}
