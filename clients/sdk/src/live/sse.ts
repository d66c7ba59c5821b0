import { ProtocolError } from '../errors.ts'
import { toEvent } from './envelope.ts'
import { createBlockReader, type Block } from './event-stream.ts'
import { within } from '../http/retry.ts'
import { askPage } from './poll.ts'
import type { Pool } from './pool.ts'
import { buildBroken, locateTopic, noteMissed, type Context, type Subscription, type Transport } from './transport.ts'

/** Server-Sent Events by fetch, since EventSource sends no key. A follower has a stream of its own, and is not ahead of its reader: what is not read waits in the socket. */
export function createSse (context: Context, pool: Pool): Transport {
  return {
    name: 'sse',
    async * read (subscription, signal) {
      const release = await pool.acquire(subscription.topic, signal)
      try {
        yield * readStream(context, subscription, signal)
      } finally {
        release()
      }
    },
  }
}

async function * readStream (context: Context, subscription: Subscription, signal: AbortSignal): ReturnType<Transport['read']> {
  const { settings: { connectTimeoutMs, heartbeatTimeoutMs } } = context
  const { topic } = subscription
  const buildSilent = () => buildBroken(`Cannot follow "${topic}": the stream is silent: it is dead, or something buffers it`)
  let close: (() => void) | undefined
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  try {
    reader = await openStream(context, subscription, signal) // in time, or not at all
    if (!reader) return subscription.found() // it is over
    const decoder = new TextDecoder()
    const readBlocks = createBlockReader()
    let hasBegun = false
    for (;;) {
      const reading = reader.read().catch((cause: unknown) => { throw signal.aborted ? signal.reason : buildBroken(`Cannot follow "${topic}": the stream broke`, { cause }) })
      const { done, value } = await within(close ? heartbeatTimeoutMs : connectTimeoutMs, reading, buildSilent)
      if (done) break
      close ??= context.opened('sse')
      subscription.found()
      context.received(value.byteLength)
      for (const block of readBlocks(decoder.decode(value, { stream: true }))) {
        // A stream says first where it begins, in a block without an event. That goes before what was asked for: after a Redis that lost writes it is less.
        if (!hasBegun && block.data === '' && /^\d+$/.test(block.id ?? '')) subscription.cursor = Number(block.id)
        hasBegun ||= block.data !== '' || block.id !== undefined
        if (block.data !== '') yield * readBlock(context, subscription, block)
      }
    }
    // A stream that ends well may be at the topic's end, or cut by something between that does not say so.
    const page = await askPage(context, subscription, 0, signal)
    if (page.nextCursor !== null || page.data.length > 0) throw buildBroken(`Cannot follow "${topic}": the stream ended too early`)
  } finally {
    close?.()
    reader?.cancel().catch(() => {}) // it may be broken already
  }
}

/** Answers what to read from; undefined where nothing will come any more. */
async function openStream ({ requester, settings: { connectTimeoutMs } }: Context, { topic, cursor }: Subscription, signal: AbortSignal) {
  const { path, query } = locateTopic(topic)
  const response = await requester.send({ path, query: { ...query, after: cursor ?? undefined }, accept: 'text/event-stream', retries: 0, timeoutMs: connectTimeoutMs, signal })
  if (response.status === 204) return undefined
  if (response.body && response.headers.get('content-type')?.startsWith('text/event-stream')) return response.body.getReader()
  response.body?.cancel().catch(() => {})
  throw new ProtocolError(`Cannot follow "${topic}" by Server-Sent Events: the answer is ${response.headers.get('content-type')}`)
}

/** What the service says of the stream itself, and this release does not know, is left alone. */
function * readBlock (context: Context, subscription: Subscription, block: Block) {
  const data = { payload: {}, ...JSON.parse(block.data) as Record<string, unknown> } // the service's own
  const payload = data.payload as { count: number, cursor: number, reconnectInMs: number } // of the two types that are looked at
  if (block.event === 'system.shutdown') throw buildBroken(`Cannot follow "${subscription.topic}": the service stops`, { retryAfterMs: payload.reconnectInMs })
  if (block.event === 'system.dropped') noteMissed(context, subscription, payload)
  if (!block.event.startsWith('system.')) yield context.receive(toEvent(data), block.data.length)
}
