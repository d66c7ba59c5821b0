import type { Redis } from 'ioredis'
import { quit, type Db } from './db.ts'

/** Is told every message of a channel, and undefined after a break, in which messages may have been missed. */
export type Listener = (message: string | undefined) => void

/** One connection that listens to channels, for any number of listeners. */
export interface Subscriber {
  /** Listens until it is stopped. A channel is subscribed to from its first listener to its last. */
  listen (channel: string, listener: Listener): Listening
  close (): Promise<void>
}

export interface Listening {
  /** Resolves when Redis has confirmed the channel: what is published from then on arrives. */
  readonly confirmed: Promise<void>
  stop (): void
}

/** A channel that somebody listens to. */
interface Subscription {
  listeners: Set<Listener>
  confirmed: Promise<void>
}

/** Opens a connection of its own beside the store's, since one that is subscribed takes no other commands everywhere. After a break it subscribes again by itself. */
export function createSubscriber (db: Db, { onError }: { onError (error: Error): void }): Subscriber {
  const redis: Redis = db.redis.duplicate({ enableAutoPipelining: false, enableOfflineQueue: true, maxRetriesPerRequest: null, commandTimeout: undefined, autoResubscribe: false })
  const subscriptions = new Map<string, Subscription>()
  let connections = 0
  let isClosing = false
  const report = (error: Error) => { if (!isClosing) onError(error) }
  const tell = (channel: string, message: string | undefined) => { for (const listener of subscriptions.get(channel)?.listeners ?? []) listener(message) }

  /** Nobody is told before Redis has confirmed the channels: whoever reads then misses nothing that comes after. */
  async function resume (): Promise<void> {
    const channels = [...subscriptions.keys()]
    if (channels.length === 0) return
    await redis.subscribe(...channels)
    for (const channel of channels) tell(channel, undefined)
  }

  function open (channel: string): Subscription {
    const subscription = { listeners: new Set<Listener>(), confirmed: redis.subscribe(channel).then(() => {}) }
    subscription.confirmed.catch(report)
    subscriptions.set(channel, subscription)
    return subscription
  }

  /** Commands of one connection keep their order, so a listener that comes from here on is subscribed for after this. */
  function leave (channel: string, subscription: Subscription, listener: Listener): void {
    const wasLast = subscription.listeners.delete(listener) && subscription.listeners.size === 0
    if (!wasLast || subscriptions.get(channel) !== subscription) return
    subscriptions.delete(channel)
    if (!isClosing) redis.unsubscribe(channel).catch(report)
  }

  redis.on('error', onError)
  redis.on('message', tell)
  redis.on('ready', () => {
    connections += 1
    if (connections > 1) resume().catch(report)
  })
  return {
    listen (channel, listener) {
      const subscription = subscriptions.get(channel) ?? open(channel)
      subscription.listeners.add(listener)
      return { confirmed: subscription.confirmed, stop: () => leave(channel, subscription, listener) }
    },
    close () {
      isClosing = true
      return quit(redis)
    },
  }
}
