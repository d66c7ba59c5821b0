import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { test } from 'node:test'
import { fastify } from 'fastify'
import { waiting } from '../../src/api/plugins/waiting.ts'

test('a client that left before the wait began has left', async (t) => {
  const app = fastify()
  t.after(() => app.close())
  const [arrived, waited] = [Promise.withResolvers<void>(), Promise.withResolvers<boolean[]>()]
  await app.register(waiting)
  app.get('/', async (_request, reply) => {
    arrived.resolve()
    await once(reply.raw, 'close')
    waited.resolve([reply.untilLeft().aborted, reply.untilStopped().aborted])
  })
  const request = get(await app.listen({ host: '127.0.0.1', port: 0 })).on('error', () => {}) // the client's own end

  await arrived.promise
  request.destroy()

  assert.deepEqual(await waited.promise, [true, true])
})
