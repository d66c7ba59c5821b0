import type { NewEvent } from '../core/events.ts'
import type { Limits } from '../core/limits.ts'
import type { LiveUsage, UsagePayload, WarningPayload } from '../core/live-usage.ts'
import { Pace } from './pace.ts'

const MB = 1_048_576
/** `job.usage` of one run, however long it is. */
const USAGE_EVENTS_MAX = 100

/** What an operator says of it. */
export interface UsageSettings {
  /** From one `job.usage` to the next, while the run is young; 0 for none. */
  everyMs: number
  /** Of a limit, from which on a run is warned; 0 for never. */
  warnShare: number
}

interface ReporterOptions extends UsageSettings {
  /** Number of the run. */
  run: number
  limits: Limits
  add (event: NewEvent): void
}

/**
 * Makes events of what one run takes: `job.usage` ever more rarely, `job.warning` once for each limit. Their number is bounded whatever
 * comes, and what the figures are held against is known to this process alone.
 */
export class UsageReporter {
  readonly #options: ReporterOptions
  readonly #warned = new Set<string>()
  readonly #pace: Pace
  #left = USAGE_EVENTS_MAX

  constructor (options: ReporterOptions) {
    this.#options = options
    this.#pace = new Pace(options.everyMs)
  }

  take (usage: LiveUsage): void {
    const { everyMs, warnShare } = this.#options
    if (everyMs > 0 && this.#left > 0 && this.#pace.isDue(usage.wallMs)) this.#tell(usage)
    if (warnShare > 0) this.#warn(usage)
  }

  #tell ({ wallMs, cpuMs, memoryBytes, logBytes, toolCalls }: LiveUsage): void {
    const { run } = this.#options
    this.#left -= 1
    const payload: UsagePayload = { run, wallMs: Math.round(wallMs), cpuMs: Math.round(cpuMs), memoryBytes: memoryBytes?.now ?? null, peakMemoryBytes: memoryBytes?.peak ?? null, logBytes, toolCalls }
    this.#add('job.usage', payload)
  }

  #warn ({ wallMs, cpuMs, memoryBytes, logLines, logBytes, toolCalls }: LiveUsage): void {
    const seen = { timeoutMs: wallMs, cpuMs, memoryMb: (memoryBytes?.peak ?? 0) / MB, logBytes, logLines, toolCalls }
    const { run, limits, warnShare: share } = this.#options
    for (const [limit, value] of Object.entries(seen)) {
      const configured = limits[limit as keyof typeof seen] // the keys of a literal
      if (value < configured * share || configured === 0 || this.#warned.has(limit)) continue
      this.#warned.add(limit)
      const payload: WarningPayload = { run, limit, configured, observed: Math.round(value), share }
      this.#add('job.warning', payload)
    }
  }

  #add (type: NewEvent['type'], payload: NewEvent['payload']): void {
    this.#options.add({ type, time: Date.now(), payload })
  }
}
