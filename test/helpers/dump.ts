import type { Db } from '../../src/store/db.ts'

/** Everything under the store's prefix, the queue's part included: a line for each member of each key, with bytes as they are, sorted. */
export async function dumpLines (db: Db): Promise<string[]> {
  const keys = (await db.redis.keys('*')).filter((key) => key.startsWith(db.keys.prefix))
  return (await Promise.all(keys.map((key) => dumpKey(db, key)))).flat().sort()
}

async function dumpKey ({ redis, keys }: Db, key: string): Promise<string[]> {
  const name = key.slice(keys.prefix.length + 1)
  const members = await readMembers(redis, key)
  return members.map((member) => `${name} | ${member}`)
}

async function readMembers (redis: Db['redis'], key: string): Promise<string[]> {
  const text = (values: readonly Buffer[]) => values.map((value) => value.toString('latin1'))
  const pairs = (values: readonly string[]) => Array.from({ length: values.length / 2 }, (_, i) => `${values[2 * i]} = ${values[2 * i + 1]}`)
  switch (await redis.type(key)) {
    case 'string': return text([await redis.getBuffer(key) ?? Buffer.of()])
    case 'hash': return pairs(text(Object.entries(await redis.hgetallBuffer(key)).flatMap(([field, value]) => [Buffer.from(field), value])))
    case 'set': return text(await redis.smembersBuffer(key))
    case 'zset': return pairs(text(await redis.zrangeBuffer(key, 0, '-1', 'WITHSCORES')))
    case 'list': return text(await redis.lrangeBuffer(key, 0, -1))
    case 'stream': return (await redis.xrangeBuffer(key, '-', '+')).map(([id, fields]) => text([id, ...fields]).join(' '))
    default: return [] // it expired meanwhile
  }
}
