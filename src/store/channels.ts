import type { ChannelListener, ChannelService } from '../core/channel.ts'
import type { Db } from './db.ts'
import { createSubscriber, type Subscriber } from './subscriber.ts'

export interface Channels extends ChannelService {
  close (): Promise<void>
}

/** A channel of Redis that somebody here listens to. */
interface Subscription {
  listeners: Set<ChannelListener>
  confirmed: Promise<void>
}

/**
 * Carries messages between runs, whichever worker they are in, by Redis's publish and subscribe: they reach who listens at that moment, and nobody
 * later. One connection listens for the whole process; it is opened for the first subscription, and after a break it subscribes again, without
 * what was said meanwhile. `once` sends nothing twice, and fails while Redis is away.
 */
export function createChannels (db: Db, once: Db, { onError }: { onError (error: Error): void }): Channels {
  const subscriptions = new Map<string, Subscription>()
  let subscriber: Subscriber | undefined

  /** A job's id has no space in it. */
  function hear (channel: string, message: string): void {
    const space = message.indexOf(' ')
    const [senderId, text] = [message.slice(0, space), message.slice(space + 1)]
    for (const listener of subscriptions.get(channel)?.listeners ?? []) listener(text, senderId)
  }

  function open (channel: string): Subscription {
    subscriber ??= createSubscriber(db, { onMessage: hear, onError })
    const subscription = { listeners: new Set<ChannelListener>(), confirmed: subscriber.add(channel) }
    subscriptions.set(channel, subscription)
    return subscription
  }

  function leave (channel: string, subscription: Subscription, listener: ChannelListener): void {
    const wasLast = subscription.listeners.delete(listener) && subscription.listeners.size === 0
    if (!wasLast || subscriptions.get(channel) !== subscription) return
    subscriptions.delete(channel)
    subscriber?.remove(channel).catch((error: Error) => { if (!db.isClosed()) onError(error) })
  }

  return {
    publish: (address, { senderId, text }) => once.redis.publish(db.keys.channel(address), `${senderId} ${text}`).then(() => true, () => false),
    async subscribe (address, listener) {
      const channel = db.keys.channel(address)
      const subscription = subscriptions.get(channel) ?? open(channel)
      const stop = () => leave(channel, subscription, listener)
      subscription.listeners.add(listener)
      try {
        await subscription.confirmed
      } catch (error) {
        stop()
        throw error
      }
      return stop
    },
    async close () {
      await subscriber?.close()
    },
  }
}
