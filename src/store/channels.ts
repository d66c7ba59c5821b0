import type { ChannelListener, ChannelService } from '../core/channel.ts'
import type { Db } from './db.ts'
import { createSubscriber, type Subscriber } from './subscriber.ts'

export interface Channels extends ChannelService {
  close (): Promise<void>
}

/**
 * Carries messages between runs, whichever worker they are in, by Redis's publish and subscribe: they reach who listens at that moment, and nobody
 * later. One connection listens for the whole process; it is opened for the first subscription, and after a break it subscribes again, without
 * what was said meanwhile. `once` sends nothing twice, and fails while Redis is away.
 */
export function createChannels (db: Db, once: Db, { onError }: { onError (error: Error): void }): Channels {
  let subscriber: Subscriber | undefined

  return {
    publish: (address, { senderId, text }) => once.redis.publish(db.keys.channel(address), `${senderId} ${text}`).then(() => true, () => false),
    async subscribe (address, listener) {
      subscriber ??= createSubscriber(db, { onError })
      const { confirmed, stop } = subscriber.listen(db.keys.channel(address), (message) => { if (message !== undefined) hear(message, listener) })
      try {
        await confirmed
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

/** A job's id has no space in it. */
function hear (message: string, listener: ChannelListener): void {
  const space = message.indexOf(' ')
  listener(message.slice(space + 1), message.slice(0, space))
}
