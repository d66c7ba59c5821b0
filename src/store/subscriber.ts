import type { Redis } from 'ioredis'
import { quit, type Db } from './db.ts'

/** One connection that listens to channels. It subscribes again by itself after a break. */
export interface Subscriber {
  /** Resolves when Redis has confirmed the channel: what is published from then on arrives. */
  add (channel: string): Promise<void>
  remove (channel: string): Promise<void>
  close (): Promise<void>
}

export interface SubscriberOptions {
  onMessage (channel: string, message: string): void
  /** Called when the connection is back after a break, in which messages were missed. */
  onReconnect? (): void
  onError (error: Error): void
}

/** Opens a connection of its own beside the store's, since one that is subscribed takes no other commands everywhere. */
export function createSubscriber (db: Db, { onMessage, onReconnect, onError }: SubscriberOptions): Subscriber {
  const redis: Redis = db.redis.duplicate({ enableAutoPipelining: false, enableOfflineQueue: true, maxRetriesPerRequest: null, commandTimeout: undefined })
  let connections = 0
  redis.on('error', onError)
  redis.on('message', onMessage)
  redis.on('ready', () => {
    connections += 1
    if (connections > 1) onReconnect?.()
  })
  return {
    add: async (channel) => { await redis.subscribe(channel) },
    remove: async (channel) => { await redis.unsubscribe(channel) },
    close: () => quit(redis),
  }
}
