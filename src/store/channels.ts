import type { Db } from './db.ts'
import { createSubscriber, type Subscriber } from './subscriber.ts'

/** Where a message goes: to the runs of a tenant, or those of one of its batches, that listen to the topic. */
export interface ChannelAddress {
  tenant: string
  /** Null for all of the tenant's. */
  batchId: string | null
  /** Well-formed UTF-16: two topics that differ in lone surrogates alone would be one. */
  topic: string
}

/** Hears a message, and the id of the job that sent it. */
export type ChannelListener = (text: string, senderId: string) => void

export interface Channels {
  /** Resolves when Redis has taken the message. Rejects at once while Redis is away: nobody waits for a message of before. */
  publish (address: ChannelAddress, message: { senderId: string, text: string }): Promise<void>
  /** Resolves when Redis has confirmed it: what is published from then on is heard, until the function that it answers is called. */
  subscribe (address: ChannelAddress, listener: ChannelListener): Promise<() => void>
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
 * what was said meanwhile.
 */
export function createChannels (db: Db, { onError }: { onError (error: Error): void }): Channels {
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
    async publish (address, { senderId, text }) {
      if (db.redis.status !== 'ready') throw new Error('Cannot publish: Redis is away')
      await db.redis.publish(db.keys.channel(address), `${senderId} ${text}`)
    },
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
