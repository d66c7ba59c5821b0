import type { LogLevel, NewJob, Permissions } from './api-types.ts'
import { createClient, type Client } from './client.ts'
import { BatchboxError, buildRunError, RunError } from './errors.ts'
import { newIdempotencyKey } from './http/requester.ts'
import { hasEnded, type Job } from './jobs.ts'
import type { ClientOptions } from './options.ts'

/** Source: row SF-3. */
const TIMEOUT_MS = 15_000
/** How long a job may wait for a free worker beyond the time that it may run. */
const START_MS = 10_000
const SEEN = ['job.log', 'job.progress']
const OUT_OF_TIME: ReadonlySet<string> = new Set(['TIMEOUT', 'CPU_LIMIT', 'EXPIRED'])

/** What a worker client is made with: where the service is, and what every execution may take. */
export interface WorkerClientOptions extends Omit<ClientOptions, 'timeoutMs'> {
  /** Longest that code may run, in milliseconds; 15,000 without it. */
  timeout?: number | undefined
  /** Most memory that it may have, in megabytes. */
  maxMemory?: number | undefined
  /** Tools that it may use, each as a global of its name. */
  allowedModules?: readonly string[] | undefined
  /** What it may touch: nothing without it. */
  permissions?: Permissions | undefined
}

/** One execution. */
export interface Execution {
  /** Whose code it is; the job carries it as the tag `nodeId`. */
  nodeId: string
  /** An ES module that exports `handler` or a default function. */
  code: string
  input?: unknown
  /** W3C trace id, 32 hexadecimal digits, which the job joins; another text is only a tag. */
  traceId?: string | undefined
  /** Stops the code at once. */
  signal?: AbortSignal | undefined
}

interface Of {
  nodeId: string
  traceId: string | undefined
  jobId: string | undefined
}

/** What listeners of a worker client hear. */
export interface WorkerSignals {
  log: Of & { level: LogLevel | (string & {}), message: string, time: string }
  progress: Of & { value: number, message: string }
  error: Of & { error: unknown }
}

/** Runs handlers of nodes in the service's sandboxes, and tells what they say while they run. Source: rows SF-1 to SF-5. */
export class WorkerClient {
  readonly #client: Client
  readonly #options: WorkerClientOptions
  readonly #listeners: { [K in keyof WorkerSignals]: Set<(signal: WorkerSignals[K]) => void> } = { log: new Set(), progress: new Set(), error: new Set() }
  readonly #terminated = new AbortController()
  /** Cancellations that were not answered yet. */
  readonly #cancelling = new Set<Promise<unknown>>()

  constructor (options: WorkerClientOptions) {
    this.#options = options
    this.#client = createClient(options)
  }

  /** Has a listener hear of log lines, of progress, or of executions that failed. Answers what ends that. */
  on<K extends keyof WorkerSignals> (type: K, listener: (signal: WorkerSignals[K]) => void): () => void {
    const listeners = this.#listeners[type]
    listeners.add(listener)
    return () => { listeners.delete(listener) }
  }

  /**
   * Runs code and answers what it returned. Rejects with `EXECUTION_TIMEOUT` when it took too long or did not start in time, with the RunError of code that failed, with the
   * signal's reason, or with `TERMINATED`.
   */
  async execute<T = unknown> (execution: Execution): Promise<T> {
    const { nodeId, traceId, signal } = execution
    const { timeout = TIMEOUT_MS } = this.#options
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(this.#buildTimeout(nodeId, timeout, undefined)), timeout + START_MS)
    const of: Of = { nodeId, traceId, jobId: undefined }
    try {
      return await this.#run<T>(execution, of, AbortSignal.any([this.#terminated.signal, late.signal, ...(signal ? [signal] : [])]))
    } catch (cause) {
      const error = cause instanceof RunError && OUT_OF_TIME.has(cause.code) ? this.#buildTimeout(nodeId, timeout, cause) : cause
      this.#emit('error', { ...of, error })
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Stops everything that runs; nothing can be executed afterwards. Resolves once the service was told. */
  async terminate (): Promise<void> {
    this.#terminated.abort(new BatchboxError('TERMINATED', 'Cannot execute: the worker client was terminated'))
    await Promise.allSettled(this.#cancelling)
    await this.#client.close()
  }

  async #run<T> (execution: Execution, of: Of, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    const { jobs } = this.#client
    const request = { idempotencyKey: newIdempotencyKey(), headers: buildTraceparent(execution.traceId) }
    const newJob = this.#buildJob(execution)
    // The same key answers the same job, also where the answer with its id never came.
    const find = async () => of.jobId ?? (await jobs.create(newJob, request)).id
    const cancel = () => {
      const cancelling = find().then(jobs.cancel).catch(() => {}).finally(() => this.#cancelling.delete(cancelling))
      this.#cancelling.add(cancelling)
    }
    signal.addEventListener('abort', cancel)
    try {
      const { id } = await jobs.create(newJob, { ...request, signal })
      of.jobId = id
      const ended = await this.#watch<T>(id, of, signal)
      if (ended.status !== 'succeeded') throw buildRunError(ended)
      return 'result' in ended ? ended.result as T : await jobs.result<T>(id, { signal })
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }

  /** Answers the job once it has ended. Follows it where somebody listens. */
  async #watch<T> (id: string, of: Of, signal: AbortSignal): Promise<Job<T>> {
    const { jobs } = this.#client
    const { log, progress } = this.#listeners
    if (log.size === 0 && progress.size === 0) return jobs.wait<T>(id, { signal })
    for await (const { type, time, payload } of jobs.events(id, { signal, types: SEEN })) {
      const { level, message, value } = payload as { level: string, message: string, value: number } // of one of the two types
      if (type === 'job.log') this.#emit('log', { ...of, level, message, time })
      else this.#emit('progress', { ...of, value, message })
    }
    const ended = await jobs.get<T>(id, { signal })
    return hasEnded(ended) ? ended : jobs.wait<T>(id, { signal })
  }

  #buildJob ({ nodeId, code, input, traceId }: Execution): NewJob {
    const { timeout = TIMEOUT_MS, maxMemory, allowedModules = [], permissions } = this.#options
    return {
      code,
      input,
      tools: [...allowedModules],
      limits: { timeoutMs: timeout, ...(maxMemory === undefined ? {} : { memoryMb: maxMemory }) },
      tags: { nodeId, ...(traceId === undefined ? {} : { traceId }) },
      ...(permissions === undefined ? {} : { permissions }),
    }
  }

  #buildTimeout (nodeId: string, timeout: number, cause: RunError | undefined): BatchboxError {
    const what = !cause || cause.code === 'EXPIRED' ? `it has not ended within ${timeout + START_MS} ms` : cause.message
    return new BatchboxError('EXECUTION_TIMEOUT', `Cannot finish node "${nodeId}": ${what}`, { cause })
  }

  #emit<K extends keyof WorkerSignals> (type: K, signal: WorkerSignals[K]): void {
    for (const listener of this.#listeners[type]) queueMicrotask(() => listener(signal)) // what it throws is none of ours
  }
}

/** The header of W3C Trace Context by which the job joins a trace. */
function buildTraceparent (traceId: string | undefined): Record<string, string> {
  return traceId !== undefined && /^(?!0+$)[\da-f]{32}$/.test(traceId) ? { traceparent: `00-${traceId}-${newIdempotencyKey().slice(0, 16)}-01` } : {}
}
