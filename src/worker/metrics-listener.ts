import { timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sha256 } from '../core/digest.ts'
import { METRICS_MEDIA_TYPE, type Metrics } from '../telemetry/metrics.ts'

/** A scrape is one short request: whoever is slower than this is none. */
const REQUEST_TIMEOUT_MS = 10_000
const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/

export interface MetricsListenerOptions {
  host: string
  /** 0 picks a free one. */
  port: number
  /** What `/metrics` needs as a bearer token; null for nothing, which is for a loopback address or whoever says so with `open`. */
  token: string | null
  open: boolean
  scrape: Metrics['scrape']
  onError (error: unknown): void
}

export interface MetricsListener {
  readonly url: string
  close (): Promise<void>
}

/**
 * Serves `/metrics` and `/healthz` of a process that serves nothing else. Throws an Error where anybody on the network could read what nobody
 * opened. The caller closes it.
 */
export async function createMetricsListener (options: MetricsListenerOptions): Promise<MetricsListener> {
  const { host, port, token, open } = options
  if (token === null && !open && !LOOPBACK.test(host)) {
    throw new Error(`Cannot listen on BATCHBOX_METRICS_HOST "${host}": others could read the metrics; set BATCHBOX_METRICS_TOKEN, or BATCHBOX_METRICS_OPEN=1 where only those can reach it who may`)
  }
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      options.onError(error)
      send(response, 500, 'Cannot collect the metrics: the log has why\n')
    })
  })
  server.listen({ host, port })
  await once(server, 'listening')
  const address = server.address() as AddressInfo // it listens on a port
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    async close () {
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => { server.close(resolve) })
    },
  }
}

async function answer ({ token, open, scrape }: MetricsListenerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url?.split('?', 1)[0]
  if (request.method !== 'GET' || (path !== '/metrics' && path !== '/healthz')) return send(response, 404, 'There is /metrics and /healthz here\n')
  if (path === '/healthz') return send(response, 200, '{"status":"ok"}', 'application/json')
  if (!open && token !== null && !isSame(request.headers.authorization ?? '', `Bearer ${token}`)) {
    response.setHeader('www-authenticate', 'Bearer')
    return send(response, 401, 'Cannot read the metrics: the header "Authorization: Bearer <BATCHBOX_METRICS_TOKEN>" is missing or wrong\n')
  }
  send(response, 200, await scrape(), METRICS_MEDIA_TYPE)
}

function send (response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(body)
}

/** In constant time, whatever their lengths. */
function isSame (given: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(given)), Buffer.from(sha256(expected)))
}
