import { BatchboxError } from '../errors.ts'
import { sleep } from '../http/retry.ts'
import type { Requester } from '../http/requester.ts'
import { createChoice } from './choice.ts'
import { createDeduplication } from './deduplication.ts'
import { createMeter, createSamples, type LiveMetrics } from './metrics.ts'
import { readSettings, type ConnectionState, type Follower, type FollowOptions, type Interceptor, type LiveEvent, type LiveOptions, type LiveSignals, type TransportName } from './options.ts'
import { createPoll } from './poll.ts'
import { createPool } from './pool.ts'
import { createSse } from './sse.ts'
import { isFinal, locateTopic, type Context, type Subscription, type Transport } from './transport.ts'
import { createWebSocket } from './websocket.ts'

/** Whatever the service asks for, it is asked again after so long. */
const PATIENCE_MS = 60_000
/** A connection that held this long is one whose end says nothing about the next. */
const STEADY_MS = 10_000

/** Everything that a client follows, over one connection where there is a WebSocket. */
export interface Live {
  readonly state: ConnectionState
  /** What is used, or was last. */
  readonly transport: TransportName | null
  /** Follows `job:<id>`, `batch:<id>` or `tag:<name>:<value>`. Nothing is opened before the first event is asked for. */
  follow (topic: string, options?: FollowOptions): Follower
  metrics (): LiveMetrics
  /** Has a listener hear of something; answers what ends that. */
  on<K extends keyof LiveSignals> (type: K, listener: (signal: LiveSignals[K]) => void): () => void
  /** Shows what comes and what is sent to an interceptor, after those before it; answers what ends that. */
  intercept (interceptor: Interceptor): () => void
  /** Ends every follower with an error `CLOSED`. */
  close (): Promise<void>
}

/** Makes what follows topics. It opens nothing before it is used. */
export function openLive (requester: Requester, options: LiveOptions): Live {
  const settings = readSettings(options)
  const closing = new AbortController()
  const interceptors = new Set<Interceptor>()
  const listeners = new Map<keyof LiveSignals, Set<(signal: never) => void>>()
  const meter = createMeter()
  const roundTrips = createSamples()
  const choice = createChoice(requester.url.href, settings.transports)
  const counts = { received: { messages: 0, bytes: 0 }, sent: { messages: 0, bytes: 0 }, errors: 0, reconnects: 0 }
  let state: ConnectionState = 'idle'
  let transport: TransportName | null = null
  let openedAt = 0
  let isBroken = false
  /** Connections that are open, and followers that read or look for one. */
  let open = 0
  let following = 0
  let updating: ReturnType<typeof setTimeout> | undefined

  const emit = <K extends keyof LiveSignals> (type: K, signal: LiveSignals[K]) => {
    // It was added for that type. What it throws is none of ours.
    for (const listener of listeners.get(type) ?? []) queueMicrotask(() => (listener as (signal: LiveSignals[K]) => void)(signal))
  }
  const settle = () => {
    clearTimeout(updating)
    updating = undefined
    const found: ConnectionState = closing.signal.aborted ? 'closed' : open > 0 ? 'open' : following === 0 ? 'idle' : openedAt === 0 ? 'connecting' : 'reconnecting'
    if (found === state) return
    state = found
    emit('state', { state, transport })
  }
  /** For what ends: another may be opened, or the follower be over, in the same turn. */
  const update = () => { updating ??= setTimeout(settle, 0) }
  const context: Context = {
    requester, settings, roundTrips, closing: closing.signal,
    opened (name) {
      transport = name
      if (open++ === 0) openedAt = Date.now()
      if (isBroken) counts.reconnects++
      isBroken = false
      settle()
      return () => { open--; update() }
    },
    received: (bytes) => { counts.received.bytes += bytes },
    sent (bytes) { counts.sent.messages++; counts.sent.bytes += bytes },
    receive (event, bytes) {
      counts.received.messages++
      meter.record(event.type, { bytes, ms: Math.max(0, Date.now() - Date.parse(event.time)) })
      return event
    },
    outgoing (message) {
      let sent: typeof message | null = message
      for (const { outgoing } of interceptors) sent = sent && outgoing ? outgoing(sent) : sent
      return sent
    },
    dropped: (signal) => emit('dropped', signal),
  }
  const pool = createPool({ max: settings.maxStreams, acquireTimeoutMs: settings.acquireTimeoutMs })
  const transports: Record<TransportName, Transport> = { websocket: createWebSocket(context), sse: createSse(context, pool), poll: createPoll(context, pool) }

  /** Waits longer from one attempt in vain to the next, with jitter, so that clients do not come back all at once. */
  const pause = async (attempt: number, error: unknown, signal: AbortSignal) => {
    const longest = Math.min(settings.maxDelayMs, settings.delayMs * 2 ** (attempt - 1))
    const asked = Math.min(Number((error as { retryAfterMs?: number }).retryAfterMs) || 0, PATIENCE_MS)
    await sleep(asked + longest * (attempt === 1 ? Math.random() : 0.5 + Math.random() / 2), signal)
  }

  async function * readTopic (subscription: Subscription, signal: AbortSignal): AsyncGenerator<LiveEvent, void> {
    let name = choice.first()
    /** Tries of one transport, and failures since something came. */
    let tries = 1
    let failures = 0
    for (;;) {
      const startedAt = Date.now()
      let isFound = false
      subscription.found = () => {
        if (!isFound) choice.opened(name)
        isFound = true
      }
      try {
        for await (const event of transports[name].read(subscription, signal)) {
          failures = 0
          yield event
        }
        return
      } catch (error) {
        signal.throwIfAborted()
        if (isFinal(error, name)) throw error
        counts.errors++
        isBroken ||= isFound
        emit('error', { error: error as Error, transport: name, topic: subscription.topic }) // nothing else is thrown
        const next = isFound ? { name: choice.first(), isPause: true } : choice.next(name, tries)
        if (Date.now() - startedAt > STEADY_MS) failures = 0
        tries = isFound || next.name !== name ? 1 : tries + 1
        name = next.name
        if (next.isPause) await pause(++failures, error, signal)
      }
    }
  }

  /** Leaves out what came before, and what was not asked for. */
  async function * sift (subscription: Subscription, { types, delivery }: FollowOptions, signal: AbortSignal): AsyncGenerator<LiveEvent, undefined> {
    const seen = delivery === 'effectively-once' ? createDeduplication() : undefined
    following++
    settle()
    try {
      for await (const event of readTopic(subscription, signal)) {
        signal.throwIfAborted()
        if (!(event.cursor > (subscription.cursor ?? 0))) continue
        subscription.cursor = event.cursor
        if (seen?.isRepeat(event.id) || types?.includes(event.type) === false) continue
        let admitted: LiveEvent | null = event
        for (const { incoming } of interceptors) admitted = admitted && incoming ? incoming(admitted, subscription.topic) : admitted
        if (!admitted) continue
        emit('event', admitted)
        yield admitted
      }
    } finally {
      following--
      update()
    }
    return undefined
  }

  return {
    get state () { return state },
    get transport () { return transport },
    follow (topic, options = {}) {
      locateTopic(topic)
      const left = new AbortController()
      const subscription: Subscription = { topic, options, cursor: options.after ?? null, missed: 0, found () {} }
      const signal = AbortSignal.any([closing.signal, left.signal, ...(options.signal ? [options.signal] : [])])
      const events = sift(subscription, options, signal)
      const over = { done: true, value: undefined } as const
      // Nobody may ask for the next event any more: what is held for it is let go all the same.
      signal.addEventListener('abort', () => { events.return(undefined).catch(() => {}) }, { once: true })
      return {
        topic,
        get cursor () { return subscription.cursor },
        get missed () { return subscription.missed },
        async next () {
          try {
            if (!left.signal.aborted) signal.throwIfAborted()
            const result = await events.next()
            if (result.done) left.abort() // or the signal, which hangs on those of others, would be kept
            return result
          } catch (error) {
            if (left.signal.aborted) return over // whoever left does not wait for more
            left.abort()
            throw error
          }
        },
        async return () {
          left.abort()
          await events.return(undefined)
          return over
        },
        [Symbol.asyncIterator] () { return this },
      }
    },
    metrics: () => ({
      state, transport, ...structuredClone(counts),
      uptimeMs: state === 'open' ? Date.now() - openedAt : 0,
      latencyMs: roundTrips.read(),
      types: meter.read(),
    }),
    on (type, listener) {
      const set = listeners.get(type) ?? new Set()
      listeners.set(type, set.add(listener))
      return () => { set.delete(listener) }
    },
    intercept (interceptor) {
      interceptors.add(interceptor)
      return () => { interceptors.delete(interceptor) }
    },
    async close () {
      closing.abort(new BatchboxError('CLOSED', 'The client was closed'))
      settle()
    },
  }
}
