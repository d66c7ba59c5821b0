import { createInbox } from './inbox.ts'
import { askPage } from './poll.ts'
import { readEvent, type Envelope } from './envelope.ts'
import type { LiveEvent } from './options.ts'
import { openSocket, type Socket } from './socket.ts'
import { buildBroken, buildRefusal, noteMissed, untilAborted, type Context, type Subscription, type Transport } from './transport.ts'

/** How long a connection is kept that nobody uses. */
const LINGER_MS = 1000
/** Events of a follower at most once that wait for their reader; older ones are dropped. */
const WAITING_MAX = 1000

/** One WebSocket for all followers. It is opened for the first one and closed a while after the last. */
export function createWebSocket (context: Context): Transport {
  let socket: Promise<Socket> | undefined
  let idle: ReturnType<typeof setTimeout> | undefined
  let count = 0

  const open = () => {
    clearTimeout(idle)
    if (socket) return socket
    const opening = openSocket(context)
    socket = opening
    const forget = () => { if (socket === opening) socket = undefined }
    opening.then((opened) => {
      leave(opened) // whoever asked for it may have left
      return opened.ended.then(forget)
    }, forget)
    return opening
  }
  const leave = ({ readers, close }: Socket) => {
    if (readers.size > 0) return
    clearTimeout(idle)
    idle = setTimeout(() => { if (readers.size === 0) close('nobody follows anything') }, LINGER_MS)
  }
  context.closing.addEventListener('abort', () => {
    clearTimeout(idle)
    socket?.then(({ close }) => close('the client was closed'), () => {})
  })
  return {
    name: 'websocket',
    async * read (subscription, signal) {
      const connection = await untilAborted(open(), signal).catch(async (error: unknown) => {
        // A WebSocket does not say why it is refused. Where no other transport will be told, a request is.
        if (context.settings.transports.length === 1) await askPage(context, subscription, 0, signal)
        throw error
      })
      try {
        yield * readSubscription(context, { connection, subscription, name: `s${++count}`, signal })
      } finally {
        leave(connection)
      }
    },
  }
}

/** What a subscription reads from. */
interface Reading {
  connection: Socket
  subscription: Subscription
  name: string
  signal: AbortSignal
}

async function * readSubscription (context: Context, { connection, subscription, name, signal }: Reading): ReturnType<Transport['read']> {
  const { topic, cursor, options: { delivery = 'at-least-once', batch } } = subscription
  const isAcknowledged = delivery !== 'at-most-once'
  const inbox = createInbox<{ event: LiveEvent, bytes: number }>()
  const timer = setTimeout(() => inbox.end(buildBroken(`Cannot follow "${topic}": the WebSocket does not answer`)), context.settings.connectTimeoutMs)
  let skipped = 0
  let isOver = false
  const receive = (message: Partial<Envelope>, bytes: number) => {
    const { type, payload = {} } = message
    clearTimeout(timer) // it is alive; the connection looks after itself from here
    if (type === 'subscribed') {
      subscription.cursor = Number(payload['cursor'])
      subscription.found()
    }
    else if (type === 'dropped') noteMissed(context, subscription, payload as { count: number, after: number, cursor: number }) // as the protocol has it
    else if (type === 'error') inbox.end(buildRefusal(topic, payload))
    else if (type === 'ended') {
      isOver = true
      inbox.end(null)
    } else {
      inbox.put({ event: readEvent(message), bytes })
      if (isAcknowledged || inbox.size <= WAITING_MAX) return
      inbox.drop()
      skipped++
    }
  }
  const stop = () => inbox.end(signal.reason)
  signal.addEventListener('abort', stop)
  connection.readers.set(name, { receive, fail: (error) => inbox.end(error) })
  try {
    connection.send(name, 'subscribe', { subscription: name, topic, ...(cursor === null ? {} : { after: cursor }), delivery, ...(batch ? { batch } : {}) })
    for (;;) {
      const next = await inbox.take()
      if (!next) return
      const { event, bytes } = next
      noteMissed(context, subscription, { count: skipped, cursor: event.cursor - 1 })
      skipped = 0
      yield context.receive(event, bytes)
      if (isAcknowledged) connection.acknowledge(name, event.cursor)
    }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    connection.readers.delete(name)
    if (!isOver) connection.send(name, 'unsubscribe', { subscription: name })
  }
}
