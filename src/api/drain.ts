import type { IncomingMessage } from 'node:http'

const DRAIN_MAX_BYTES = 64 * 1_048_576
const DRAIN_MAX_MS = 5000
const LINGER_MAX_MS = 10_000

/**
 * Reads what is left of a request's body and throws it away, up to a bound in bytes and time. A client that still sends when its
 * connection is closed loses the answer, so a refusal that closes it waits for it to finish.
 */
export function drain (request: IncomingMessage): Promise<void> {
  if (!isComing(request)) return Promise.resolve()
  const drained = Promise.withResolvers<void>()
  let left = DRAIN_MAX_BYTES
  const timer = setTimeout(drained.resolve, DRAIN_MAX_MS)
  const onData = (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) drained.resolve()
  }
  request.on('data', onData).once('end', drained.resolve).once('error', drained.resolve).once('close', drained.resolve)
  return drained.promise.finally(() => {
    clearTimeout(timer)
    request.off('data', onData).off('end', drained.resolve).off('error', drained.resolve).off('close', drained.resolve)
  })
}

/**
 * Has what still comes of a request that is answered thrown away: what was read in part is not read on by itself. Beyond the bound it is left, which has a client that only writes
 * look at what it was answered; then its connection is closed.
 */
export function linger (request: IncomingMessage): void {
  if (!isComing(request)) return
  let left = DRAIN_MAX_BYTES
  const timer = setTimeout(() => request.destroy(), LINGER_MAX_MS)
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) request.pause()
  })
  for (const event of ['end', 'error', 'close']) request.once(event, () => clearTimeout(timer))
}

function isComing (request: IncomingMessage): boolean {
  return hasBody(request) && !request.complete && !request.readableEnded && !request.destroyed
}

function hasBody ({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
