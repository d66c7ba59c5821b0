import { randomUUID } from 'node:crypto'
import { parseErrorDetails } from '../core/error-details.ts'
import type { CodeForm } from '../core/job-sources.ts'
import { INLINE_RESULT_BYTES } from '../core/job.ts'
import { splitLogBudget } from '../core/log-budget.ts'
import type { CrashEvidence } from '../core/outcome.ts'
import { type FromRunner, type LogLines, parseLogLines } from '../core/runner-messages.ts'
import { type JobModule, RUNNER_FRAME_BYTES, type ToolGrant, type ToRunner } from '../core/runner-protocol.ts'
import type { Limits } from '../core/limits.ts'
import { findStructuredTextProblem } from '../core/structured.ts'
import { unreachable } from '../core/unreachable.ts'
import type { ToolAnswer, ToolArguments } from './broker.ts'
import { epochMs } from './epoch.ts'
import { readCrashWords } from './crash-words.ts'
import type { FramedExit } from './framed-process.ts'
import { RecordFlow, type RecordPlace, type RunnerPort } from './record-flow.ts'
import type { KillRung } from '../telemetry/metrics/runners.ts'
import { type KillCode, type RunSample, RunWatch } from './run-watch.ts'
import { TokenBucket } from './token-bucket.ts'

/** What logs may weigh on their way beyond the budget of the run: a guest hands over the end of a flood again and again, more slowly. */
const LOG_BYTES_PER_SECOND = 16_777_216
/** JSON writes a control character in six bytes, and time and level around each line. */
const ESCAPED = 6
const BYTES_AROUND_LINE = 64
/** A line costs by itself, however short it is. At the end of a flood a guest hands over twice the tail, four times a second. */
const LINES_BURST = 10_000
const TAILS_PER_SECOND = 8

/** One run as a runner is given it. */
export interface RunnerTask extends JobModule {
  /** A module unless given. */
  form?: CodeForm | undefined
  /** The files that the code brings along. */
  sources: readonly JobModule[]
  /** JSON text; of a transform the state to go on from, or nothing. */
  input: string
  entry: string
  context: string
  limits: Limits
  tools: readonly ToolGrant[]
  /** Whether its clock is finer than a millisecond. */
  hrtime: boolean
  /** Whether the input and the result are in structured form, and not any JSON. */
  structured?: boolean | undefined
}

export interface RunnerHooks {
  signal: AbortSignal
  /** The records of a transform. */
  records?: RunnerPort | undefined
  onLogs (lines: LogLines, dropped: { lines: number, bytes: number }): Promise<void> | void
  onProgress (value: number, message: string): void
  /** Hears some ten times a second what the run has taken. */
  onSample? (sample: RunSample): void
  /** Answers a call of a tool; never rejects. A throw kills the runner. */
  onCall (tool: string, method: string, args: ToolArguments): Promise<ToolAnswer>
}

export type DoneMessage = Extract<FromRunner, { type: 'done' }>
type RunMessage = Exclude<FromRunner, { type: 'ready' | 'beat' }>

/**
 * What became of a task. `done`: the runner answered and can take another. `killed`: it did not stop when it had to, or held too much
 * memory. `crashed`: it died and nothing that we know of explains why; `started` tells whether it had begun with the task,
 * `shared` that others were in it, so that nobody is to blame. `place` is that of the record that the code failed for, `portError` what its records
 * failed with, for which it was stopped.
 */
export type RunnerAnswer = { startedAt: number, endedAt: number, peakMemoryBytes: number, cpuMs: number, waitedMs: number, portError?: unknown } & End

type End =
  | { type: 'done', message: DoneMessage, result: string, place?: RecordPlace | undefined }
  | { type: 'killed', code: KillCode, observed: number }
  | { type: 'crashed', started: boolean, shared: boolean, evidence: Omit<CrashEvidence, 'lastLogs' | 'suspect'> }

interface ConversationOptions {
  task: RunnerTask
  hooks: RunnerHooks
  /** The runner's. */
  pid: number
  threads: number
  kill (reason: string, rung: Exclude<KillRung, 'isolate'>): void
  /** Sends what a tool answered. */
  answer (call: number, answer: ToolAnswer): void
  send (message: Extract<ToRunner, { type: 'records' | 'written' }>, body?: Uint8Array): void
  uncount (frames: number, bytes: number): void
  /** Has the runner stop the run. */
  stop (): void
  /** Called once, when no more may be said. */
  onEnd (): void
}

/**
 * What worker and runner say to each other about one run. States: handed over → started → ended; a stop may come in any. Whatever does not
 * fit is thrown, and kills the runner: it is treated as if it were already taken over.
 */
export class RunConversation {
  /** Nobody but this runner knows it, and it only for this run. 122 random bits, which are drawn for many at once. */
  readonly token: string = randomUUID()
  readonly answer: Promise<RunnerAnswer>
  readonly #answer = Promise.withResolvers<RunnerAnswer>()
  readonly #options: ConversationOptions
  readonly #watch: RunWatch
  readonly #logTokens: TokenBucket
  readonly #lineTokens: TokenBucket
  readonly #records: RecordFlow | undefined
  /** Epoch milliseconds; when the task was handed over, until the runner says that user code started. */
  #startedAt = epochMs()
  #isStarted = false
  #isOver = false

  constructor (options: ConversationOptions) {
    const { task: { limits, code, sources, input }, hooks, pid, threads, kill, send, uncount, stop } = options
    this.#options = options
    this.answer = this.#answer.promise
    this.#watch = new RunWatch({ pid, threads, limits, payloadBytes: sources.reduce((sum, source) => sum + source.code.length, code.length + input.length), kill, onSample: (sample) => hooks.onSample?.(sample) })
    const logBurst = RUNNER_FRAME_BYTES + ESCAPED * limits.logBytes + BYTES_AROUND_LINE * limits.logLines
    this.#logTokens = new TokenBucket(LOG_BYTES_PER_SECOND, logBurst, performance.now())
    this.#lineTokens = new TokenBucket(LINES_BURST + TAILS_PER_SECOND * splitLogBudget(limits).tailLines, LINES_BURST + limits.logLines, performance.now())
    this.#records = hooks.records && new RecordFlow({ port: hooks.records, send: (message, body) => send({ ...message, token: this.token }, body), uncount, stop })
  }

  /** The run is to be cancelled: the runner has a short while from now. */
  cancel (): void {
    this.#watch.stopping('CANCELLED', 0)
  }

  take (message: RunMessage, body: Buffer): Promise<void> | void {
    if (message.token !== this.token) throw new Error(`Cannot take "${message.type}": it belongs to another run`)
    if (this.#isStarted === (message.type === 'started')) throw new Error(`Cannot take "${message.type}": the run ${this.#isStarted ? 'started before' : 'did not start'}`)
    switch (message.type) {
      case 'started': return this.#start()
      case 'logs': return this.#takeLogs(message, body)
      case 'call': return this.#takeCall(message, body)
      case 'progress': return this.#options.hooks.onProgress(message.value, message.message)
      case 'pull': return this.#flow(message.type).pull()
      case 'output': return this.#flow(message.type).take(message, body)
      case 'usage':
        this.#checkNativeCalls(message)
        return this.#watch.claim(message)
      case 'stopping':
        this.#checkCancel(message.code)
        return this.#watch.stopping(message.code, message.observed)
      case 'done': return this.#takeEnd(message, body)
      default: return unreachable(message)
    }
  }

  /** Another run shares the runner from now on. */
  accompany (): void {
    this.#watch.accompanied = true
  }

  /** The runner died, with nobody but this run in it or with others; `killedAtMb` when the kernel ended it for its memory. */
  leave ({ signal, exitCode, reason, stderrTail, byItself }: FramedExit, { shared, killedAtMb }: { shared: boolean, killedAtMb: number | undefined }): void {
    if (killedAtMb !== undefined && !shared && this.#isStarted) this.#watch.endedByKernel(killedAtMb)
    if (byItself) this.#watch.endedWhileStopping()
    const killed = this.#watch.killedFor
    const words = killedAtMb === undefined ? reason : `The kernel ended the process, which held ${killedAtMb} MB`
    this.#end(killed ? { type: 'killed', ...killed } : { type: 'crashed', started: this.#isStarted, shared, evidence: { signal, exitCode, reason: words, stderr: readCrashWords(stderrTail), memoryCurve: this.#watch.memoryCurve } })
  }

  #start (): void {
    this.#isStarted = true
    this.#startedAt = epochMs()
    this.#watch.started()
  }

  #takeLogs ({ droppedLines, droppedBytes }: Extract<FromRunner, { type: 'logs' }>, body: Buffer): Promise<void> | void {
    if (!this.#logTokens.take(body.length, performance.now())) throw new Error('Cannot take "logs": they are more than the run may keep')
    const lines = parseLogLines(body.toString())
    if (!this.#lineTokens.take(lines.length, performance.now())) throw new Error('Cannot take "logs": they have more lines than the run may keep')
    return this.#options.hooks.onLogs(lines, { lines: droppedLines, bytes: droppedBytes })
  }

  /** Nothing waits for the answer but the code that asked: what the runner says meanwhile is read. */
  #takeCall ({ call, tool, method, textBytes }: Extract<FromRunner, { type: 'call' }>, body: Buffer): void {
    const { hooks, answer } = this.#options
    void hooks.onCall(tool, method, { text: body.toString('utf8', 0, textBytes), bytes: body.subarray(textBytes) }).then((given) => { if (!this.#isOver) answer(call, given) })
  }

  #takeEnd (message: DoneMessage, body: Buffer): void {
    this.#checkCancel(message.failure?.code)
    this.#checkNativeCalls({ type: message.type, ...message.usage })
    const cpuMs = this.#watch.settle(message.usage)
    if (message.failure?.details !== undefined) parseErrorDetails(message.failure.details) // a throw kills the runner
    const result = message.failure ? '' : this.#readResult(body)
    const place = message.failure ? this.#records?.locate(message.failure.record) : undefined
    this.#end({ type: 'done', message: { ...message, usage: { ...message.usage, cpuMs } }, result, place })
  }

  #flow (type: string): RecordFlow {
    if (!this.#records) throw new Error(`Cannot take "${type}": the run has no records`)
    return this.#records
  }

  #checkNativeCalls ({ type, nativeCalls }: { type: string, nativeCalls: number }): void {
    const { toolCalls } = this.#options.task.limits
    if (nativeCalls > toolCalls) throw new Error(`Cannot take "${type}": it claims ${nativeCalls} calls of natives, allowed are ${toolCalls}`)
  }

  /** Results that are put into answers of ours have to be JSON; longer ones are passed on as they are, unless they are to be in structured form. */
  #readResult (body: Buffer): string {
    const { structured, limits: { resultBytes } } = this.#options.task
    if (body.length > resultBytes) throw new Error(`Cannot take "done": its result is ${body.length} bytes, allowed are ${resultBytes}`)
    const text = body.toString()
    const problem = structured ? findStructuredTextProblem(text) : undefined
    if (problem) throw new Error(`Cannot take "done": its result is not in structured form: ${problem.pointer}: ${problem.message}`)
    if (!structured && body.length <= INLINE_RESULT_BYTES && !isJson(text)) throw new Error('Cannot take "done": its result is not JSON')
    return text
  }

  /** A run that says it was cancelled, and was not, would be given back and run again for ever. */
  #checkCancel (code: string | undefined): void {
    if (code === 'CANCELLED' && !this.#options.hooks.signal.aborted && this.#records?.error === undefined) throw new Error('Cannot take end: nobody cancelled the run')
  }

  #end (end: End): void {
    this.#isOver = true
    this.#watch.close()
    this.#options.onEnd()
    const answer = { startedAt: this.#startedAt, endedAt: epochMs(), peakMemoryBytes: this.#watch.peakMemoryBytes, cpuMs: this.#watch.cpuMs, waitedMs: this.#watch.waitedMs, ...end }
    if (this.#records) void this.#settle(this.#records, answer)
    else this.#answer.resolve(answer)
  }

  /** The runner is done with it, and what the code made may not be written yet. */
  async #settle (records: RecordFlow, answer: RunnerAnswer): Promise<void> {
    await records.finish(answer.type === 'done' && !answer.message.failure)
    this.#answer.resolve({ ...answer, portError: records.error })
  }
}

function isJson (text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
