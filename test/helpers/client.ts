import assert from 'node:assert/strict'
import type { LogLine } from '../../src/core/events.ts'
import type { JobView } from '../../src/core/job.ts'
import { isTerminal } from '../../src/core/status.ts'

const WAIT_SECONDS = 30
const PAGE = 1000

export interface Answer {
  status: number
  headers: Headers
  text: string
  json: Record<string, unknown>
}

export interface Event {
  sequence: number
  type: string
  attempt: number
  payload: Record<string, unknown>
}

export interface Span {
  name: string
  traceId: string
  spanId: string
  parentSpanId: string
  startTimeUnixNano: string
  endTimeUnixNano: string
  status: { code: number }
  attributes: { key: string, value: unknown }[]
}

/** What a client of the service does, over HTTP with the administrator's key. */
export interface Client {
  request (method: string, path: string, options?: { body?: unknown, headers?: Record<string, string> }): Promise<Answer>
  /** Posts a job that must be accepted. */
  post (job: Record<string, unknown>, headers?: Record<string, string>): Promise<JobView>
  /** Reads a job once it has ended. */
  end (id: string): Promise<JobView>
  /** Posts a job and waits for its end. */
  run (job: Record<string, unknown>, headers?: Record<string, string>): Promise<JobView>
  read (id: string): Promise<JobView>
  logs (id: string): Promise<LogLine[]>
  /** All events of a job. */
  events (id: string): Promise<Event[]>
  spans (id: string): Promise<Span[]>
}

export function buildClient (url: string, key: string): Client {
  const request: Client['request'] = async (method, path, { body, headers } = {}) => {
    const raw = typeof body === 'string' || body === undefined
    const response = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: response.headers.get('content-type')?.includes('ndjson') ? {} : parseObject(text) }
  }
  const read = async (path: string) => {
    const answer = await request('GET', path)
    assert.equal(answer.status, 200, answer.text)
    return answer.json
  }
  // The casts below: these are the service's own answers, and the tests look at what they need of them.
  const post: Client['post'] = async (job, headers = {}) => {
    const answer = await request('POST', '/v1/jobs', { body: job, headers })
    assert.ok(answer.status === 202 || answer.status === 200, answer.text)
    return answer.json as unknown as JobView
  }
  const end: Client['end'] = async (id) => {
    for (;;) {
      const job = await read(`/v1/jobs/${id}?wait=${WAIT_SECONDS}`) as unknown as JobView
      if (isTerminal(job.status)) return job
    }
  }
  return {
    request,
    post,
    end,
    async run (job, headers = {}) {
      const answered = await post(job, { prefer: `wait=${WAIT_SECONDS}`, ...headers })
      return isTerminal(answered.status) ? answered : end(answered.id)
    },
    read: async (id) => await read(`/v1/jobs/${id}`) as unknown as JobView,
    logs: async (id) => (await read(`/v1/jobs/${id}/logs?limit=${PAGE}`))['data'] as LogLine[],
    events: async (id) => (await read(`/v1/jobs/${id}/events?limit=${PAGE}`))['data'] as Event[],
    spans: async (id) => readSpans(await read(`/v1/jobs/${id}/trace`)),
  }
}

function parseObject (text: string): Record<string, unknown> {
  return text.startsWith('{') ? JSON.parse(text) as Record<string, unknown> : {} // an object, since it starts with a brace
}

/** The spans of an OTLP/JSON trace. */
function readSpans (trace: Record<string, unknown>): Span[] {
  const { resourceSpans } = trace as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
}
