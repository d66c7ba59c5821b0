import { request } from 'node:http'
import { startHttp } from './http-server.ts'
import type { Scope } from './scope.ts'

/** What stands between a browser and the service in some networks. */
export interface HttpProxy {
  url: string
  /** Every request that came, in order: `GET /path`. */
  requests: string[]
}

/**
 * Passes requests on, but no WebSocket: an upgrade goes as the request that it is without. Streams of events are refused, or kept until they have ended, as
 * proxies do that buffer.
 */
export async function startHttpProxy (scope: Scope, to: string, { streams }: { streams: 'passed' | 'buffered' | 'refused' }): Promise<HttpProxy> {
  const { origin, requests } = await startHttp(scope, (incoming, outgoing) => {
    const isStream = incoming.headers.accept === 'text/event-stream'
    if (isStream && streams === 'refused') {
      outgoing.writeHead(403, { 'content-type': 'text/html' }).end('<h1>Not here</h1>')
      return
    }
    const { connection: _, upgrade: __, ...headers } = incoming.headers
    const passed = request(new URL(incoming.url ?? '/', to), { method: incoming.method ?? 'GET', headers }, async (answer) => {
      const body = isStream && streams === 'buffered' ? await answer.toArray().catch(() => []) : answer
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      if (Array.isArray(body)) outgoing.end(Buffer.concat(body as Buffer[])) // no encoding was set
      else body.pipe(outgoing)
    })
    passed.on('error', () => outgoing.destroy())
    outgoing.on('close', () => passed.destroy())
    incoming.pipe(passed)
  })
  return { url: origin, requests }
}
