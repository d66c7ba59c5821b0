// Receives webhooks of a Batchbox service and prints each event once. Needs nothing but Node, from 22.18 on.
//
//     SECRET=whsec_… PORT=8080 node examples/webhooks/receive.ts
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

const SECRET = process.env['SECRET'] ?? ''
const PORT = Number(process.env['PORT'] ?? 8080)
/** Older deliveries are refused: somebody may have kept one to send it again. */
const TOLERANCE_SECONDS = 300
const BODY_MAX_BYTES = 1_048_576
if (!SECRET.startsWith('whsec_')) throw new Error('Cannot tell what is genuine: set SECRET to the secret of the endpoint, whsec_…')

/**
 * Tells whether a delivery was signed with the secret, and not long ago. The body is what came, byte for byte: JSON that is written again is signed
 * otherwise. While a secret is rotated there are several signatures, and one that fits is enough.
 */
function isGenuine (headers: IncomingHttpHeaders, body: Buffer, secret: string): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') return false
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS)) return false
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()
  return signatures.split(' ').some((signature) => {
    const [version, base64 = ''] = signature.split(',')
    const given = Buffer.from(base64, 'base64')
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
  })
}

async function readBody (request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) { // no encoding was set
    bytes += chunk.length
    if (bytes > BODY_MAX_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Ids of events that were handled. Keep them in your database, in the transaction that handles the event: an event may come more than once. */
const handled = new Set<string>()

async function answer (request: IncomingMessage): Promise<number> {
  const body = await readBody(request)
  if (!body) return 413
  if (!isGenuine(request.headers, body, SECRET)) return 401
  const id = String(request.headers['webhook-id'])
  if (handled.has(id)) return 204 // it was handled before: say so, or it comes again
  const event = JSON.parse(body.toString()) as { type: string, data: unknown } // it is genuine
  handled.add(id)
  process.stdout.write(`${JSON.stringify({ id, ...event })}\n`)
  return 204
}

const server = createServer((request, response) => {
  answer(request).then(
    (status) => response.writeHead(status).end(),
    () => response.writeHead(500).end(), // it comes again
  )
})
server.listen(PORT, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo // it listens on a port
  process.stdout.write(`${JSON.stringify({ listening: `http://127.0.0.1:${port}/` })}\n`)
})
