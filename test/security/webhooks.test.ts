import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { makeCertificate } from '../helpers/certificate.ts'
import { startDns } from '../helpers/dns-server.ts'
import { pour, startHttp } from '../helpers/http-server.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

/** Where receivers of these tests are, which the operator has allowed; what is at 127.0.0.1 stands for what is behind the worker. */
const ALLOWED = '127.0.0.2'
const SPELLINGS = ['127.0.0.1', '127.1', '2130706433', '0x7f.1', '017700000001', 'localhost', 'a.localhost', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:2]', '0.0.0.0', '[64:ff9b::127.0.0.1]', '169.254.169.254', '10.0.0.1']
const TIMEOUT_MS = 1000
type Members = Record<string, unknown>

/** Starts what speaks another HTTP than it should; it ends with the test. */
async function startRude (t: TestContext, speak: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    speak(socket)
  }).listen(0, ALLOWED)
  await once(server, 'listening')
  t.after(() => new Promise<void>((resolve) => {
    for (const socket of sockets) socket.destroy()
    server.close(() => resolve())
  }))
  const address = server.address()
  return `http://${ALLOWED}:${typeof address === 'object' ? address?.port : ''}/`
}

/** Writes a head, and then the same over and over, slowly. */
function drip (head: string, more: string): (socket: Socket) => void {
  return (socket) => {
    socket.write(head)
    const timer = setInterval(() => socket.write(more), 50)
    socket.once('close', () => clearInterval(timer))
  }
}

test('no webhook leads behind the worker, and no receiver takes more than its time and its share', async (t) => {
  const inside = await startHttp(t, (_request, response) => response.end('inside'))
  const [trusted, stranger] = [makeCertificate('trusted.test'), makeCertificate('stranger.test')]
  const answers = new Map<string, number>()
  const dns = await startDns(t, (name, type) => {
    if (type === 'AAAA') return []
    const asked = (answers.get(name) ?? 0) + 1
    answers.set(name, asked)
    if (name === 'trusted.test' || name === 'stranger.test') return [ALLOWED]
    return name === 'inside.test' ? ['127.0.0.1'] : asked === 1 ? [ALLOWED] : ['127.0.0.1'] // which is called rebinding
  })
  const service = await startService(t, { env: {
    BATCHBOX_WEBHOOK_ALLOW_RANGES: ALLOWED, BATCHBOX_WEBHOOK_DNS_SERVERS: dns.address, BATCHBOX_WEBHOOK_TIMEOUT_MS: String(TIMEOUT_MS), BATCHBOX_WEBHOOK_DELAYS_MS: '0,50', NODE_EXTRA_CA_CERTS: trusted.file,
  } })
  const request = async (method: string, path: string, body?: unknown) => (await service.request(method, path, body === undefined ? {} : { body })).json
  /** Has a test delivered there and answers its first try. */
  const tryOut = async (url: string): Promise<Members> => {
    const { id } = await request('POST', '/v1/webhooks', { url })
    const { tries } = await request('POST', `/v1/webhooks/${String(id)}/test`) as { tries: Members[] }
    await request('DELETE', `/v1/webhooks/${String(id)}`)
    assert.ok(tries[0], url)
    return tries[0]
  }

  await t.test('addresses behind the worker are refused in every spelling, by whatever name', async () => {
    for (const host of SPELLINGS) assert.match(String((await tryOut(`http://${host}:${inside.port}/`))['error']), /the address is (?:loopback|unspecified|translated|private|link-local); the operator would have to allow it/, host)
    assert.match(String((await tryOut(`http://inside.test:${inside.port}/`))['error']), /the address is loopback/)
    assert.deepEqual(inside.requests, [])
  })

  await t.test('a name that stands for another address by the next try is looked at again', async () => {
    let cut = 0
    const flighty = await startHttp(t, (request) => {
      cut += 1
      request.socket.destroy()
    }, { host: ALLOWED })
    const job = await service.run({ code: 'export default () => 1', webhook: { url: `http://rebinding.test:${flighty.port}/` } })
    const delivery = async () => (await service.request('GET', `/v1/jobs/${job.id}/webhooks`)).json['data'] as Members[]
    await until('it was given up', async () => (await delivery())[0]?.['status'] === 'dead')
    const { tries } = await request('GET', `/v1/webhooks/deliveries/${String((await delivery())[0]?.['id'])}`) as { tries: Members[] }

    assert.equal(cut, 1)
    assert.match(String(tries[1]?.['error']), /the address is loopback/)
  })

  await t.test('redirects are not followed', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const lured = await startHttp(t, (_request, response) => { response.writeHead(status, { location: inside.origin }).end() }, { host: ALLOWED })
      assert.match(String((await tryOut(`http://${ALLOWED}:${lured.port}/`))['error']), new RegExp(`the answer was ${status}, and redirects are not followed`))
    }
    assert.deepEqual(inside.requests, [])
  })

  await t.test('over TLS, only who is vouched for is told', async () => {
    const told: string[] = []
    const open = async (tls: { key: string, cert: string }) => (await startHttp(t, (request, response) => {
      told.push(String(request.headers.host))
      response.writeHead(204).end()
    }, { host: ALLOWED, tls })).port
    const [good, bad] = [await open(trusted), await open(stranger)]

    assert.equal((await tryOut(`https://trusted.test:${good}/`))['error'], null)
    assert.match(String((await tryOut(`https://stranger.test:${bad}/`))['error']), /its certificate is not trusted/)
    assert.match(String((await tryOut(`https://${ALLOWED}:${good}/`))['error']), /its certificate is for another host/)
    assert.deepEqual(told, [`trusted.test:${good}`])
  })

  await t.test('floods, bombs and answers without an end come to an end, and the worker goes on', async () => {
    const flood = await startHttp(t, (_request, response) => pour(response, Buffer.alloc(65_536, 'a')), { host: ALLOWED })
    const rude: [what: string, speak: (socket: Socket) => void, error: RegExp | null][] = [
      ['silence', () => {}, /took longer than 1000 ms/],
      ['a head that never ends', drip('HTTP/1.1 200 OK\r\n', 'x-a: b\r\n'), /took longer than 1000 ms/],
      ['a body that never ends', drip('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\na\r\n'), /took longer than 1000 ms, body included/],
      ['interim answers', drip('', 'HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n'), /Cannot deliver/],
      ['a head that is too long', (socket) => { socket.write(`HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(1_000_000)}\r\n\r\n`) }, /Cannot deliver/],
      ['no HTTP', (socket) => { socket.end('SSH-2.0-OpenSSH_9.6\r\n') }, /Cannot deliver/],
      ['an answer that is cut', (socket) => { socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc') }, /Cannot deliver/],
      ['two answers', (socket) => { socket.once('data', () => socket.write('HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 500 No\r\n\r\n')) }, null],
      ['a bomb', (socket) => { socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x8b\x08')) }, null],
    ]

    const poured = await tryOut(`http://${ALLOWED}:${flood.port}/`)
    assert.equal(String(poured['answer']).length, 1024)
    for (const [what, speak, error] of rude) {
      const one = await tryOut(await startRude(t, speak))
      if (error) assert.match(String(one['error']), error, what)
      else assert.equal(one['error'], null, what)
      assert.ok(Number(one['latencyMs']) < 5 * TIMEOUT_MS, `${what}: ${String(one['latencyMs'])} ms`)
    }
    assert.deepEqual(await service.run({ code: 'export default () => 7' }).then(({ result }) => result), 7)
  })
})
