import type { NewJob, StoredFunction, WholeFunction } from './api-types.ts'
import type { Requester } from './http/requester.ts'
import { buildPosts, type Job, type Jobs } from './jobs.ts'
import type { RequestOptions } from './options.ts'
import { run, type RunOptions } from './run.ts'

const ROOT = 'v1/functions'

/** Which version of a function; the latest without it. */
export interface FunctionVersion {
  version?: number
}

/** What a call of a function may have: what is left out is as the function has it. */
export type FunctionCall = Omit<NewJob, 'code' | 'codeBase64' | 'files'>

/** Jobs that the service keeps by a name, in versions. */
export interface Functions {
  /** Stores a function as the next version of its name; the latest version is answered where it is the same. */
  put (name: string, job: NewJob, options?: RequestOptions): Promise<StoredFunction>
  get (name: string, query?: FunctionVersion, options?: RequestOptions): Promise<WholeFunction>
  list (options?: RequestOptions): Promise<StoredFunction[]>
  /** Deletes a function with all its versions. */
  delete (name: string, options?: RequestOptions): Promise<void>
  /** Calls a function: enqueues a job, which is not waited for. */
  start (name: string, call?: FunctionCall & FunctionVersion, options?: RequestOptions): Promise<Job>
  /** Calls a function and answers what it returned. Throws as `client.run` does, and a NotFoundError where there is none. */
  run<T = unknown> (name: string, input?: unknown, options?: Omit<RunOptions, 'files'> & FunctionVersion): Promise<T>
}

export function buildFunctions (requester: Requester, jobs: Jobs): Functions {
  const { json } = requester
  const postsTo = (name: string, version: number | undefined) => buildPosts(requester, { path: [ROOT, name, 'jobs'], query: { version } }, jobs.wait)
  return {
    put: (name, job, options) => json({ method: 'PUT', path: [ROOT, name], json: job, ...options }),
    get: (name, query, options) => json({ path: [ROOT, name], query: { ...query }, ...options }),
    list: async (options) => (await json<{ data: StoredFunction[] }>({ path: ROOT, ...options })).data,
    delete: (name, options) => json({ method: 'DELETE', path: [ROOT, name], ...options }),
    start: (name, { version, ...call } = {}, options) => postsTo(name, version).create(call, options),
    run: (name, input, { version, ...options } = {}) => run({ ...jobs, ...postsTo(name, version) }, undefined, input, options),
  }
}
