import type { DeadLetter, DeadLetterCounts, FailureCode, NewSweep, Sweep } from './api-types.ts'
import { buildListing, type Listing } from './http/pages.ts'
import type { Requester } from './http/requester.ts'
import { waitFor, type WaitOptions } from './http/wait.ts'
import type { RequestOptions } from './options.ts'

const ROOT = 'v1/dead-letters'

/** Which dead letters are meant. */
export interface DeadLetterFilter {
  /** Code of the failure that the job is dead of. */
  code?: FailureCode
  /** `key:value` */
  tag?: string
  /** Id of a batch. */
  batch?: string
  since?: string | Date
  until?: string | Date
}

/** Exactly one choice: ids, members of a filter, or all. */
export type DeadLetterChoice = { ids: readonly string[] } | DeadLetterFilter | { all: true }

export interface DeadLetters {
  /** Jobs that were given up, newest first, with the evidence of what killed them. */
  list (query?: DeadLetterFilter & { limit?: number, cursor?: string }, options?: RequestOptions): Listing<DeadLetter>
  counts (options?: RequestOptions): Promise<DeadLetterCounts>
  /** Orders new jobs to be made of them; the order can be followed with `get` and `wait`. */
  replay (order: NewSweep, options?: RequestOptions): Promise<Sweep>
  /** Orders them to be removed with all that they stored. */
  purge (choice: DeadLetterChoice, options?: RequestOptions): Promise<Sweep>
  /** How far an order is. */
  get (order: Pick<Sweep, 'id' | 'action'>, options?: RequestOptions): Promise<Sweep>
  /** Ends an order; what it has done stays. */
  cancel (order: Pick<Sweep, 'id' | 'action'>, options?: RequestOptions): Promise<Sweep>
  /** Answers an order once it is done. Throws a WaitTimeoutError. */
  wait (order: Pick<Sweep, 'id' | 'action'>, options?: WaitOptions): Promise<Sweep>
}

export function buildDeadLetters (requester: Requester): DeadLetters {
  const { json } = requester
  const get: DeadLetters['get'] = (order, options) => json({ path: pathOf(order), ...options })
  return {
    get,
    list: (query, options) => buildListing(requester, ROOT, { query, options }),
    counts: (options) => json({ path: [ROOT, 'counts'], ...options }),
    replay: (order, options) => json({ method: 'POST', path: [ROOT, 'replay'], json: order, idempotent: true, ...options }),
    purge: (choice, options) => json({ method: 'DELETE', path: ROOT, query: 'ids' in choice ? { ids: choice.ids.join(',') } : { ...choice }, ...options }),
    cancel: (order, options) => json({ method: 'POST', path: [...pathOf(order), 'cancel'], repeatable: true, ...options }),
    wait: (order, { waitMs, ...options } = {}) => waitFor(() => get(order, options), ({ status }) => status !== 'running', { waitMs, signal: options.signal }),
  }
}

function pathOf ({ id, action }: Pick<Sweep, 'id' | 'action'>) {
  return [ROOT, `${action}s`, id] as const
}
