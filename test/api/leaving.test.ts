import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { fastify, type FastifyInstance } from 'fastify'
import { leaving } from '../../src/api/plugins/leaving.ts'
import { startApi } from '../helpers/api.ts'
import { until } from '../helpers/until.ts'

const LONG_MS = 60_000
/** As many as wait in the kernel's queue while the process is busy. */
const CROWD = 20

test('connections that were made before the listener closes are answered, also those the process has not taken yet', async (t) => {
  const { app, port } = await listen(t, { lingerMs: LONG_MS })
  const crowd = await Promise.all(Array.from({ length: CROWD }, async () => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8')
    await once(socket, 'connect')
    return socket
  }))
  const fresh = connectAll(port) // made by the kernel as this returns, and taken in later turns of the loop

  const closing = app.close()
  for (const socket of [...crowd, ...fresh]) socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  const answers = await Promise.all([...crowd, ...fresh].map((socket) => text(socket)))
  await closing

  assert.deepEqual(new Set(answers.map((answer) => [answer.slice(0, 15), /connection: close/i.test(answer)].join())), new Set(['HTTP/1.1 200 OK,true']))
})

test('an idle connection may still be used once, and holds up the end no longer than its client keeps it', async (t) => {
  const { app, port } = await listen(t, { lingerMs: LONG_MS })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  await ask(agent, port)

  const closing = app.close()
  await until('it listens no more', () => !app.server.listening)
  const last = await ask(agent, port)
  await closing

  assert.deepEqual([last.statusCode, last.headers.connection], [200, 'close'])
})

test('an idle connection that its client keeps for longer is closed when the time is over', async (t) => {
  const { app, port } = await listen(t, { lingerMs: 50 })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  await ask(agent, port)

  await app.close()

  assert.equal(app.server.listening, false)
})

test('an answer that was on its way when the service was told to stop ends its connection', async (t) => {
  const [arrived, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { app, port } = await listen(t, { lingerMs: LONG_MS }, async () => {
    arrived.resolve()
    await go.promise
    return 'late'
  })
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const asked = ask(agent, port)
  await arrived.promise

  const closing = app.close()
  await until('it listens no more', () => !app.server.listening)
  go.resolve()
  const answer = await asked
  await closing

  assert.deepEqual([answer.statusCode, answer.headers.connection], [200, 'close'])
})

test('a process that is about to stop says that it is not ready, and goes on taking jobs meanwhile', async (t) => {
  const api = await startApi(t, { BATCHBOX_UNREADY_MS: '1000' })
  const before = await api.get('/readyz')

  const closing = api.close()
  const [ready, posted] = await Promise.all([api.get('/readyz'), api.post('/v1/jobs', { code: 'export default () => 1' })])
  await closing

  assert.deepEqual([before.statusCode, ready.statusCode, ready.json()['detail'], posted.statusCode], [200, 503, 'Cannot accept jobs: this process is about to stop', 202])
})

async function listen (t: TestContext, options: { lingerMs: number }, handler: () => Promise<unknown> = async () => 'here'): Promise<{ app: FastifyInstance, port: number }> {
  const app = fastify({ return503OnClosing: false, pluginTimeout: 0 })
  t.after(() => app.close())
  await app.register(leaving, options)
  app.get('/', handler)
  return { app, port: Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port) }
}

function connectAll (port: number): Socket[] {
  return Array.from({ length: CROWD }, () => connect(port, '127.0.0.1').setEncoding('utf8'))
}

async function ask (agent: Agent, port: number): Promise<IncomingMessage> {
  const asked = request({ agent, port, host: '127.0.0.1' }).end()
  const [response] = await once(asked, 'response') as [IncomingMessage]
  await text(response)
  return response
}
