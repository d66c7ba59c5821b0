import type { IncomingMessage } from 'node:http'

const DRAIN_MAX_BYTES = 64 * 1_048_576
const DRAIN_MAX_MS = 5000

/**
 * Reads what is left of a request's body and throws it away, up to a bound in bytes and time. A client that still sends when its
 * connection is closed loses the answer, so a refusal waits for it to finish.
 */
export function drain (request: IncomingMessage): Promise<void> {
  if (!hasBody(request) || request.complete || request.readableEnded || request.destroyed) return Promise.resolve()
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

function hasBody ({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
