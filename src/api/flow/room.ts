import { JobError } from '../../core/failures.ts'

/** How many calls there may be at one time. */
export interface FlowBounds {
  /** Calls that this process may have open, of all tenants and of one. */
  perProcess: number
  perTenant: number
  /** Characters of code, input and answers that those may have. */
  chars: number
  /** How long a call may wait for a worker. */
  startMs: number
}

/** The place of one call. */
export interface FlowPlace {
  /** Its answer is there, and holds so many characters until it was taken. */
  answered (chars: number): void
  /** Whoever called has the answer, or has left. To be called once, and last. */
  leave (): void
}

/** Counts the calls that a process has open. */
export class FlowRoom {
  readonly #bounds: Omit<FlowBounds, 'startMs'>
  readonly #byTenant = new Map<string, number>()
  #calls = 0
  #chars = 0

  constructor (bounds: Omit<FlowBounds, 'startMs'>) {
    this.#bounds = bounds
  }

  get calls (): number { return this.#calls }

  callsOf (tenant: string): number { return this.#byTenant.get(tenant) ?? 0 }

  /** Answers the place of a call, which is to leave it in the end. Throws RATE_LIMITED where the tenant has as many as it may, and OVERLOADED where the process has. */
  enter ({ tenant, text }: { tenant: string, text: string }): FlowPlace {
    const { perProcess, perTenant, chars } = this.#bounds
    const own = this.callsOf(tenant)
    if (own >= perTenant) throw new JobError('RATE_LIMITED', `Cannot take the call: ${own} of the tenant are open, allowed are ${perTenant} (BATCHBOX_TENANT_FLOW_CALLS); wait for some to be answered`)
    if (this.#calls >= perProcess) throw new JobError('OVERLOADED', `Cannot take the call: ${this.#calls} are open here, allowed are ${perProcess} (BATCHBOX_FLOW_CALLS); call again later`)
    if (this.#chars + text.length > chars) throw new JobError('OVERLOADED', `Cannot take the call: those that are open here have ${this.#chars} characters of code, input and answers, allowed are ${chars} (BATCHBOX_FLOW_CHARS); call again later`)
    this.#byTenant.set(tenant, own + 1)
    this.#calls += 1
    this.#chars += text.length
    let held = text.length
    return {
      answered: (answerChars) => {
        this.#chars += answerChars - held
        held = answerChars
      },
      leave: () => {
        const left = this.callsOf(tenant) - 1
        if (left > 0) this.#byTenant.set(tenant, left)
        else this.#byTenant.delete(tenant)
        this.#calls -= 1
        this.#chars -= held
      },
    }
  }
}
