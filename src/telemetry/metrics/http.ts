import type { Meter } from '@opentelemetry/api'

/** All others are one label. Source: OpenTelemetry HTTP conventions, http.request.method. */
const METHODS: ReadonlySet<string> = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE'])
const OTHER_METHOD = '_OTHER'
/** Source: OpenTelemetry HTTP conventions, http.server.request.duration; longer ones for requests that wait. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60]

export interface ServedRequest {
  method: string
  /** The template, never the path; undefined for a path that nothing serves. */
  route: string | undefined
  status: number
  /** It waited for a job on purpose, so that its duration says nothing of the API. */
  waited: boolean
  durationMs: number
}

export type HttpMetrics = ReturnType<typeof createHttpMetrics>

/** Instruments of the HTTP server. */
export function createHttpMetrics (meter: Meter) {
  const duration = meter.createHistogram('http.server.request.duration', { unit: 's', description: 'Requests that were answered, by route template, method and status', advice: { explicitBucketBoundaries: REQUEST_SECONDS } })
  const active = meter.createUpDownCounter('http.server.active_requests', { unit: '{request}', description: 'Requests that are being answered, by method' })
  return {
    came: (method: string) => active.add(1, { 'http.request.method': boundMethod(method) }),
    served ({ method, route, status, waited, durationMs }: ServedRequest) {
      const bounded = { 'http.request.method': boundMethod(method) }
      active.add(-1, bounded)
      duration.record(durationMs / 1000, { ...bounded, ...(route === undefined ? {} : { 'http.route': route }), 'http.response.status_code': status, 'batchbox.waited': waited })
    },
  }
}

function boundMethod (method: string): string {
  return METHODS.has(method) ? method : OTHER_METHOD
}
