import type { LogLine } from '../../core/events.ts'
import type { JobView } from '../../core/job.ts'
import { isTerminal } from '../../core/status.ts'
import { parseTrace, type TraceSpan } from './trace.ts'

const REQUEST_MS = 60_000
const WAIT_S = 30

export interface NewJob {
  code: string
  input?: unknown
  limits?: Record<string, number>
  tags?: Record<string, string>
}

/** What a client of the service does, over HTTP. Every call throws an Error that names the request when the answer is no success. */
export interface ApiClient {
  /** Posts a job and answers at once. */
  post(job: NewJob): Promise<JobView>
  read(id: string): Promise<JobView>
  /** Reads a job until it has ended. */
  waitFor(id: string): Promise<JobView>
  logs(id: string): Promise<LogLine[]>
  trace(id: string): Promise<TraceSpan[]>
}

export function buildApiClient (url: string, key: string, signal: AbortSignal): ApiClient {
  async function request (path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(new URL(path, url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
    })
    if (!response.ok) throw new Error(`${body === undefined ? 'GET' : 'POST'} ${path} answered ${response.status}: ${await response.text()}`)
    return response.json()
  }
  const readJob = async (path: string) => await request(path) as JobView // the service's own answers; the demo checks what it uses
  return {
    post: async (job) => await request('/v1/jobs', job) as JobView, // likewise
    read: (id) => readJob(`/v1/jobs/${id}`),
    waitFor: async (id) => {
      for (;;) {
        const job = await readJob(`/v1/jobs/${id}?wait=${WAIT_S}`)
        if (isTerminal(job.status)) return job
      }
    },
    logs: async (id) => (await request(`/v1/jobs/${id}/logs?limit=1000`) as { data: LogLine[] }).data, // likewise
    trace: async (id) => parseTrace(await request(`/v1/jobs/${id}/trace`)),
  }
}
