import { WaitTimeoutError } from '../errors.ts'
import type { RequestOptions } from '../options.ts'
import type { Path, Requester } from './requester.ts'
import { sleep } from './retry.ts'

/** Longest that one request waits; proxies give up on a silent one after a minute. */
const POLL_SECONDS = 30
/** Nothing is asked for more often than that: not all wait that are asked to. */
const PAUSE_MS = 1000

/** How long something is waited for. */
export interface WaitOptions extends RequestOptions {
  /** Longest to wait, in all, in whole seconds rounded up; no bound without it. */
  waitMs?: number | undefined
}

/** What can be waited for. */
interface Thing {
  id: string
  status: string
}

/** Reads a thing until it has ended. `read` may wait for that, up to so many seconds. Throws a WaitTimeoutError. */
export async function waitFor<T extends Thing> (read: (seconds: number) => Promise<T>, hasEnded: (thing: T) => boolean, { waitMs = Infinity, signal }: WaitOptions): Promise<T> {
  const until = performance.now() + waitMs
  for (;;) {
    const startedAt = performance.now()
    const thing = await read(secondsOf(until - startedAt))
    if (hasEnded(thing)) return thing
    const now = performance.now()
    if (now >= until) throw new WaitTimeoutError(`${thing.id} is ${thing.status}: it has not ended within waitMs`, thing)
    await sleep(Math.min(startedAt + PAUSE_MS, until) - now, signal)
  }
}

/** Has the service wait for the end of the thing at a path. */
export function poll<T> ({ json }: Requester, path: Path, options: RequestOptions): (seconds: number) => Promise<T> {
  return (seconds) => json({ ...options, path, query: { wait: seconds }, waitMs: seconds * 1000 })
}

/** How long one request is to wait, of what is left. */
export function secondsOf (leftMs: number): number {
  return Math.ceil(Math.min(POLL_SECONDS, Math.max(0, leftMs / 1000)))
}
