import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { decode, encode } from '@msgpack/msgpack'
import { WebSocket } from 'ws'
import type { EventMessage } from '../../src/core/stream-protocol.ts'
import { append } from '../../src/store/moves/progress.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { ADMIN_HEADERS, startApi } from '../helpers/api.ts'
import { beginRun, logEvent } from '../helpers/play-worker.ts'
import { createRandom } from '../helpers/seeded-random.ts'
import { settlement } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'

const CONNECTIONS = 200
const JOBS = 25
const TOPICS = 3
const ROUNDS = 6
const LINES = 5
const CUT_SHARE = 0.35
const CONNECTED_SHARE = 0.6
/** `job.queued`, `job.started`, the lines and `job.succeeded`. */
const EVENTS = 2 + ROUNDS * LINES + 1

test(`${CONNECTIONS} connections that are cut at random lose nothing and repeat nothing, from what was acknowledged on`, async (t) => {
  const random = createRandom(11)
  const api = await startApi(t)
  const url = new URL('/v1/stream', (await api.app.listen({ host: '127.0.0.1', port: 0 })).replace('http', 'ws'))
  const ids = await Promise.all(Array.from({ length: JOBS }, async () => String((await api.post('/v1/jobs', { code: 'export default 1' })).json()['id'])))
  const followers = Array.from({ length: CONNECTIONS }, (_, index) => {
    const topics = new Set(Array.from({ length: TOPICS }, () => `job:${ids[Math.floor(random() * JOBS)]}`))
    return follow(t, url, { topics, isBinary: index % 2 === 1 })
  })

  let cuts = 0
  const cut = () => {
    for (const socket of api.app.websocketServer.clients) {
      if (random() >= CUT_SHARE) continue
      socket.terminate()
      cuts += 1
    }
  }
  const runs = await Promise.all(ids.map((id) => beginRun(api.db, id)))
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(runs.map((run) => append(api.db, run, Array.from({ length: LINES }, (_, line) => logEvent('log', `${round} ${line}`)))))
    await until('most are connected', () => api.app.websocketServer.clients.size > CONNECTIONS * CONNECTED_SHARE, 60_000)
    cut()
  }
  await Promise.all(runs.map((run) => settle(api.db, run, settlement())))
  cut()

  const seen = await Promise.all(followers)
  for (const topics of seen) {
    for (const [topic, cursors] of topics) assert.deepEqual(cursors, Array.from({ length: EVENTS }, (_, index) => index + 1), topic)
  }
  assert.ok(cuts >= CONNECTIONS, `${cuts} cuts`)
})

/** Follows topics to their ends, over as many connections as that takes. Answers the cursors that came. */
async function follow (t: TestContext, url: URL, { topics, isBinary }: { topics: ReadonlySet<string>, isBinary: boolean }): Promise<Map<string, number[]>> {
  const seen = new Map([...topics].map((topic): [string, number[]] => [topic, []]))
  const open = new Set(topics)
  while (open.size > 0) {
    const socket = new WebSocket(url, isBinary ? 'batchbox.v1.msgpack' : 'batchbox.v1.json', { headers: ADMIN_HEADERS })
    const send = (messages: object[]) => socket.send(isBinary ? encode(messages) : JSON.stringify(messages))
    t.after(() => socket.terminate())
    socket.on('open', () => send([...open].map((topic) => ({ type: 'subscribe', payload: { subscription: topic, topic, after: seen.get(topic)?.at(-1) ?? 0 } }))))
    socket.on('message', (data: Buffer) => {
      const frame = isBinary ? decode(data) : JSON.parse(data.toString())
      const messages = [frame].flat() as EventMessage[] // the other tests look at what it is
      for (const { type, correlationId: topic, headers: { cursor } } of messages) {
        if (cursor !== undefined) seen.get(topic ?? '')?.push(cursor)
        if (type === 'ended') open.delete(topic ?? '')
        if (type === 'error') assert.fail(JSON.stringify(messages))
      }
      const { correlationId, headers: { cursor } } = messages.at(-1) ?? assert.fail('a frame has a message')
      if (cursor !== undefined) send([{ type: 'ack', payload: { subscription: correlationId, cursor } }])
      if (open.size === 0) socket.close()
    })
    socket.on('error', () => {}) // the close tells
    const closed = Promise.withResolvers<void>()
    socket.once('close', closed.resolve)
    await closed.promise
    await turn() // so that a service that refuses is not asked all the time
  }
  return seen
}
