import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { makeCertificate } from '../../helpers/certificate.ts'
import { startDns } from '../../helpers/dns-server.ts'
import { startHttp } from '../../helpers/http-server.ts'
import { startFetch } from './host.ts'

test('TLS is verified: by whom, and for which host', async (t) => {
  const [trusted, stranger] = [makeCertificate('trusted.test'), makeCertificate('stranger.test')]
  const before = getCACertificates()
  setDefaultCACertificates([...before, trusted.cert])
  t.after(() => setDefaultCACertificates(before))
  const dns = await startDns(t, () => ['127.0.0.1'])
  const { fetch, open } = startFetch(t, { config: { dnsServers: [dns.address] } })
  const good = await startHttp(t, (_request, response) => response.end('verified'), { tls: trusted })
  const bad = await startHttp(t, (_request, response) => response.end('never'), { tls: stranger })

  const { text } = await fetch(`https://trusted.test:${good.port}/`)

  assert.equal(text, 'verified')
  await assert.rejects(open(`https://stranger.test:${bad.port}/`), { code: 'TOOL_ERROR', message: `Cannot fetch https://stranger.test:${bad.port}: its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)` })
  await assert.rejects(open(`https://other.test:${good.port}/`), { code: 'TOOL_ERROR', message: `Cannot fetch https://other.test:${good.port}: its certificate is for another host` })
  await assert.rejects(open(`https://127.0.0.1:${good.port}/`), { code: 'TOOL_ERROR' })
  assert.deepEqual([good.requests.length, bad.requests.length], [1, 0])
})

test('TLS is not even begun with an address that is refused once it is connected', async (t) => {
  let bytes = 0
  const { port } = await startRaw(t, (chunk) => { bytes += chunk.length })
  const { open } = startFetch(t, { config: { allowRanges: ['0.0.0.0'] } })

  await assert.rejects(open(`https://0.0.0.0:${port}/`), { code: 'PERMISSION_DENIED' })

  assert.equal(bytes, 0)
})

test('what a name server says, or does not, is told', async (t) => {
  const dns = await startDns(t, (name) => name === 'empty.test' ? [] : undefined)
  const { open } = startFetch(t, { config: { dnsServers: [dns.address] } })

  await assert.rejects(open('http://unknown.test/'), { code: 'TOOL_ERROR', message: 'Cannot fetch http://unknown.test: no name server knows its host' })
  await assert.rejects(open('http://empty.test/'), { code: 'TOOL_ERROR', message: 'Cannot fetch http://empty.test: its host has no address' })
})

test('a name is found by the port that its name server has, and its connection is kept', async (t) => {
  const { port } = await startHttp(t, (request, response) => response.end(request.headers.host))
  const dns = await startDns(t, () => ['127.0.0.1'])
  const { fetch, receipt } = startFetch(t, { config: { dnsServers: [dns.address] }, net: [`*.test:${port}`] })

  const texts = [await fetch(`http://api.test:${port}/`), await fetch(`http://api.test.:${port}/`), await fetch(`http://API.test:${port}/`)].map(({ text }) => text)

  assert.deepEqual(new Set(texts), new Set([`api.test:${port}`]))
  assert.deepEqual(dns.questions.toSorted(), ['A api.test', 'AAAA api.test'])
  assert.deepEqual(receipt.lines.map(({ target, count }) => [target, count]), [[`api.test:${port}`, 3]])
})

test('a connection that is refused, cut or spoken on in another way is told', async (t) => {
  const silent = await startRaw(t, () => {})
  const { port: closed } = silent
  await silent.close()
  const cut = await startRaw(t, (_chunk, socket) => socket.destroy())
  const garbage = await startRaw(t, (_chunk, socket) => socket.end('SSH-2.0-OpenSSH\r\n'))
  const short = await startRaw(t, (_chunk, socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort'))
  const smuggled = await startRaw(t, (_chunk, socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'))
  const folded = await startRaw(t, (_chunk, socket) => socket.end('HTTP/1.1 200 OK\r\nx: a\nb: c\r\ncontent-length: 0\r\n\r\n'))
  const switching = await startRaw(t, (_chunk, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nwhatever'))
  const { fetch } = startFetch(t)
  const reasonOf = async (port: number) => (await fetch(`http://127.0.0.1:${port}/`).then(({ text }) => `answered ${text}`, (error: Error & { code: string }) => `${error.code} ${error.message}`)).replace(String(port), 'port')

  const reasons = []
  for (const port of [closed, cut.port, garbage.port, short.port, smuggled.port, folded.port, switching.port]) reasons.push(await reasonOf(port))

  assert.deepEqual(reasons, [
    'the connection was refused', 'the server closed the connection', 'the answer is no HTTP', 'the server closed the connection', 'the answer\'s body is not as long as was said', 'the answer is no HTTP',
    'the answer is no HTTP',
  ].map((reason) => `TOOL_ERROR Cannot fetch http://127.0.0.1:port: ${reason}`))
})

test('a connection that was left half read is not used again', async (t) => {
  const sockets = new Set<unknown>()
  const { origin } = await startHttp(t, (request, response) => {
    sockets.add(request.socket)
    response.write('x')
    if (request.url === '/whole') response.end()
  })
  const { open, close, fetch } = startFetch(t)

  await open(`${origin}/half`, { id: 50 })
  await close(50)
  const { text } = await fetch(`${origin}/whole`)

  assert.equal(text, 'x')
  assert.equal(sockets.size, 2)
})

test('an answer that nobody asked for is no answer to the next request', async (t) => {
  let requests = 0
  const { port } = await startRaw(t, (_chunk, socket) => {
    requests += 1
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${requests}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged`)
  })
  const { fetch } = startFetch(t)

  const texts = [await fetch(`http://127.0.0.1:${port}/`), await fetch(`http://127.0.0.1:${port}/`)].map(({ text }) => text)

  assert.deepEqual(texts, ['1', '2'])
})

/** A server that hears what comes, and says whatever it wants. */
async function startRaw (t: TestContext, hear: (chunk: Buffer, socket: Socket) => void): Promise<{ port: number, close (): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('data', (chunk) => hear(chunk as Buffer, socket)) // no encoding is set
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => { server.close(resolve) })
  }
  t.after(close)
  return { port: (server.address() as AddressInfo).port, close } // it listens on a port
}
