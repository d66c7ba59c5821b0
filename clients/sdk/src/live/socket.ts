import { buildEnvelope, readFrame, type Envelope } from './envelope.ts'
import type { Codec } from './options.ts'
import { buildBroken, type Context } from './transport.ts'

/** Acknowledgements go so many together, or so late. Source: row MSG-13. */
const ACKS_MAX = 100
const ACKS_MS = 1000
const PING_MS = 15_000
const BEARER = 'batchbox.bearer.'

const JSON_CODEC: Codec = {
  subprotocol: 'batchbox.v1.json',
  encode: (message) => JSON.stringify(message),
  decode: (data) => JSON.parse(String(data)),
}

/** One that reads from a connection. */
export interface SocketReader {
  receive (message: Partial<Envelope>, bytes: number): void
  fail (error: Error): void
}

/** An open connection, with those that read from it by the names of their subscriptions. */
export interface Socket {
  readonly readers: Map<string, SocketReader>
  readonly ended: Promise<void>
  send (id: string, type: string, payload: Envelope['payload']): void
  /** Notes the newest event of a subscription that was taken; what was noted goes together. */
  acknowledge (subscription: string, cursor: number): void
  close (why: string): void
}

/** Opens a WebSocket. Rejects with a ConnectionError when there is none, it is refused, or takes too long. */
export async function openSocket (context: Context): Promise<Socket> {
  const { requester, closing, settings: { WebSocket, codec = JSON_CODEC, connectTimeoutMs } } = context
  if (!WebSocket) throw buildBroken('Cannot open a WebSocket: there is none here')
  const url = requester.resolve('v1/stream')
  url.protocol = url.protocol.replace('http', 'ws')
  const key = await requester.apiKey()
  closing.throwIfAborted()
  const socket = new WebSocket(url.href, [codec.subprotocol, ...(key ? [BEARER + key] : [])])
  socket.binaryType = 'arraybuffer'
  const stop = () => socket.close()
  const timer = setTimeout(stop, connectTimeoutMs)
  closing.addEventListener('abort', stop)
  try {
    await new Promise<void>((resolve, reject) => {
      const refuse = () => reject(buildBroken(`Cannot open a WebSocket at ${url.href}: refused, or not open within ${connectTimeoutMs} ms`))
      socket.addEventListener('open', () => resolve(), { once: true })
      socket.addEventListener('error', refuse, { once: true })
      socket.addEventListener('close', refuse, { once: true })
    })
  } finally {
    clearTimeout(timer)
    closing.removeEventListener('abort', stop)
  }
  return runSocket(context, socket, codec)
}

function runSocket (context: Context, socket: WebSocket, codec: Codec): Socket {
  const { settings: { heartbeatTimeoutMs } } = context
  const readers: Socket['readers'] = new Map()
  const acks = new Map<string, number>()
  let acknowledged = 0
  let acksTimer: ReturnType<typeof setTimeout> | undefined
  let pingedAt = 0
  let finish: () => void
  const ended = new Promise<void>((resolve) => { finish = resolve })
  const opened = context.opened('websocket')
  const listening = new AbortController()
  const { signal } = listening

  const write = (envelopes: Envelope[]) => {
    const messages = envelopes.map((each) => context.outgoing(each)).filter((each) => each !== null)
    if (messages.length === 0 || socket.readyState !== 1) return
    const data = codec.encode(messages.length === 1 ? messages[0] : messages)
    socket.send(data)
    context.sent(data.length)
  }
  const end = (error: Error) => {
    if (signal.aborted) return // it has ended
    clearTimeout(silence)
    clearInterval(pings)
    clearTimeout(acksTimer)
    listening.abort()
    socket.close()
    opened()
    finish()
    for (const { fail } of readers.values()) fail(error)
  }
  const flush = () => {
    clearTimeout(acksTimer)
    acksTimer = undefined
    acknowledged = 0
    const all = [...acks].map(([subscription, cursor]) => buildEnvelope(subscription, 'ack', { subscription, cursor }))
    acks.clear()
    for (let from = 0; from < all.length; from += ACKS_MAX) write(all.slice(from, from + ACKS_MAX))
  }
  let silence: ReturnType<typeof setTimeout> | undefined
  const listen = () => {
    clearTimeout(silence)
    silence = setTimeout(() => end(buildBroken(`The WebSocket was silent for ${heartbeatTimeoutMs} ms`)), heartbeatTimeoutMs)
  }
  const pings = setInterval(() => ping(), PING_MS)
  const ping = () => {
    pingedAt = Date.now()
    write([buildEnvelope('ping', 'ping', {})])
  }
  const receive = (message: Partial<Envelope>, bytes: number) => {
    const { type, payload = {}, headers = {}, correlationId } = message
    if (type === 'pong') context.roundTrips.add(Date.now() - pingedAt)
    else if (type === 'system.shutdown') end(buildBroken('The service stops', { retryAfterMs: Number(payload['reconnectInMs']) || 0 }))
    else readers.get(String(payload['subscription'] ?? headers['subscription'] ?? correlationId))?.receive(message, bytes)
  }
  const hear = (event: MessageEvent) => {
    const data = event.data as string | ArrayBuffer // by its binaryType
    listen()
    const bytes = typeof data === 'string' ? data.length : data.byteLength
    context.received(bytes)
    try {
      const messages = readFrame(codec.decode(data))
      for (const message of messages) receive(message, Math.ceil(bytes / messages.length))
    } catch (error) {
      end(buildBroken('Cannot read what came over the WebSocket', { cause: error }))
    }
  }
  socket.addEventListener('message', hear, { signal })
  socket.addEventListener('error', () => end(buildBroken('The WebSocket broke')), { signal })
  socket.addEventListener('close', ({ code, reason }) => end(buildBroken(`The WebSocket was closed: ${reason || code}`)), { signal })
  listen()
  ping()
  return {
    readers,
    ended,
    send: (id, type, payload) => write([buildEnvelope(id, type, payload)]),
    acknowledge (subscription, cursor) {
      acks.set(subscription, cursor)
      if (++acknowledged >= ACKS_MAX) flush()
      else acksTimer ??= setTimeout(flush, ACKS_MS)
    },
    close: (why) => end(buildBroken(`The WebSocket was closed: ${why}`)),
  }
}
