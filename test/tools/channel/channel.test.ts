import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createChannels } from '../../../src/store/channels.ts'
import { openDb } from '../../../src/store/db.ts'
import { type RunOptions, type RunRecord, startEngine } from '../../helpers/engine.ts'
import { redisForTest } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'

const { url, prefix } = await redisForTest(undefined)
const db = openDb({ url, prefix, failFast: false, onError: () => {} })
const channel = createChannels(db, db, { onError: () => {} })
const { run, resultOf, failureOf } = await startEngine({ lanes: 4, settings: { services: { channel } } })
after(async () => {
  await channel.close()
  await db.close()
})
const tools = ['channel']
const as = (jobId: string) => ({ jobId, fence: 1 })

/** Runs code that says "ready" once it listens; answers when it has, with what comes of the run. */
async function listen (code: string, options: RunOptions = {}): Promise<{ ended: Promise<RunRecord>, logs: string[] }> {
  const ready = Promise.withResolvers<void>()
  const logs: string[] = []
  const ended = run(code, { tools, run: as('ears'), ...options, onLog ({ message }) {
    logs.push(message)
    if (message === 'ready') ready.resolve()
  } })
  await Promise.race([ready.promise, ended])
  return { ended, logs }
}

function resultIn ({ report: { outcome } }: RunRecord): unknown {
  assert.equal(outcome.type, 'succeeded', JSON.stringify(outcome))
  return JSON.parse(outcome.result)
}

/** Hears one topic until "end" comes, and returns what it heard. */
const HEAR = `export default async (topic) => {
  const heard = []
  await new Promise(async (resolve) => {
    await channel.on(topic, (data, info) => { heard.push([data, info]); if (data === 'end') resolve() })
    console.log('ready')
  })
  return heard
}`
const EMIT = 'export default async ({ topic, all }) => { for (const data of all) await channel.emit(topic, data) }'
const emit = (topic: string, all: unknown[], options: RunOptions = {}) => resultOf(EMIT, { tools, run: as('mouth'), input: { topic, all }, ...options })
const told = (topic: string, data: unknown, dropped = 0) => [data, { topic, dropped }]

test('what a job emits is heard by the others in order, as JSON has it', async () => {
  const messages = [1, 'ü\n"\ud800"', null, { __proto__: null, a: [{}] }, 'x'.repeat(65_000), 'end']
  const ears = await Promise.all(['a', 'b'].map((jobId) => listen(HEAR, { run: as(jobId), input: 'news' })))

  await emit('news', messages)

  for (const { ended } of ears) assert.deepEqual(resultIn(await ended), JSON.parse(JSON.stringify(messages.map((data) => told('news', data)))))
})

test('a job never hears itself', async () => {
  const code = `export default async () => {
    const heard = []
    await channel.on('self', (data) => heard.push(data))
    await channel.emit('self', 'mine')
    console.log('ready')
    await new Promise((resolve) => channel.on('stop', resolve))
    return heard
  }`
  const { ended } = await listen(code)

  await emit('self', ['other'])
  let isOver = false
  void ended.then(() => { isOver = true })
  await until('it stops', async () => {
    await emit('stop', [1])
    return isOver
  })

  assert.deepEqual(resultIn(await ended), ['other'])
})

test('listeners of one topic are called in order, each once; one that is taken off hears no more', async () => {
  const code = `export default async () => {
    const heard = []
    const [first, second, third] = ['first', 'second', 'third'].map((name) => (data) => {
      heard.push(name + data)
      if (data === 2) channel.off('x', second)
      if (data === 3) channel.off('x')
      Promise.resolve().then(() => heard.push('between'))
    })
    await Promise.all([channel.on('x', first), channel.on('x', second), channel.on('x', first)])
    await channel.on('x', third)
    await channel.off('y')
    await new Promise(async (resolve) => { await channel.on('done', resolve); console.log('ready') })
    return heard
  }`
  const { ended } = await listen(code)

  await emit('x', [1, 2, 3, 4])
  await emit('done', [1])

  assert.deepEqual(resultIn(await ended), [
    'first1', 'second1', 'third1', 'between', 'between', 'between', 'first2', 'second2', 'third2', 'between', 'between', 'between', 'first3', 'third3', 'between', 'between',
  ])
})

test('a listener that throws ends the run as a timer does, and a rejection as any other', async () => {
  for (const [code, body] of [['USER_ERROR', '() => { throw new RangeError("heard " + data) }'], ['UNHANDLED_REJECTION', 'async () => { throw new RangeError("heard " + data) }']]) {
    const { ended } = await listen(`export default async () => { await channel.on('x', (data) => (${body})()); console.log('ready'); await new Promise(() => {}) }`)

    await emit('x', [1])

    const { outcome } = (await ended).report
    assert.equal(outcome.type, 'failed')
    assert.deepEqual([outcome.error.code, outcome.error.name, outcome.error.message], [code, 'RangeError', 'heard 1'])
    assert.match(outcome.error.stack ?? '', /job\.js:1:/)
  }
})

test('a run does not stay alive because it listens', async () => {
  assert.equal(await resultOf('export default async () => { await channel.on("x", () => {}); return "over" }', { tools }), 'over')
  await until('its subscription has ended', async () => Number((await db.redis.pubsub('NUMSUB', db.keys.channel({ tenant: 'acme', batchId: null, topic: 'x' })))[1]) === 0)
})

test('messages keep to their tenant; with the scope "batch", to their batch', async () => {
  const scoped = { toolConfig: { channel: { scope: 'batch' } } }
  const ears = await Promise.all([
    listen(HEAR, { run: as('a'), input: 'x' }), listen(HEAR, { run: as('b'), input: 'x', tenant: 'other' }), listen(HEAR, { run: as('c'), input: 'x', batchId: 'bat_1', ...scoped }),
  ])

  await emit('x', ['to acme', 'end'])
  await emit('x', ['to other', 'end'], { tenant: 'other' })
  await emit('x', ['to batch 2'], { batchId: 'bat_2', ...scoped })
  await emit('x', ['to batch 1', 'end'], { batchId: 'bat_1', ...scoped })
  const stray = await failureOf(EMIT, { tools, input: { topic: 'x', all: [1] }, ...scoped })
  const wider = await failureOf(EMIT, { tools, input: { topic: 'x', all: [1] }, toolConfig: { channel: { scope: 'everybody' } } })

  assert.deepEqual(await Promise.all(ears.map(async ({ ended }) => resultIn(await ended))), ['acme', 'other', 'batch 1'].map((whom) => [told('x', `to ${whom}`), told('x', 'end')]))
  assert.equal(stray.message, 'Cannot use channel: its scope is "batch", and the job is no item of a batch')
  assert.equal(wider.code, 'INVALID')
})

const REFUSED: [what: string, body: string, words: RegExp][] = [
  ['an empty topic', 'channel.emit("", 1)', /^Cannot call channel\.emit: topic: Too small/],
  ['a topic that is too long', 'channel.on("x".repeat(129), () => {})', /^Cannot call channel\.listen: topic: Too big/],
  ['a topic of a million characters', 'channel.on("x".repeat(1_048_576), () => {})', /^Cannot call channel\.listen: its arguments have 1048588 characters, allowed are 1048576$/],
  ['a topic with a lone surrogate', 'channel.emit("\\ud800", 1)', /without lone surrogates/],
  ['a message that is too large', 'channel.emit("x", "ü".repeat(40_000))', /^Cannot emit: the message has 80002 bytes as JSON, allowed are 65536$/],
  ['a message without a JSON form', 'channel.emit("x", undefined)', /^Cannot emit: the data has no JSON form$/],
  ['a listener that is none', 'channel.on("x", {})', /^Cannot listen: the listener is not a function$/],
  ['too many topics', '(async () => { for (let i = 0; i < 101; i++) await channel.on("t" + i, () => {}) })()', /^Cannot listen: the run listens to 100 topics, the most; call channel\.off for one$/],
]
for (const [what, body, words] of REFUSED) {
  test(`${what} is refused to the code, which goes on`, async () => {
    assert.match(String(await resultOf(`export default async () => { try { await ${body} } catch (error) { return error.message } }`, { tools })), words)
  })
}

test('calls that wait for messages count towards no limit, and what was used is in the receipt', async () => {
  const { ended } = await listen(HEAR, { input: 'x', limits: { toolCalls: 1, concurrentToolCalls: 1 } })

  for (const data of [1, 2, 3, 'end']) await emit('x', [data])

  const { report } = await ended
  assert.equal(report.outcome.type, 'succeeded', JSON.stringify(report.outcome))
  assert.equal(report.outcome.usage.toolCalls, 1)
  assert.deepEqual(report.receipt.lines.map(({ grant, target, method, count, receivedBytes }) => [grant, target, method, count, receivedBytes]), [
    ['channel', 'x', 'on', 1, 0], ['tool', 'channel.listen', null, 1, 4], ['channel', 'x', 'hear', 4, 8],
  ])
})

test('prototypes that were tampered with hear nothing of it, and change nothing', async () => {
  const code = `export default async () => {
    const { stringify } = JSON
    let [on, heard, said] = [false, '', '']
    for (const key of ['topic', 'data', 'dropped', 'listeners', 'ready', 'text', 'bytes', 'counts', 'resolve', 'reject', 'trace', '0', '1']) {
      for (const target of [Object.prototype, Array.prototype, Promise.prototype, Function.prototype]) {
        Object.defineProperty(target, key, { configurable: true, get () { if (on) heard += ' get ' + key }, set () { if (on) heard += ' set ' + key } })
      }
    }
    Array.prototype.push = Array.prototype[Symbol.iterator] = Promise.prototype.then = JSON.parse = JSON.stringify = () => { heard += ' called' }
    await { then (resolve) {
      channel.on('x', (data, info) => { said = stringify(data) + info.topic + info.dropped; on = false; resolve() })
      console.log('ready')
      on = true
    } }
    return said + heard
  }`
  const { ended } = await listen(code)

  await emit('x', [{ a: 1 }])

  assert.equal(resultIn(await ended), '{"a":1}x0')
})
