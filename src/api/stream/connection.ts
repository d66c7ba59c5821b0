import type { WebSocket } from '@fastify/websocket'
import { JobError } from '../../core/failures.ts'
import { CLOSE_CODES, ClientMessage, type Subscribe } from '../../core/stream-protocol.ts'
import { parseTopic, type Topic } from '../../core/topic.ts'
import type { FeedReader } from '../../store/feed/feed.ts'
import { isStoreAway } from '../../store/store-away.ts'
import type { StreamCodec } from './codec.ts'
import { buildControl, buildError } from './control.ts'
import { buildMessageRate } from './message-rate.ts'
import { createOutbox } from './outbox.ts'
import { createSubscription, type Subscription } from './subscription.ts'

/** Bounds of each connection. */
export interface ConnectionBounds {
  subscriptions: number
  /** Bytes that may wait for a client to take them before nothing more is read for it, not counting a last frame. */
  bufferedBytes: number
  /** How long a reader may leave no room before its at-most-once subscriptions go on without it. */
  slowMs: number
}

export interface ConnectionOptions {
  codec: StreamCodec
  bounds: ConnectionBounds
  open (topic: Topic, after: number | null): Promise<FeedReader>
  /** Takes a place for one more subscription; answers how it is given back. Throws where there is none. */
  takePlace (): () => void
  onSent (events: number): void
  /** Told of what nobody expected. */
  onError (error: unknown): void
}

/** One client's WebSocket. It ends with the socket. */
export interface StreamConnection {
  /** Sends a heartbeat, or drops the client if it has neither sent anything nor taken what waits for it since the last. */
  beat (heartbeat: Buffer): void
  /** Tells the client that the service stops, and closes. */
  shutDown (reconnectInMs: number): void
  close (code: number, reason: string): void
}

/** What a message may have before it counts as several. */
const BYTES_PER_MESSAGE = 1024

interface Place {
  subscription: Subscription
  giveBack (): void
}

/** Serves a client on a socket that is open. */
export function createStreamConnection (socket: WebSocket, { codec, bounds, open, takePlace, onSent, onError }: ConnectionOptions): StreamConnection {
  const outbox = createOutbox(socket, { isBinary: codec.isBinary, markBytes: bounds.bufferedBytes })
  const places = new Map<string, Place>()
  const countMessages = buildMessageRate()
  let isAlive = true
  let last = { bytes: 0, taken: 0 }
  let resuming: NodeJS.Timeout | undefined
  const say = (message: Parameters<StreamCodec['encode']>[0]) => outbox.send(codec.encode(message))

  function subscribe (asked: Subscribe, id: string | null): void {
    const { subscription: name } = asked
    try {
      const topic = parseTopic(asked.topic)
      leave(name)
      if (places.size >= bounds.subscriptions) throw new JobError('RATE_LIMITED', `Cannot subscribe: the connection has ${places.size} subscriptions, which is the most; unsubscribe from one, or use another connection`)
      const giveBack = takePlace()
      const subscription = createSubscription({
        asked, codec, outbox, onSent,
        slowMs: bounds.slowMs,
        correlationId: id,
        open: () => open(topic, asked.after ?? null),
        onEnd (error) {
          if (places.get(name)?.subscription === subscription) leave(name)
          if (error !== undefined) refuse(error, { id, subscription: name })
        },
      })
      places.set(name, { subscription, giveBack })
    } catch (error) {
      refuse(error, { id, subscription: name })
    }
  }

  /** Ends a subscription, if there is one of that name. Answers the number of the last event that it sent. */
  function leave (name: string): number | undefined {
    const place = places.get(name)
    places.delete(name)
    place?.giveBack()
    return place?.subscription.close()
  }

  function refuse (error: unknown, about: Parameters<typeof buildError>[1]): void {
    const failure = toFailure(error)
    if (failure.code === 'INTERNAL') onError(error)
    say(buildError(failure, about))
  }

  function handle (message: unknown): void {
    const parsed = ClientMessage.safeParse(message)
    const id = parsed.data?.id ?? readId(message)
    if (!parsed.success) return refuse(describeInvalid(parsed.error.issues[0]), { id })
    const { type, payload } = parsed.data
    switch (type) {
      case 'subscribe': return subscribe(payload, id)
      case 'ping': return say(buildControl('pong', {}, id))
      case 'unsubscribe': {
        const cursor = leave(payload.subscription)
        if (cursor !== undefined) say(buildControl('ended', { subscription: payload.subscription, cursor, reason: 'unsubscribed' }, id))
        return
      }
      case 'ack': {
        try {
          places.get(payload.subscription)?.subscription.acknowledge(payload.cursor)
        } catch (error) {
          refuse(error, { id, subscription: payload.subscription })
        }
      }
    }
  }

  /** Reads nothing more from a client that sends too fast, or that does not take its answers. */
  function slowDown (waitMs: number): void {
    if (resuming || (waitMs === 0 && outbox.hasRoom())) return
    socket.pause()
    resuming = setTimeout(async () => {
      if (!await outbox.room()) return
      resuming = undefined
      socket.resume()
    }, waitMs)
  }

  socket.on('message', (data: Buffer, isBinary: boolean) => { // one buffer, since the socket's binaryType is as it came
    isAlive = true
    if (isBinary !== codec.isBinary) return socket.close(CLOSE_CODES.wrongKind, `Send ${codec.isBinary ? 'binary' : 'text'} frames`)
    try {
      const messages = codec.decode(data)
      slowDown(countMessages(Math.max(messages.length, Math.ceil(data.length / BYTES_PER_MESSAGE))))
      for (const message of messages) handle(message)
    } catch (error) {
      refuse(error, {})
      const { code } = toFailure(error)
      socket.close(code === 'BAD_REQUEST' ? CLOSE_CODES.malformed : CLOSE_CODES.failed)
    }
  })
  for (const sign of ['ping', 'pong']) socket.on(sign, () => {
    isAlive = true
    slowDown(countMessages(1))
  })
  socket.once('close', () => {
    clearTimeout(resuming)
    for (const name of places.keys()) leave(name)
  })

  return {
    beat (heartbeat) {
      const takes = last.bytes > 0 && outbox.taken > last.taken
      if (!isAlive && !takes) return socket.terminate()
      isAlive = false
      last = { bytes: outbox.bytes, taken: outbox.taken }
      if (outbox.hasRoom()) outbox.send(heartbeat)
      socket.ping()
    },
    shutDown (reconnectInMs) {
      say(buildControl('system.shutdown', { reconnectInMs }))
      socket.close(CLOSE_CODES.goingAway, 'The service stops')
    },
    close: (code, reason) => socket.close(code, reason),
  }
}

function toFailure (error: unknown): JobError {
  if (error instanceof JobError) return error
  if (isStoreAway(error)) return new JobError('UNAVAILABLE', 'Cannot reach the store: try again', { cause: error })
  return new JobError('INTERNAL', 'Cannot follow the topic: something failed inside; the log has it', { cause: error })
}

function describeInvalid (issue: { path: PropertyKey[], message: string } | undefined): JobError {
  return new JobError('INVALID', `Cannot take the message: ${issue ? `/${issue.path.join('/')}: ${issue.message}` : 'it is not valid'}`)
}

/** The id of a message that is not valid, so that its error says which. */
function readId (message: unknown): string | null {
  const id = typeof message === 'object' && message !== null && 'id' in message ? message.id : null
  return typeof id === 'string' ? id.slice(0, 128) : null
}
