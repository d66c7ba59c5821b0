import type { Db } from './db.ts'

/** Memory of the Redis, in bytes. `maxBytes` is 0 where it may use any; `isEvicting` where it would throw keys away to make room. */
export interface RedisMemory {
  usedBytes: number
  maxBytes: number
  isEvicting: boolean
}

/** Reads it, by one command whatever is stored. Source: Redis's INFO, section memory. */
export async function readMemory ({ redis }: Pick<Db, 'redis'>): Promise<RedisMemory> {
  const info = await redis.info('memory')
  const read = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]
  return {
    usedBytes: Number(read('used_memory') ?? 0),
    maxBytes: Number(read('maxmemory') ?? 0),
    isEvicting: (read('maxmemory_policy') ?? 'noeviction') !== 'noeviction',
  }
}
