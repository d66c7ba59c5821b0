import type { Redis } from 'ioredis'

/** Everything under a prefix, as JSON; bytes in Base64. Keys are without the prefix. */
export type StoredData = StoredKey[]

type StoredKey =
  | { key: string, type: 'string', value: string }
  | { key: string, type: 'hash', value: Record<string, string> }
  | { key: string, type: 'zset', value: [member: string, score: string][] }
  | { key: string, type: 'set' | 'list', value: string[] }
  | { key: string, type: 'stream', value: [id: string, fields: string[]][] }

const BASE64 = 'base64'

/** Reads all that is stored under a prefix, but for what expires by itself: locks, marks and traces. */
export async function dumpStored (redis: Redis, prefix: string): Promise<StoredData> {
  const keys = (await redis.keys('*')).filter((key) => key.startsWith(prefix)).sort()
  const dumped: StoredData = []
  for (const name of keys) {
    if (await redis.pttl(name) >= 0) continue
    dumped.push({ key: name.slice(prefix.length), ...await dumpValue(redis, name) } as StoredKey) // the parts go together
  }
  return dumped
}

async function dumpValue (redis: Redis, name: string) {
  const text = (bytes: Buffer) => bytes.toString(BASE64)
  const type = await redis.type(name)
  switch (type) {
    case 'string': return { type, value: text(await redis.getBuffer(name) ?? Buffer.of()) }
    case 'hash': return { type, value: Object.fromEntries(Object.entries(await redis.hgetallBuffer(name)).map(([field, value]) => [field, text(value)])) }
    case 'zset': return { type, value: await readPairs(redis, name) }
    case 'set': return { type, value: (await redis.smembersBuffer(name)).map(text) }
    case 'list': return { type, value: (await redis.lrangeBuffer(name, '0', '-1')).map(text) }
    case 'stream': return { type, value: (await redis.xrangeBuffer(name, '-', '+')).map(([id, fields]) => [id.toString(), fields.map(text)]) }
    default: throw new TypeError(`Cannot dump "${name}": it is a ${type}`)
  }
}

async function readPairs (redis: Redis, name: string): Promise<[string, string][]> {
  const members = await redis.zrangeBuffer(name, '0', '-1')
  return Promise.all(members.map(async (member) => [member.toString(BASE64), await redis.zscore(name, member) ?? '0']))
}

/** Writes dumped data under a prefix, which nothing else may use. */
export async function loadStored (redis: Redis, prefix: string, data: StoredData): Promise<void> {
  const bytes = (text: string) => Buffer.from(text, BASE64)
  for (const { key, type, value } of data) {
    const name = `${prefix}${key}`
    switch (type) {
      case 'string': await redis.set(name, bytes(value)); break
      case 'hash': await redis.hset(name, ...Object.entries(value).flatMap(([field, each]) => [field, bytes(each)])); break
      case 'zset': await redis.zadd(name, ...value.flatMap(([member, score]) => [score, bytes(member)])); break
      case 'set': await redis.sadd(name, ...value.map(bytes)); break
      case 'list': await redis.rpush(name, ...value.map(bytes)); break
      case 'stream': for (const [id, fields] of value) await redis.xadd(name, id, ...fields.map(bytes))
    }
  }
}
