import { test } from 'node:test'
import { ADMIN_HEADERS, startApi } from '../helpers/api.ts'
import { startNginx } from '../helpers/nginx.ts'
import { connectStream } from '../helpers/stream-client.ts'

test('a WebSocket goes through nginx', async (t) => {
  const { app } = await startApi(t)
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const nginx = await startNginx(t, [Number(port)])

  const client = await connectStream(t, nginx.url, { headers: { ...ADMIN_HEADERS, origin: nginx.url } })
  client.send({ type: 'ping' })

  await client.next(({ type }) => type === 'pong')
})
