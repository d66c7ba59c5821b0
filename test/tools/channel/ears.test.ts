import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { NO_GRANTS } from '../../../src/core/permissions.ts'
import { createChannels } from '../../../src/store/channels.ts'
import { Ears } from '../../../src/tools/channel/ears.ts'
import { Receipt } from '../../../src/tools/receipt.ts'
import type { ToolRun } from '../../../src/tools/tool.ts'
import { openStore } from '../../helpers/store.ts'
import { until } from '../../helpers/until.ts'

const address = (topic: string) => ({ tenant: 'acme', batchId: null, topic })

/** What one run listens with, and a way to send it messages: each has been heard when the promise resolves. */
async function openEars (t: TestContext, options: { maxTopics?: number, queue?: number } = {}) {
  const db = await openStore(t)
  const channel = createChannels(db, db, { onError: (error) => t.diagnostic(error.message) })
  t.after(() => channel.close())
  const over = new AbortController()
  const run: ToolRun = {
    tenant: 'acme', jobId: 'job_ears', attempt: 1, fence: 1, batchId: null, secrets: [], grants: NO_GRANTS, receipt: new Receipt(), services: { channel }, signal: over.signal, conceal () {},
  }
  let heard = 0
  await channel.subscribe(address('sync'), () => { heard += 1 })
  return {
    db,
    run,
    over,
    ears: new Ears(run, { maxTopics: 100, queue: 100, ...options, channel }),
    async send (topic: string, texts: (string | number)[], senderId = 'job_mouth') {
      const before = heard
      for (const text of texts) await channel.publish(address(topic), { senderId, text: String(text) })
      await channel.publish(address('sync'), { senderId, text: '' })
      await until('all were heard', () => heard > before) // one connection hears them in their order
    },
  }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

test('a run that is busy gets the newest messages, and how many of each topic were dropped before them', async (t) => {
  const { ears, send } = await openEars(t)
  await Promise.all([ears.listen(address('rare')), ears.listen(address('flood'))])

  await send('rare', ['r1', 'r2'])
  await send('flood', numbers(0, 300))
  await send('rare', ['r3'])
  const first = await ears.next()
  await send('rare', ['r4'])
  const second = await ears.next()

  assert.deepEqual(first, [['flood', '201', 201], ...numbers(202, 300).map((each) => ['flood', String(each), 0]), ['rare', 'r3', 2]])
  assert.deepEqual(second, [['rare', 'r4', 0]])
})

test('a flood takes no more memory than what waits, and whoever waits gets what comes', async (t) => {
  const { ears, send } = await openEars(t, { queue: 3 })
  await ears.listen(address('flood'))
  const waiting = ears.next()

  await send('flood', numbers(0, 5000))

  const [[, first, dropped] = []] = await waiting
  assert.deepEqual([first, dropped], ['0', 0])
  const rest = await ears.next()
  assert.ok(rest.length <= 3)
  assert.equal(rest.at(-1)?.[1], '4999')
  assert.ok((rest[0]?.[2] ?? 0) > 4900, String(rest[0]))
})

test('large messages go to the guest a few at a time', async (t) => {
  const { ears, send } = await openEars(t)
  await ears.listen(address('large'))
  const large = 'x'.repeat(400_000)

  await send('large', [large, large, large, '1'])

  assert.deepEqual([await ears.next(), await ears.next()].map((messages) => messages.length), [2, 2])
})

test('what waits of a topic is forgotten with it, and one that is listened to again begins anew', async (t) => {
  const { ears, send } = await openEars(t, { queue: 1 })
  await Promise.all([ears.listen(address('a')), ears.listen(address('b'))])
  await send('a', [1, 2])

  ears.ignore('a')
  await send('a', [3])
  await ears.listen(address('a'))
  await send('a', [4])

  assert.deepEqual(await ears.next(), [['a', '4', 0]])
})

test('the run\'s own messages are not heard, whichever run of the job they are from', async (t) => {
  const { ears, send, run } = await openEars(t)
  await ears.listen(address('a'))

  await send('a', ['own'], run.jobId)
  await send('a', ['other'])

  assert.deepEqual(await ears.next(), [['a', 'other', 0]])
})

test('everything ends with the run, also what was being subscribed', async (t) => {
  const { ears, over, db } = await openEars(t)
  const listened = async () => (await db.redis.pubsub('CHANNELS', `${db.keys.prefix}:channel:*`) as string[]).length
  await Promise.all(['a', 'b'].map((topic) => ears.listen(address(topic))))
  const during = await listened()

  const late = ears.listen(address('c'))
  over.abort()
  await late

  assert.equal(during, 3) // with the test's own
  await until('nothing is listened to any more', async () => await listened() === 1)
})

test('more topics than a run may have are refused, and those that it has are heard', async (t) => {
  const { ears, send } = await openEars(t, { maxTopics: 1 })
  await ears.listen(address('a'))

  await assert.rejects(ears.listen(address('b')), { name: 'ToolError', message: 'Cannot listen: the run listens to 1 topics, the most; call channel.off for one' })
  await ears.listen(address('a'))
  await send('a', [1])

  assert.equal((await ears.next()).length, 1)
})
