import { trace, type Context } from '@opentelemetry/api'
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace'
import { JOB_ID } from './attributes.ts'

export interface JobSpanOptions {
  /** Serialises the spans of one job as OTLP/JSON. */
  serialize (spans: ReadableSpan[]): Promise<Uint8Array>
  /** Stores one chunk of a job's trace; a rejection is reported and the chunk is lost. */
  keepSpans (jobId: string, chunk: Uint8Array): Promise<void>
  onError (error: unknown): void
  /** Roots with spans held at one time; the oldest is handed over early when one more comes. */
  maxHeld: number
  /** Spans kept per job and root; the later ones are left out. */
  maxSpansPerJob: number
  /** Chunks being stored at one time; while Redis is too slow for more, chunks are lost. */
  maxStoring: number
}

/** The spans, by job, under one span that began in this process. */
interface Root {
  span: object
  ended: boolean
  jobs: Map<string, ReadableSpan[]>
}

/**
 * Gathers the spans that carry a job's id and hands them to the store, one chunk per job, when the local root ends: the
 * span without a parent in this process. A span that ends after its root makes a chunk of its own.
 *
 * A root goes from open (its span runs) to ended (handed over). Roots are found through weak references to spans, so that
 * a span that never ends costs nothing here; only roots that have spans are held, and those are bounded.
 */
export class JobSpanProcessor implements SpanProcessor {
  readonly #options: JobSpanOptions
  readonly #rootOf = new WeakMap<object, Root>()
  readonly #held = new Set<Root>()
  readonly #storing = new Set<Promise<void>>()
  #due = new Map<string, ReadableSpan[]>()
  #lost = 0

  constructor (options: JobSpanOptions) {
    this.#options = options
  }

  /** Chunks that were not stored: there were too many at one time, or the store failed. */
  get lost (): number {
    return this.#lost
  }

  onStart (span: Span, parentContext: Context): void {
    const parent = trace.getSpan(parentContext)
    const root = parent && this.#rootOf.get(parent)
    this.#rootOf.set(span, root ?? { span, ended: false, jobs: new Map() })
  }

  onEnd (span: ReadableSpan): void {
    const root = this.#rootOf.get(span)
    if (!root) return
    const jobId = span.attributes[JOB_ID]
    if (typeof jobId === 'string') this.#hold(root, jobId, span)
    if (root.span === span) root.ended = true
    if (root.ended) this.#handOver(root)
  }

  async forceFlush (): Promise<void> {
    for (const root of this.#held) this.#handOver(root)
    this.#storeDue()
    await Promise.all(this.#storing)
  }

  async shutdown (): Promise<void> {
    await this.forceFlush()
  }

  #hold (root: Root, jobId: string, span: ReadableSpan): void {
    const spans = root.jobs.get(jobId)
    if (!spans) root.jobs.set(jobId, [span])
    else if (spans.length < this.#options.maxSpansPerJob || root.span === span) spans.push(span)
    this.#held.add(root)
    if (this.#held.size <= this.#options.maxHeld) return
    const [oldest] = this.#held
    if (oldest) this.#handOver(oldest)
  }

  #handOver (root: Root): void {
    this.#held.delete(root)
    if (root.jobs.size === 0) return
    if (this.#due.size === 0) setImmediate(() => this.#storeDue())
    for (const [jobId, spans] of root.jobs) {
      const due = this.#due.get(jobId)
      if (due) due.push(...spans)
      else this.#due.set(jobId, spans)
    }
    root.jobs = new Map()
  }

  #storeDue (): void {
    const due = this.#due
    this.#due = new Map()
    for (const [jobId, spans] of due) {
      if (this.#storing.size >= this.#options.maxStoring) this.#lost += 1
      else this.#store(jobId, spans)
    }
  }

  #store (jobId: string, spans: ReadableSpan[]): void {
    const stored = this.#options.serialize(spans)
      .then((chunk) => this.#options.keepSpans(jobId, chunk))
      .catch((error: unknown) => {
        this.#lost += 1
        this.#options.onError(error)
      })
      .finally(() => this.#storing.delete(stored))
    this.#storing.add(stored)
  }
}
