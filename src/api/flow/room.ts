import { JobError } from '../../core/failures.ts'

/** Of the characters that calls may have, one tenant may have that share: there is always room for others. */
const TENANT_SHARE = 0.5

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

/** What calls hold that are open. */
interface Held {
  calls: number
  chars: number
}

/** Counts the calls that a process has open. */
export class FlowRoom {
  readonly #bounds: Omit<FlowBounds, 'startMs'>
  readonly #all: Held = { calls: 0, chars: 0 }
  readonly #byTenant = new Map<string, Held>()

  constructor (bounds: Omit<FlowBounds, 'startMs'>) {
    this.#bounds = bounds
  }

  get calls (): number { return this.#all.calls }

  callsOf (tenant: string): number { return this.#byTenant.get(tenant)?.calls ?? 0 }

  /** Answers the place of a call, which is to leave it in the end. Throws RATE_LIMITED where the tenant has as many as it may, and OVERLOADED where the process has. */
  enter ({ tenant, text }: { tenant: string, text: string }): FlowPlace {
    const own = this.#byTenant.get(tenant) ?? { calls: 0, chars: 0 }
    this.#check(own, text.length)
    this.#byTenant.set(tenant, own)
    const both = [this.#all, own]
    const hold = (calls: number, chars: number) => {
      for (const held of both) {
        held.calls += calls
        held.chars += chars
      }
    }
    let held = text.length
    hold(1, held)
    return {
      answered (chars) {
        hold(0, chars - held)
        held = chars
      },
      leave: () => {
        hold(-1, -held)
        if (own.calls === 0) this.#byTenant.delete(tenant)
      },
    }
  }

  #check (own: Held, chars: number): void {
    const { perProcess, perTenant, chars: allowed } = this.#bounds
    const share = allowed * TENANT_SHARE
    if (own.calls >= perTenant) throw new JobError('RATE_LIMITED', `Cannot take the call: ${own.calls} of the tenant are open, allowed are ${perTenant} (BATCHBOX_TENANT_FLOW_CALLS); wait for some to be answered`)
    if (own.calls > 0 && own.chars + chars > share) throw new JobError('RATE_LIMITED', `Cannot take the call: those of the tenant that are open have ${own.chars} characters of code, input and answers, allowed are ${share} (half of BATCHBOX_FLOW_CHARS); wait for some to be answered`)
    if (this.#all.calls >= perProcess) throw new JobError('OVERLOADED', `Cannot take the call: ${this.#all.calls} are open here, allowed are ${perProcess} (BATCHBOX_FLOW_CALLS); call again later`)
    if (this.#all.chars + chars > allowed) throw new JobError('OVERLOADED', `Cannot take the call: those that are open here have ${this.#all.chars} characters of code, input and answers, allowed are ${allowed} (BATCHBOX_FLOW_CHARS); call again later`)
  }
}
