import { buildRequester, type Call } from './http/requester.ts'
import { buildJobs, type Jobs } from './jobs.ts'
import { openLive, type Live } from './live/events.ts'
import type { Follower, FollowOptions } from './live/options.ts'
import type { ClientOptions } from './options.ts'
import { run, type RunOptions } from './run.ts'

/** A client of one service. */
export interface Client {
  readonly jobs: Jobs
  /** The connection of all that is followed: its state, its figures, and what looks into it. */
  readonly live: Live
  /**
   * Runs code and answers what it returned. Throws a RunError, which has the job, where it did not succeed (a CodeError, LimitError, CancelledError,
   * ExpiredError or JobLostError), a WaitTimeoutError where it has not ended in time, and an ApiError where it was refused.
   */
  run<T = unknown> (code: string, input?: unknown, options?: RunOptions): Promise<T>
  /** Follows `job:<id>`, `batch:<id>` or `tag:<name>:<value>`. */
  events (topic: string, options?: FollowOptions): Follower
  /** Sends a request that the client has no method for; answers its JSON. */
  request<T = unknown> (call: Call): Promise<T>
  /** Ends what is followed. */
  close (): Promise<void>
}

/** Makes a client; nothing is sent yet. */
export function createClient (options: ClientOptions): Client {
  const requester = buildRequester(options)
  const live = openLive(requester, options)
  const jobs = buildJobs(requester, live)
  return {
    jobs,
    live,
    run: (code, input, options) => run(jobs, code, input, options),
    events: (topic, options) => live.follow(topic, options),
    request: (call) => requester.json(call),
    close: () => live.close(),
  }
}
