import type { Modules, Stats } from './api-types.ts'
import { runBlock, type BlockAnswer, type BlockOptions } from './block.ts'
import { buildBatches, type Batches } from './batches.ts'
import { buildDeadLetters, type DeadLetters } from './dead-letters.ts'
import { buildFiles, type Files } from './files.ts'
import { buildRequester, type Call } from './http/requester.ts'
import { buildJobs, type Jobs } from './jobs.ts'
import { buildFunctions, type Functions } from './functions.ts'
import { buildKeys, type Keys } from './keys.ts'
import { openLive, type Live } from './live/events.ts'
import type { Follower, FollowOptions } from './live/options.ts'
import type { ClientOptions, RequestOptions } from './options.ts'
import { run, type RunOptions } from './run.ts'
import { buildSecrets, type Secrets } from './secrets.ts'
import { buildTenants, type Tenants } from './tenants.ts'
import { buildWebhooks, type Webhooks } from './webhooks.ts'

/** A client of one service. */
export interface Client {
  readonly jobs: Jobs
  readonly batches: Batches
  readonly deadLetters: DeadLetters
  readonly files: Files
  readonly functions: Functions
  readonly keys: Keys
  readonly secrets: Secrets
  readonly tenants: Tenants
  readonly webhooks: Webhooks
  /** The connection of all that is followed: its state, its figures, and what looks into it. */
  readonly live: Live
  /**
   * Runs code and answers what it returned. Throws a RunError, which has the job, where it did not succeed (a CodeError, LimitError, CancelledError,
   * ExpiredError or JobLostError), a WaitTimeoutError where it has not ended in time, and an ApiError where it was refused.
   */
  run<T = unknown> (code: string, input?: unknown, options?: RunOptions): Promise<T>
  /**
   * Runs a block of code of a flow, the body of a function or a module, and answers what it returned with its logs and times; nothing of it is kept, and it is never run twice. Throws a BlockError where
   * the code failed, and an ApiError where the call was refused.
   */
  runBlock<T = unknown> (code: string, input?: unknown, options?: BlockOptions): Promise<BlockAnswer<T>>
  /** Follows `job:<id>`, `batch:<id>` or `tag:<name>:<value>`. */
  events (topic: string, options?: FollowOptions): Follower
  /** The tenant's figures of the last hour and the last day. */
  stats (options?: RequestOptions): Promise<Stats>
  /** What the code of jobs may import. */
  modules (options?: RequestOptions): Promise<Modules>
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
    batches: buildBatches(requester, live),
    deadLetters: buildDeadLetters(requester),
    files: buildFiles(requester),
    functions: buildFunctions(requester, jobs),
    keys: buildKeys(requester),
    secrets: buildSecrets(requester),
    tenants: buildTenants(requester),
    webhooks: buildWebhooks(requester),
    live,
    run: (code, input, options) => run(jobs, code, input, options),
    runBlock: (code, input, options) => runBlock(requester, code, input, options),
    events: (topic, options) => live.follow(topic, options),
    stats: (options) => requester.json({ path: 'v1/stats', ...options }),
    modules: (options) => requester.json({ path: 'v1/modules', ...options }),
    request: (call) => requester.json(call),
    close: () => live.close(),
  }
}
