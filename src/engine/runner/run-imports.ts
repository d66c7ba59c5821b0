import type ivm from 'isolated-vm'
import { FAILURE_CHARS, type JobModule } from '../../core/runner-protocol.ts'
import { isPath } from '../../core/source-names.ts'
import { type RunFailure, readCallError } from './failure.ts'
import type { WarmIsolate } from './isolate.ts'
import { ModuleGraph, type ModuleKey, ModuleRefusal } from './module-graph.ts'
import { ProcessorTime } from './natives/processor-time.ts'

const REFUSALS_MAX = 100
/** What isolated-vm writes into a stack before the frames of this process, which are not for user code. */
const BOUNDARY = '\n    at (<isolated-vm boundary>)'

interface RunImportsOptions {
  warm: WarmIsolate
  /** The code; undefined where it is no module. */
  code: JobModule | undefined
  /** The files that it brings along. */
  sources: readonly JobModule[]
  /** Evaluates a module that says when what it imports is there. Rejects with what a call into the isolate rejects with; undefined once the run is over. */
  evaluate (module: ivm.Module): Promise<unknown> | undefined
  /** Tells the guest why an import failed; false where the guest knows that it did not. */
  reject (key: ModuleKey, failureText: string, thrown?: ivm.Transferable): Promise<unknown> | undefined
  /** What a call into the isolate rejected with was no import's. */
  fail (error: unknown): void
}

/** The imports of one run: links what its code imports statically, and loads what it imports as it goes on. */
export class RunImports {
  readonly #options: RunImportsOptions
  readonly #graph: ModuleGraph
  readonly #begun = new Map<ModuleKey, Promise<void>>()
  /** What was said of imports that were refused, lately. */
  readonly #refusals = new Set<string>()
  readonly #time = new ProcessorTime()

  constructor (options: RunImportsOptions) {
    const { warm, code, sources } = options
    this.#options = options
    this.#graph = new ModuleGraph({ home: warm, code, sources })
  }

  /** Processor time of the answers to the guest, while which its own clock stands still. */
  get cpuMs (): number { return this.#time.cpuMs }

  /** As `ModuleGraph`'s. */
  link (): ivm.Module {
    return this.#graph.link()
  }

  /**
   * Answers the guest what a specifier means. Only that: an isolate that waits for an answer must not be entered. Whatever comes is checked as if user code had sent it.
   */
  ask (specifier: unknown, from: unknown, how: unknown): string {
    return this.#time.measure(() => this.#answer(specifier, from, how))
  }

  /** Names the code of a failure that is an import's which was refused: errors that nobody handled come out of the isolate without their codes. */
  explain (failure: RunFailure): RunFailure {
    return this.#refusals.has(failure.message) ? { ...failure, code: 'MODULE_NOT_ALLOWED' } : failure
  }

  /** Resolves when nothing is being loaded any more. */
  async settled (): Promise<void> {
    await Promise.all(this.#begun.values())
  }

  #answer (specifier: unknown, from: unknown, how: unknown): string {
    try {
      const key = this.#resolve(String(specifier), String(from), how)
      if (how === 'require') return JSON.stringify([this.#options.warm.table.get(key.slice('module:'.length))?.unit, ''])
      if (!this.#begun.has(key)) this.#begun.set(key, this.#load(key))
      return JSON.stringify([key, ''])
    } catch (error) {
      if (!(error instanceof ModuleRefusal)) throw error
      const message = error.message.slice(0, FAILURE_CHARS.message)
      this.#remember(message)
      return JSON.stringify(['', message])
    }
  }

  #resolve (specifier: string, from: string, how: unknown): ModuleKey {
    if (how !== 'require') return this.#graph.resolve(specifier, from, { isJson: how === 'json' })
    if (isPath(specifier)) throw new ModuleRefusal(`Cannot require ${JSON.stringify(specifier)}: files of the job are imported, by import or import()`)
    return this.#graph.resolve(specifier, from)
  }

  #remember (message: string): void {
    if (this.#refusals.size >= REFUSALS_MAX) this.#refusals.clear()
    this.#refusals.add(message)
  }

  async #load (key: ModuleKey): Promise<void> {
    let module: ivm.Module
    try {
      module = await this.#graph.open(key)
    } catch (error) {
      this.#begun.delete(key)
      await this.#reject(key, readLoadError(error, this.#options.warm.isolate.isDisposed))
      return
    }
    await this.#options.evaluate(module)?.catch((error: unknown) => this.#rejectEvaluation(key, error))
  }

  /** The guest knows best whether the module failed, or something else of what happened meanwhile. */
  async #rejectEvaluation (key: ModuleKey, error: unknown): Promise<void> {
    const failure = readCallError(error, 'evaluate', this.#options.warm.isolate.isDisposed)
    if (failure.code === 'MEMORY_LIMIT' && this.#options.warm.isolate.isDisposed) return this.#options.fail(error)
    const isTaken = error instanceof Error ? await this.#reject(key, failure) : await this.#options.reject(key, '', error as ivm.Transferable) // a primitive
    if (isTaken === false) this.#options.fail(error)
  }

  async #reject (key: ModuleKey, { code, name, message, stack }: Pick<RunFailure, 'code' | 'name' | 'message' | 'stack'>): Promise<unknown> {
    if (code === 'MODULE_NOT_ALLOWED') this.#remember(message)
    const frames = stack.indexOf(BOUNDARY)
    const kind = code === 'SYNTAX_ERROR' || code === 'MODULE_NOT_ALLOWED' ? code : 'USER_ERROR'
    return await this.#options.reject(key, JSON.stringify([kind, name, message, frames < 0 ? stack : stack.slice(0, frames)]))
  }
}

/** Reads why code could not be compiled or linked. */
export function readLoadError (error: unknown, isDisposed: boolean): RunFailure {
  if (!(error instanceof ModuleRefusal)) return readCallError(error, 'compile', isDisposed)
  return { code: 'MODULE_NOT_ALLOWED', name: 'Error', message: error.message.slice(0, FAILURE_CHARS.message), stack: '', observed: 0, record: 0 }
}
