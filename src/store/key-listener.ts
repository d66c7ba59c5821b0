import type { Db } from './db.ts'
import { createSubscriber } from './subscriber.ts'

export interface KeyListener {
  close (): Promise<void>
}

/**
 * Tells the ids of API keys that were rotated or revoked, and, with undefined, that any may have changed: a tenant was bounded, or the connection was broken.
 * It is made in the background, so that an API starts without Redis.
 */
export function createKeyListener (db: Db, { onChange, onError }: { onChange (keyId: string | undefined): void, onError (error: Error): void }): KeyListener {
  const subscriber = createSubscriber(db, { onMessage: (_channel, keyId) => onChange(keyId || undefined), onReconnect: () => onChange(undefined), onError })
  subscriber.add(db.keys.apiKeysChannel).catch((error: Error) => { if (!db.isClosed()) onError(error) })
  return subscriber
}
