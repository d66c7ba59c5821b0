import { z } from 'zod'
import type { Limits } from '../core/limits.ts'
import type { RunReceipt } from '../core/receipt.ts'
import { ANSWER_BYTES, CALL_BYTES, CALL_CHARS, FAILURE_CHARS, type ToolFailure, type ToolGrant } from '../core/runner-protocol.ts'
import type { ToolOutcome } from '../telemetry/metrics/runners.ts'
import { Receipt } from '../tools/receipt.ts'
import { type Tool, ToolError, type ToolMethod, type ToolRun, WithBytes } from '../tools/tool.ts'
import { Concealer } from './concealer.ts'
import { epochMs } from './epoch.ts'

/** What a tool answered: JSON text and the bytes beside it, or why there is none. */
export type ToolAnswer = { text: string, bytes: Buffer, failure: null } | { text: '', bytes: Buffer, failure: ToolFailure }

/** One call as it was, for traces. Times in milliseconds of the Unix epoch. */
export interface ToolCall {
  name: string
  startMs: number
  endMs: number
}

/** What a call comes with: JSON text, and bytes beside it. */
export interface ToolArguments {
  text: string
  bytes: Buffer
}

const NO_BYTES = Buffer.alloc(0)
/** Why calls are given up that outlive their run: one for all, since an error is made with its stack. */
const OVER = new Error('The run is over')

/** Calls that are told of, from the first. */
const TOLD_MAX = 100

interface SessionOptions {
  tools: readonly Tool[]
  limits: Pick<Limits, 'toolCalls' | 'concurrentToolCalls'>
  run: Omit<ToolRun, 'receipt' | 'signal' | 'conceal'>
  /** Asked before each call with an effect outside: may the run still act for its job? */
  mayAct (): Promise<boolean>
  /** Hears how each call went. */
  onAnswer? (tool: string, outcome: ToolOutcome, durationMs: number): void
  /** Hears of what a tool threw that user code must not see. */
  onError (error: Error): void
}

/**
 * Answers the calls of tools that one run makes. It trusts nothing that comes: an honest guest keeps to the tools it was granted and to
 * its limits, so whoever does not is not the guest, and `call` throws, which kills the runner. What the guest cannot know beforehand (a
 * wrong argument, a tool that fails) is answered instead.
 */
export class ToolSession {
  /** The first calls, as they ended. */
  readonly calls: ToolCall[] = []
  /** What the run used, and what it was denied. */
  readonly receipt = new Receipt()
  /** Knows what is to be kept out of all that the run leaves. */
  readonly concealer = new Concealer()
  readonly #run: ToolRun
  readonly #options: SessionOptions
  readonly #granted: ReadonlyMap<string, Tool>
  readonly #over = new AbortController()
  readonly #pulls = new Set<string>()
  #count = 0
  #waiting = 0

  constructor (options: SessionOptions) {
    this.#options = options
    this.#granted = new Map(options.tools.map((tool) => [tool.name, tool]))
    this.#run = Object.freeze({ ...options.run, receipt: this.receipt, signal: this.#over.signal, conceal: (name: string, value: string) => this.concealer.add(name, value) })
  }

  /** Those that the guest is given as globals. */
  get grants (): ToolGrant[] {
    return this.#options.tools.filter(({ guestFile }) => guestFile !== null).map(({ name, native, interfaces, exposed }) => ({ name, native, interfaces, config: exposed }))
  }

  /** What the run used and was denied, up to now. */
  get report (): RunReceipt {
    const { lines, omitted } = this.receipt
    for (const line of lines) {
      line.target = this.concealer.text(line.target)
      line.method &&= this.concealer.text(line.method)
      line.denied &&= this.concealer.text(line.denied)
    }
    return { lines, omitted }
  }

  /** Calls so far. */
  get count (): number { return this.#count }

  /** Throws when no guest would have asked; the promise never rejects. */
  call (toolName: string, methodName: string, { text, bytes }: ToolArguments): Promise<ToolAnswer> {
    const { toolCalls, concurrentToolCalls } = this.#options.limits
    const tool = this.#granted.get(toolName)
    if (!tool || tool.native) throw new Error(`Cannot call tool "${toolName}": the run was not granted it`)
    if (bytes.length > CALL_BYTES) throw new Error(`Cannot call tool "${toolName}": it comes with ${bytes.length} bytes, allowed are ${CALL_BYTES}`)
    if (text.length > CALL_CHARS) throw new Error(`Cannot call tool "${toolName}": its arguments have ${text.length} characters, allowed are ${CALL_CHARS}`)
    const name = `${toolName}.${methodName}`
    const method = findMethod(tool, methodName)
    if (this.#pulls.has(name)) throw new Error(`Cannot call ${name}: the run waits for its answer already`)
    if (method?.pull) return this.#pull(name, method, { text, bytes })
    if (this.#count >= toolCalls) throw new Error(`Cannot call tool "${toolName}": the run made ${toolCalls} calls, its limit`)
    if (this.#waiting >= concurrentToolCalls) throw new Error(`Cannot call tool "${toolName}": ${concurrentToolCalls} calls wait for their answer, the limit`)
    this.#count += 1
    this.#waiting += 1
    return this.#answer(tool, methodName, { text, bytes }).finally(() => { this.#waiting -= 1 })
  }

  /** One that failed stays open: who asks again is not the guest. */
  async #pull (name: string, method: ToolMethod, args: ToolArguments): Promise<ToolAnswer> {
    this.#pulls.add(name)
    try {
      const answer = await this.#perform(name, method, args)
      this.#pulls.delete(name)
      return { ...answer, failure: null }
    } catch (error) {
      return { text: '', bytes: NO_BYTES, failure: this.#explain(name, error) }
    }
  }

  /** The run is over: calls that go on are aborted, and their answers go nowhere. */
  close (): void {
    this.#over.abort(OVER)
  }

  async #answer (tool: Tool, methodName: string, args: ToolArguments): Promise<ToolAnswer> {
    const name = `${tool.name}.${methodName}`
    const startMs = epochMs()
    let outcome: ToolOutcome = 'ok'
    let receivedBytes = 0
    try {
      const method = findMethod(tool, methodName)
      if (!method) throw new ToolError(`Cannot call ${name}: there is no such method`)
      const answer = await this.#perform(name, method, args)
      receivedBytes = answer.bytes.length + answer.text.length
      return { ...answer, failure: null }
    } catch (error) {
      outcome = outcomeOf(error)
      const failure = this.#explain(name, error)
      if (outcome === 'denied') this.receipt.deny({ grant: 'tool', target: name, reason: failure.message })
      return { text: '', bytes: NO_BYTES, failure }
    } finally {
      const endMs = epochMs()
      if (this.calls.length < TOLD_MAX) this.calls.push({ name, startMs, endMs })
      if (outcome !== 'denied') this.receipt.use({ grant: 'tool', target: name, sentBytes: args.text.length + args.bytes.length, receivedBytes, durationMs: endMs - startMs })
      this.#options.onAnswer?.(tool.name, outcome, endMs - startMs)
    }
  }

  async #perform (name: string, method: ToolMethod, { text, bytes }: ToolArguments): Promise<{ text: string, bytes: Buffer }> {
    const input = readInput(name, method, text)
    const timeout = method.pull ? undefined : AbortSignal.timeout(method.timeoutMs)
    const signal = timeout ? AbortSignal.any([timeout, this.#over.signal]) : this.#over.signal
    const late = Promise.withResolvers<never>()
    const giveUp = () => late.reject(timeout?.aborted ? new ToolError(`Cannot call ${name}: it did not answer within ${method.timeoutMs} ms`) : signal.reason)
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      const given = await Promise.race([this.#start(name, method, input, { signal, bytes }), late.promise])
      const { value, bytes: beside } = given instanceof WithBytes ? given : { value: given, bytes: NO_BYTES }
      const answer = JSON.stringify(method.output.parse(value) ?? null)
      if (Buffer.byteLength(answer) + beside.length > ANSWER_BYTES) throw new ToolError(`Cannot call ${name}: its answer is larger than ${ANSWER_BYTES} bytes`)
      return { text: answer, bytes: beside }
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  /** A worker may have been stopped for longer than its claim to the job lasts, at any place: so it is asked for right before the call. */
  async #start (name: string, method: ToolMethod, input: unknown, { signal, bytes }: { signal: AbortSignal, bytes: Buffer }): Promise<unknown> {
    if (method.outside) {
      if (!await this.#options.mayAct()) throw new ToolError(`Cannot call ${name}: this run may have lost its job to another one`)
      signal.throwIfAborted() // nobody waits for the answer any more
    }
    return method.run(input, { run: this.#run, signal, bytes })
  }

  #explain (name: string, error: unknown): ToolFailure {
    if (error instanceof ToolError) return { code: error.code, name: error.name, message: cut(error.message, FAILURE_CHARS.message) }
    if (!this.#over.signal.aborted) this.#options.onError(new Error(`Cannot answer ${name}: the tool failed`, { cause: this.concealer.error(error) }))
    return { code: 'TOOL_ERROR', name: 'ToolError', message: `Cannot call ${name}: the tool failed` }
  }
}

function findMethod ({ methods }: Tool, name: string): ToolMethod | undefined {
  return Object.hasOwn(methods, name) ? methods[name] : undefined
}

/** Tools put user code's words into theirs, and a failure travels in a header, which has a length. */
function cut (text: string, maxChars: number): string {
  return text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text
}

function outcomeOf (error: unknown): ToolOutcome {
  if (!(error instanceof ToolError)) return 'failed'
  return error.code === 'PERMISSION_DENIED' ? 'denied' : 'error'
}

function readInput (name: string, { input }: ToolMethod, text: string): unknown {
  const parsed = input.safeParse(parseJson(name, text))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const where = issue && issue.path.length > 0 ? `${z.core.toDotPath(issue.path)}: ` : ''
  throw new ToolError(`Cannot call ${name}: ${where}${issue?.message ?? 'wrong arguments'}`)
}

function parseJson (name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ToolError(`Cannot call ${name}: its arguments are not JSON`)
  }
}
