import type { Batch, BatchReplay, BatchResultView, BatchWebhook, NewJob, PostedBatch } from './api-types.ts'
import { ConnectionError } from './errors.ts'
import { readLines } from './http/lines.ts'
import { buildListing, type Listing } from './http/pages.ts'
import type { Requester } from './http/requester.ts'
import { delayOf, sleep } from './http/retry.ts'
import type { Items } from './http/upload.ts'
import { poll, waitFor, type WaitOptions } from './http/wait.ts'
import { checkJob } from './jobs.ts'
import type { Live } from './live/events.ts'
import type { Follower, FollowOptions } from './live/options.ts'
import type { RequestOptions } from './options.ts'
import { readResult, writeItems } from './serialization.ts'

const ROOT = 'v1/batches'
const NDJSON = 'application/x-ndjson'

/** An item that is a job of its own. */
export interface BatchJob extends NewJob {
  /** A job that was posted with it before is not made again. */
  idempotencyKey?: string
}

/** One code with many inputs, or many jobs. */
export type NewBatch =
  | { job: Omit<NewJob, 'input'>, inputs: Items<unknown>, webhook?: BatchWebhook }
  | { jobs: Items<BatchJob>, webhook?: BatchWebhook }

/** A line of a batch's results, with the type of what its code returns. */
export interface BatchResult<T = unknown> extends Omit<BatchResultView, 'result'> {
  /** Once it succeeded. */
  result?: T
}

export interface ResultQuery {
  /** Index of the last item already read. */
  after?: number
  status?: BatchResultView['status']
  /** Most items to read; all without it. */
  limit?: number
}

export interface Batches {
  /**
   * Enqueues many jobs. Items of an array or a function are sent again where that is needed; those of an iterator are sent once, as they come
   * (in browsers, which cannot, after they have all come).
   */
  create (batch: NewBatch, options?: RequestOptions): Promise<PostedBatch>
  get (id: string, options?: RequestOptions): Promise<Batch>
  list (query?: { limit?: number, cursor?: string }, options?: RequestOptions): Listing<Batch>
  /** Answers the batch once all its items have ended, however they did. Throws a WaitTimeoutError. */
  wait (id: string, options?: WaitOptions): Promise<Batch>
  /** Items in the order they were posted, as they are now; goes on where a connection broke. Await `wait` first for the ends of all. */
  results<T = unknown> (id: string, query?: ResultQuery, options?: RequestOptions): AsyncGenerator<BatchResult<T>, void, undefined>
  /** No item begins from then on, and those that run are stopped. */
  cancel (id: string, options?: RequestOptions): Promise<Batch>
  /** Makes a new batch of the items that ended badly. */
  replay (id: string, change?: NonNullable<BatchReplay>, options?: RequestOptions): Promise<PostedBatch>
  /** The progress of a batch as it happens; ends with the batch. */
  events (id: string, options?: FollowOptions): Follower
}

export function buildBatches (requester: Requester, live: Live): Batches {
  const { json } = requester
  return {
    async create (batch, options) {
      const { items, head } = await splitBatch(batch)
      const source = (await import('./http/upload.ts')).openItems(head, items) // loaded with the first batch: most pages make none
      try {
        return await json<PostedBatch>({ method: 'POST', path: ROOT, upload: { ...source, type: NDJSON }, idempotent: true, ...options })
      } catch (error) {
        throw source.failure() ?? error
      } finally {
        source.close()
      }
    },
    get: (id, options) => json({ path: [ROOT, id], ...options }),
    list: (query, options) => buildListing(requester, ROOT, { query, options }),
    wait: (id, options = {}) => waitFor(poll<Batch>(requester, [ROOT, id], options), ({ finishedAt }) => finishedAt !== null, options),
    results: (id, query, options) => readResults(requester, id, query, options),
    cancel: (id, options) => json({ method: 'POST', path: [ROOT, id, 'cancel'], repeatable: true, ...options }),
    replay: (id, change = {}, options) => json({ method: 'POST', path: [ROOT, id, 'replay'], json: change, idempotent: true, ...options }),
    events: (id, options) => live.follow(`batch:${id}`, options),
  }
}

async function splitBatch (batch: NewBatch): Promise<{ items: Items<unknown>, head: object }> {
  if ('jobs' in batch) {
    const { jobs, ...head } = batch
    return { items: await writeItems(jobs), head }
  }
  const { inputs, ...head } = batch
  checkJob(head.job)
  return { items: await writeItems(inputs, head.job), head }
}

async function * readResults<T> (requester: Requester, id: string, { after = -1, limit = Infinity, status }: ResultQuery = {}, options: RequestOptions = {}): AsyncGenerator<BatchResult<T>, void, undefined> {
  const { retries = requester.retries, signal } = options
  let last = after
  let left = limit
  for (let failures = 0; left > 0;) {
    const query = { after: last, status, limit: left === Infinity ? undefined : left }
    const { body } = await requester.send({ path: [ROOT, id, 'results'], query, accept: NDJSON, ...options })
    if (!body) return
    try {
      for await (const line of readLines(body)) {
        const item = JSON.parse(line) as BatchResult<T> // the service writes such lines
        last = item.index
        left -= 1
        failures = 0
        yield await readResult(item)
      }
      return
    } catch (error) {
      signal?.throwIfAborted()
      failures += 1
      if (failures > retries) throw new ConnectionError(`Cannot read the results of batch ${id} after item ${last}: the connection broke`, { cause: error })
      await sleep(delayOf(failures), signal)
    }
  }
}
