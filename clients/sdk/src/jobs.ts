import type { CancelledJob, Checkpoint, JobStatus, JobView, LogLevel, LogLine, NewJob, ReplayChange, StoredFile, Trace } from './api-types.ts'
import { download } from './files.ts'
import type { DownloadOptions } from './http/download.ts'
import { buildListing, type Listing } from './http/pages.ts'
import type { Call, Requester } from './http/requester.ts'
import { poll, secondsOf, waitFor, type WaitOptions } from './http/wait.ts'
import type { Live } from './live/events.ts'
import type { Follower, FollowOptions } from './live/options.ts'
import type { RequestOptions } from './options.ts'
import { readResult, readValue, writeJob } from './serialization.ts'

const ROOT = 'v1/jobs'
const ENDED: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled', 'expired', 'dead'] satisfies JobStatus[])

/** A job, with the type of its result. */
export interface Job<T = unknown> extends Omit<JobView, 'result'> {
  /** Left out above 64 KiB: `jobs.result(id)` has it. */
  result?: T
}

/** A job as lists have it. */
export type ListedJob = Omit<JobView, 'result'>

/** Which jobs are listed, newest first. */
export interface JobQuery {
  status?: JobStatus
  /** `key:value` */
  tag?: string
  /** Id of a batch. */
  batch?: string
  since?: string | Date
  until?: string | Date
  /** Entries of a page. */
  limit?: number
  cursor?: string
}

export interface LogQuery {
  /** Number of the last line already read. */
  after?: number
  /** Lowest level. */
  level?: LogLevel
  /** Lines of a page. */
  limit?: number
}

export interface Jobs {
  /** Enqueues a job; it is not waited for. */
  create (job: NewJob, options?: RequestOptions): Promise<Job>
  /** Enqueues a job and answers it once it has ended, however it did. Throws a WaitTimeoutError. */
  run<T = unknown> (job: NewJob, options?: WaitOptions): Promise<Job<T>>
  get<T = unknown> (id: string, options?: RequestOptions): Promise<Job<T>>
  list (query?: JobQuery, options?: RequestOptions): Listing<ListedJob>
  /** Answers the job once it has ended, however it did. Throws a WaitTimeoutError, which has the job as it was. */
  wait<T = unknown> (id: string, options?: WaitOptions): Promise<Job<T>>
  /** Cancels a job, and waits some seconds for its code to stop; answers the state it has reached. */
  cancel (id: string, options?: RequestOptions): Promise<CancelledJob>
  /** Makes a new job with the request of one that has ended; answers the one that was made before, unless `again`. */
  replay (id: string, change?: NonNullable<ReplayChange>, options?: RequestOptions): Promise<Job>
  /** The value that the code returned, however large. Throws a NotFoundError where there is none. */
  result<T = unknown> (id: string, options?: RequestOptions): Promise<T>
  /** Log lines that are stored so far. */
  logs (id: string, query?: LogQuery, options?: RequestOptions): Listing<LogLine>
  /** The events of a job as they happen; ends with the job. */
  events (id: string, options?: FollowOptions): Follower
  /** What the code saved last. */
  checkpoint (id: string, options?: RequestOptions): Promise<Checkpoint>
  /** Files that it wrote so far. */
  files (id: string, options?: RequestOptions): Promise<StoredFile[]>
  /** The content of one of them, as `files.download` has it; of a job that runs, what is committed. */
  file (id: string, name: string, options?: DownloadOptions): Promise<Response>
  /** Its spans, as OTLP/JSON. */
  trace (id: string, options?: RequestOptions): Promise<Trace>
  /** Removes a job that has ended, with all it stored. */
  delete (id: string, options?: RequestOptions): Promise<void>
}

export function buildJobs (requester: Requester, live: Live): Jobs {
  const { json } = requester
  const wait: Jobs['wait'] = <T>(id: string, options: WaitOptions = {}) => waitFor(poll<Job<T>>(requester, [ROOT, id], options), hasEnded, options).then(readResult)
  return {
    wait,
    ...buildPosts(requester, { path: ROOT }, wait),
    get: async <T>(id: string, options?: RequestOptions) => readResult(await json<Job<T>>({ path: [ROOT, id], ...options })),
    list: (query, options) => buildListing(requester, ROOT, { query, options }),
    cancel: (id, options) => json({ method: 'POST', path: [ROOT, id, 'cancel'], repeatable: true, ...options }),
    replay: async (id, change = {}, options) => readResult(await json<Job>({ method: 'POST', path: [ROOT, id, 'replay'], json: change, idempotent: true, ...options })),
    result: <T>(id: string, options?: RequestOptions) => requester.read({ path: [ROOT, id, 'result'], ...options }, readValue<T>),
    logs: (id, query, options) => buildListing(requester, [ROOT, id, 'logs'], { query, options, cursor: 'after' }),
    events: (id, options) => live.follow(`job:${id}`, options),
    checkpoint: (id, options) => json({ path: [ROOT, id, 'checkpoint'], ...options }),
    files: async (id, options) => (await json<{ data: StoredFile[] }>({ path: [ROOT, id, 'files'], ...options })).data,
    file: (id, name, options) => download(requester, [ROOT, id, 'files', name], options),
    trace: (id, options) => json({ path: [ROOT, id, 'trace'], ...options }),
    delete: (id, options) => json({ method: 'DELETE', path: [ROOT, id], ...options }),
  }
}

/** Builds what posts jobs to a place. */
export function buildPosts ({ json }: Requester, place: Pick<Call, 'path' | 'query'>, wait: Jobs['wait']): Pick<Jobs, 'create' | 'run'> {
  const post = async <T>(job: NewJob, options: Partial<Call> = {}) => json<Job<T>>({ ...place, method: 'POST', json: await writeJob(checkJob(job)), idempotent: true, ...options })
  return {
    create: async (job, options) => readResult(await post(job, options)),
    async run<T> (job: NewJob, { waitMs = Infinity, ...options }: WaitOptions = {}) {
      const until = performance.now() + waitMs
      const seconds = secondsOf(waitMs)
      const posted = await post<T>(job, { ...options, headers: { prefer: `wait=${seconds}`, ...options.headers }, waitMs: seconds * 1000 })
      return hasEnded(posted) ? readResult(posted) : wait<T>(posted.id, { ...options, waitMs: Math.max(0, until - performance.now()) })
    },
  }
}

/** Refuses a function given as code: its text lacks what it refers to. */
export function checkJob (job: NewJob): NewJob {
  if (typeof job.code !== 'function') return job
  throw new TypeError('Cannot run a function: its text would arrive without what it refers to; pass the source of a module, like "export default (n) => n + 1"')
}

export function hasEnded ({ status }: Pick<Job, 'status'>): boolean {
  return ENDED.has(status)
}
