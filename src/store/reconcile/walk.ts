import type { Db } from '../db.ts'

/** How the members of a key are walked over, by its type. */
export type Walk = 'zscan' | 'sscan' | 'hscan'

/** Members looked at in one go. */
const STEP = 200

/** Yields the members of a set, or the fields of a hash, some at a time: each that is there all the while, at least once. */
export async function * walkMembers ({ redis }: Db, key: string, walk: Walk): AsyncGenerator<string[]> {
  let cursor = '0'
  do {
    const [next, found] = walk === 'sscan' ? await redis.sscan(key, cursor, 'COUNT', STEP) : walk === 'hscan' ? await redis.hscan(key, cursor, 'COUNT', STEP) : await redis.zscan(key, cursor, 'COUNT', STEP)
    cursor = next
    yield walk === 'sscan' ? found : found.filter((_, index) => index % 2 === 0)
  } while (cursor !== '0')
}
