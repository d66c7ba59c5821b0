import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { ChannelAddress } from '../../src/core/channel.ts'
import { type Channels, createChannels } from '../../src/store/channels.ts'
import { openDb, type Db } from '../../src/store/db.ts'
import { openStore } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'

const address = (members: Partial<ChannelAddress> = {}): ChannelAddress => ({ tenant: 'acme', batchId: null, topic: 'news', ...members })

/** What one worker process has. */
async function openChannels (t: TestContext, db: Db & { url: string }): Promise<Channels> {
  const options = { url: db.url, prefix: db.keys.prefix, onError: () => {} }
  const [own, once] = [openDb({ ...options, failFast: false }), openDb({ ...options, failFast: true, once: true })]
  const channels = createChannels(own, once, { onError: () => {} })
  t.after(async () => {
    await channels.close()
    await Promise.all([own.close(), once.close()])
  })
  return channels
}

test('a message reaches every listener of its topic, in every process, in order and with its sender', async (t) => {
  const db = await openStore(t)
  const [here, there] = [await openChannels(t, db), await openChannels(t, db)]
  const heard: string[] = []
  await Promise.all([
    here.subscribe(address(), (text, sender) => heard.push(`a ${sender} ${text}`)),
    here.subscribe(address(), (text, sender) => heard.push(`b ${sender} ${text}`)),
    there.subscribe(address(), (text, sender) => heard.push(`c ${sender} ${text}`)),
  ])

  for (const text of ['1', '{"a b":"\\n ü"}', '']) await there.publish(address(), { senderId: 'job_1', text })

  await until('all were heard', () => heard.length === 9)
  for (const who of ['a', 'b', 'c']) assert.deepEqual(heard.filter((line) => line.startsWith(who)), [`${who} job_1 1`, `${who} job_1 {"a b":"\\n ü"}`, `${who} job_1 `])
})

const TOPICS = ['news', 'News', 'news ', '*', '?', '[a]', ':', 'a:b', 'a', 'b', ':acme:news', '\0', 'a\0', '\n', '{x}', 'ü', 'u\u0308', '😀', 'bmV3cw', 'x'.repeat(128)]

test('no topic, batch or tenant hears another\'s, whatever its name', async (t) => {
  const db = await openStore(t)
  const channels = await openChannels(t, db)
  const addresses = [
    ...TOPICS.map((topic) => address({ topic })), ...TOPICS.map((topic) => address({ tenant: 'acm', topic })), ...TOPICS.map((topic) => address({ tenant: 'acme-', topic })),
    ...TOPICS.map((topic) => address({ batchId: 'bat_1', topic })), ...TOPICS.map((topic) => address({ tenant: 'bat_1', topic })),
  ]
  const heard = new Map<ChannelAddress, string[]>(addresses.map((each) => [each, []]))
  await Promise.all(addresses.map((each) => channels.subscribe(each, (text) => heard.get(each)?.push(text))))

  await Promise.all(addresses.map((each, index) => channels.publish(each, { senderId: 'job_1', text: String(index) })))

  await until('each was heard', () => [...heard.values()].every((texts) => texts.length > 0))
  assert.deepEqual([...heard.values()], addresses.map((_, index) => [String(index)]))
})

test('services with other prefixes hear nothing', async (t) => {
  const [db, other] = [await openStore(t), await openStore(t)]
  const [channels, others] = [await openChannels(t, db), await openChannels(t, other)]
  const heard: string[] = []
  await others.subscribe(address(), (text) => heard.push(text))

  await channels.publish(address(), { senderId: 'job_1', text: 'not for them' })
  await others.publish(address(), { senderId: 'job_1', text: 'for them' })

  await until('one was heard', () => heard.length > 0)
  assert.deepEqual(heard, ['for them'])
})

test('a subscription ends with its last listener, and a connection is made for the first', async (t) => {
  const db = await openStore(t)
  const channels = await openChannels(t, db)
  const count = async () => Number((await db.redis.pubsub('NUMSUB', db.keys.channel(address())))[1])
  const heard: string[] = []

  const before = await db.redis.client('LIST', 'TYPE', 'PUBSUB')
  const stops = await Promise.all(['a', 'b'].map((who) => channels.subscribe(address(), (text) => heard.push(`${who} ${text}`))))
  const during = await count()
  stops[0]?.()
  await channels.publish(address(), { senderId: 'job_1', text: '1' })
  await until('the other one hears', () => heard.length > 0)
  stops[1]?.()
  stops[1]?.() // once more does nothing
  await until('nobody listens', async () => await count() === 0)
  const again = await channels.subscribe(address(), (text) => heard.push(`c ${text}`))
  await channels.publish(address(), { senderId: 'job_1', text: '2' })
  await until('the new one hears', () => heard.length > 1)
  again()

  assert.equal(String(before).trim(), '')
  assert.equal(during, 1)
  assert.deepEqual(heard, ['b 1', 'c 2'])
})

test('after a lost connection it is listened to again', async (t) => {
  const db = await openStore(t)
  const channels = await openChannels(t, db)
  const heard: string[] = []
  await channels.subscribe(address(), (text) => heard.push(text))

  await db.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')

  await until('it is heard again', async () => {
    await channels.publish(address(), { senderId: 'job_1', text: 'again' }).catch(() => {})
    return heard.length > 0
  })
  assert.equal(heard[0], 'again')
})

test('while Redis is away, a message is refused at once', async (t) => {
  const db = openDb({ url: 'redis://127.0.0.1:1', prefix: '{none}', failFast: true, once: true, onError: () => {} })
  t.after(() => db.close())
  const channels = createChannels(db, db, { onError: () => {} })

  assert.equal(await channels.publish(address(), { senderId: 'job_1', text: '1' }), false)
})
