import { Redis } from 'ioredis'
import type { EncryptionKey } from '../core/encryption-keys.ts'
import { buildCipher, type Cipher } from './cipher.ts'
import { buildRedisOptions } from './connection.ts'
import { buildKeys, DEFAULT_PREFIX, type Keys } from './key-names.ts'

/** A connection to the store and the names of what is in it. */
export interface Db {
  readonly redis: Redis
  readonly keys: Keys
  /** Encrypts payloads, where there is a key: see `sealing.ts`. */
  readonly cipher: Cipher
  /** True when commands fail at once while Redis is away. */
  readonly failFast: boolean
  isClosed (): boolean
  close (): Promise<void>
}

/** One run of a job: it may write to the job only while the job has this fence and this holder. */
export interface Run {
  jobId: string
  tenant: string
  /** Number of the run, from 1. */
  fence: number
  /** Drawn by the call that began the run: a Redis that lost writes counts some fences twice, and no two runs have both the same. */
  holder: string
}

export interface DbOptions {
  url: string
  /** Hash-tagged; without it, `{batchbox}`. */
  prefix?: string
  /** What payloads are encrypted with; without any, they are not. */
  encryptionKeys?: readonly EncryptionKey[]
  failFast: boolean
  /** See `ConnectionOptions`. */
  once?: boolean
  onError (error: Error): void
}

/**
 * Opens the store. The connection is made in the background and made again when it breaks; `close` ends it. Commands are not pipelined
 * by themselves: that holds one back until those before it are answered, and costs more than it saves where each job has its own few.
 */
export function openDb ({ url, prefix = DEFAULT_PREFIX, encryptionKeys = [], failFast, once = false, onError }: DbOptions): Db {
  const keys = buildKeys(prefix)
  const redis = new Redis(buildRedisOptions({ url, failFast, once }))
  redis.on('error', onError)
  let closed = false
  return {
    redis,
    keys,
    cipher: buildCipher(encryptionKeys),
    failFast,
    isClosed: () => closed,
    async close () {
      if (closed) return
      closed = true
      await quit(redis)
    },
  }
}

/** Ends a connection after the commands sent so far; at once where there is no connection to send them on. */
export async function quit (redis: Redis): Promise<void> {
  if (redis.status !== 'ready') return redis.disconnect()
  const closed = new Promise<void>((resolve) => { redis.once('close', resolve) }) // a connection that never gives up would send it again on the next
  try {
    await Promise.race([redis.quit(), closed])
  } catch {
    // it broke meanwhile, which is the end that was wanted
  }
  redis.disconnect()
}
