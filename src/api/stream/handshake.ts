import type { IncomingMessage } from 'node:http'
import { JobError } from '../../core/failures.ts'
import { BEARER_PROTOCOL, STREAM_PROTOCOLS, type StreamProtocol } from '../../core/stream-protocol.ts'

/** Path of the WebSocket; no other is ever upgraded. */
export const STREAM_PATH = '/v1/stream'

/** Tells whether a connection is to be upgraded. What else asks for one, as `curl --http2` does, is answered as if it had not. Source: RFC 9110, 7.8. */
export function isUpgrade ({ method, url = '', headers }: IncomingMessage): boolean {
  return method === 'GET' && url.split('?', 1)[0] === STREAM_PATH && headers.upgrade?.toLowerCase() === 'websocket'
}

/** Reads the API key out of the subprotocols that a client offers: browsers cannot send it otherwise. */
export function parseBearerProtocol (header: string | undefined): string | undefined {
  return offeredBy(header).find((protocol) => protocol.startsWith(BEARER_PROTOCOL))?.slice(BEARER_PROTOCOL.length)
}

/** Chooses the first of the offered subprotocols that is known. Throws BAD_REQUEST if there is none. */
export function chooseProtocol (header: string | undefined): StreamProtocol {
  const chosen = offeredBy(header).find(isKnown)
  if (!chosen) throw new JobError('BAD_REQUEST', `Cannot open the stream: Sec-WebSocket-Protocol must offer ${STREAM_PROTOCOLS.join(' or ')}`)
  return chosen
}

/**
 * Refuses pages of other origins with FORBIDDEN, as CORS keeps them from everything else: a WebSocket is not subject to it. Clients that are no
 * browsers send no origin.
 */
export function requireOrigin ({ origin, host }: { origin?: string | undefined, host?: string | undefined }, isAllowed: (origin: string) => boolean): void {
  if (origin === undefined || isAllowed(origin) || URL.parse(origin)?.host === host) return
  throw new JobError('FORBIDDEN', `Cannot open the stream: pages of ${JSON.stringify(origin.slice(0, 200))} may not use this service; its operator can allow them with BATCHBOX_CORS_ORIGINS`)
}

function offeredBy (header: string | undefined): string[] {
  return (header ?? '').split(',').map((protocol) => protocol.trim())
}

function isKnown (protocol: string): protocol is StreamProtocol {
  return STREAM_PROTOCOLS.some((known) => known === protocol)
}
