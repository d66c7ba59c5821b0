import { CALL_BYTES, CALL_CHARS, CONTEXT_TOOLS, type ToolFailure, type ToolGrant } from '../../core/runner-protocol.ts'
import { type Native, type NativeAnswer, NativeError } from './natives/native.ts'
import { NATIVES, PLATFORM_NATIVES } from './natives/natives.ts'
import { Pace } from './pace.ts'

/** A worker that is sent more takes it for an attack; so much is passed on at once and from then on. A character may become three bytes. */
const BURST_CHARS = 8_000_000
const CHARS_PER_MS = 8000
/** What the native of a tool has for Node's own modules, which is called by the name of the tool. */
const LIBRARY = /^library:/

/** JSON text, and bytes of one character each. */
export interface CallTexts {
  text: string
  bytes: string
}

interface RunToolsOptions {
  grants: readonly ToolGrant[]
  /** Sends a call to the worker. */
  forward (call: number, tool: string, method: string, args: CallTexts): void
  /** Hands an answer into the isolate. `failureText` is JSON, or empty; `bytes` has one character each. */
  deliver (call: number, failureText: string, text: string, bytes: string): void
}

/**
 * The calls of tools that one run makes, as its thread sees them: those of native tools are answered here, the others go to the worker.
 * Nothing in here throws or rejects at the guest.
 */
export class RunTools {
  readonly #options: RunToolsOptions
  readonly #natives = new Map<string, Native>()
  readonly #pending = new Set<Promise<void>>()
  readonly #forwarded = new Set<number>()
  readonly #pace = new Pace({ charsPerMs: CHARS_PER_MS, burstChars: BURST_CHARS })
  #nativeCalls = 0

  constructor (options: RunToolsOptions) {
    this.#options = options
    for (const { name, native, config } of options.grants) {
      const create = native ? NATIVES[name] : undefined
      if (create) this.#natives.set(name, create(JSON.parse(config)))
    }
  }

  /** Calls that natives answered. */
  get nativeCalls (): number { return this.#nativeCalls }

  /** Processor time of natives, in whichever threads they work. */
  get cpuMs (): number {
    return this.#natives.values().reduce((sum, native) => sum + native.cpuMs, 0)
  }

  /**
   * Answers at once: a line of JSON that says how many characters of text follow, the text, and bytes of one character each. Natives of the platform
   * are every run's, and made when they are first asked; their calls are no calls of tools.
   */
  readonly ask = (tool: unknown, method: unknown, args: unknown, bytes: unknown): string => {
    try {
      const name = String(tool)
      const native = this.#natives.get(name) ?? this.#makePlatformNative(name) ?? this.#natives.get(name.replace(LIBRARY, ''))?.library
      if (this.#options.grants.some((grant) => grant.name === name)) this.#nativeCalls += 1
      if (!native || typeof method !== 'string') throw new NativeError('TypeError', `Cannot call "${String(tool)}": it has no native`)
      const answer = native.callSync(method, readArgs(args), readBytes(bytes))
      return pack(null, answer.text, writeBytes(answer))
    } catch (error) {
      return pack(explain(error), '', '')
    }
  }

  /** Takes a call from the guest, whose every part is checked as if user code had sent it. */
  call (id: unknown, tool: unknown, method: unknown, args: unknown, bytes: unknown): void {
    if (typeof id !== 'number' || typeof tool !== 'string' || typeof method !== 'string' || typeof args !== 'string' || args.length > CALL_CHARS || typeof bytes !== 'string') return
    const native = this.#natives.get(tool)
    if (native) this.#callNative(native, { id, method, args, bytes })
    else if (CONTEXT_TOOLS.includes(tool) || this.#options.grants.some(({ name }) => name === tool)) {
      if (bytes.length > CALL_BYTES) return this.#options.deliver(id, refuseBytes(`${tool}.${method}`, bytes.length), '', '')
      this.#forwarded.add(id)
      this.#pace.pass(args.length + bytes.length, () => this.#options.forward(id, tool, method, { text: args, bytes }))
    }
  }

  /** The worker answered a call. */
  answer (call: number, failure: ToolFailure | null, { text, bytes }: CallTexts): void {
    if (this.#forwarded.delete(call)) this.#options.deliver(call, failure ? JSON.stringify(failure) : '', text, bytes)
  }

  /** The run is over: natives begin nothing more, and what waited to be sent is not. */
  close (): void {
    this.#pace.close()
    for (const native of this.#natives.values()) native.close()
  }

  /** Resolves when no native works any more. What does not come to its end has the whole runner killed. */
  async settled (): Promise<void> {
    await Promise.all(this.#pending)
  }

  #makePlatformNative (name: string): Native | undefined {
    if (!Object.hasOwn(PLATFORM_NATIVES, name)) return undefined
    const native = PLATFORM_NATIVES[name]!()
    this.#natives.set(name, native)
    return native
  }

  #callNative (native: Native, { id, method, args, bytes }: { id: number, method: string, args: string, bytes: unknown }): void {
    this.#nativeCalls += 1
    const work = this.#answerNative(native, { id, method, args, bytes }).finally(() => { this.#pending.delete(work) })
    this.#pending.add(work)
  }

  async #answerNative (native: Native, { id, method, args, bytes }: { id: number, method: string, args: string, bytes: unknown }): Promise<void> {
    try {
      const answer = await native.call(method, readArgs(args), readBytes(bytes))
      this.#options.deliver(id, '', answer.text, writeBytes(answer))
    } catch (error) {
      this.#options.deliver(id, JSON.stringify(explain(error)), '', '')
    }
  }
}

function refuseBytes (name: string, bytes: number): string {
  return JSON.stringify({ code: 'TOOL_ERROR', name: 'ToolError', message: `Cannot call ${name}: it comes with ${bytes} bytes, allowed are ${CALL_BYTES}` } satisfies ToolFailure)
}

function readArgs (args: unknown): unknown {
  try {
    return JSON.parse(String(args))
  } catch {
    throw new NativeError('TypeError', 'Cannot call a native: its arguments are not JSON')
  }
}

function readBytes (bytes: unknown): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.alloc(0)
}

function writeBytes ({ bytes }: NativeAnswer): string {
  return bytes?.toString('latin1') ?? ''
}

function pack (failure: ToolFailure | null, text: string, bytes: string): string {
  return `${JSON.stringify({ failure, textChars: text.length })}\n${text}${bytes}`
}

function explain (error: unknown): ToolFailure {
  const { name, message } = error instanceof NativeError ? error : new NativeError('OperationError', 'The operation failed')
  return { code: 'TOOL_ERROR', name, message }
}
