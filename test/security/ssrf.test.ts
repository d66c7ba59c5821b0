import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDns } from '../helpers/dns-server.ts'
import { startEngine } from '../helpers/engine.ts'
import { startHttp } from '../helpers/http-server.ts'
import { startFetch } from '../tools/fetch/host.ts'

/** Hosts that stand for what is behind the worker, in every spelling, by what the refusal calls them. Each is asked for with a wildcard for `net`. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  loopback: [
    '127.0.0.1', '127.1', '127.0.1', '127.255.255.254', '2130706433', '017700000001', '0177.0.0.1', '0177.0.0.01', '0x7f000001', '0x7F.1', '0x7f.0x0.0x0.0x1', '127.0x000001',
    '127.0.0.1.', '0x7f000001.', '127。0。0。1', '127．0．0．1', '127｡0｡0｡1', '１２７.0.0.1', '①②⑦.⓪.⓪.①', '%31%32%37.0.0.1', '127.0.0.%31', '12\t7.0.0.1',
    '[::1]', '[0:0:0:0:0:0:0:1]', '[0000:0000::0001]', '[::0.0.0.1]',
    'localhost', 'LOCALHOST', 'localhost.', 'foo.localhost', 'ｌｏｃａｌｈｏｓｔ', 'loc\u00ADalhost',
  ],
  unspecified: ['0', '0.0.0.0', '0x0', '00', '0.1', '[::]', '[::0]', '[0:0:0:0:0:0:0:0]', '0.0.0.0.'],
  translated: [
    '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:ffff:127.0.0.1]', '[::FFFF:169.254.169.254]', '[::ffff:8.8.8.8]', '[::ffff:0:127.0.0.1]',
    '[64:ff9b::127.0.0.1]', '[64:ff9b::a9fe:a9fe]', '[64:ff9b:1::10.0.0.1]', '[2002:7f00:1::]', '[2002:a9fe:a9fe::1]', '[2001::1]', '[2001:0:4136:e378:8000:63bf:80ff:fffe]',
  ],
  private: [
    '10.0.0.1', '10.1', '0xa.0.0.1', '012.0.0.1', '167772161', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.257', '0xc0a80001', '3232235521', '100.64.0.1', '100.100.100.200', '100.127.255.255',
    '[fc00::1]', '[fd00:ec2::254]', '[fd20:ce::254]', '[fec0::1]',
  ],
  'link-local': ['169.254.169.254', '169.254.170.2', '2852039166', '0xa9fea9fe', '0xa9.0xfe.0xa9.0xfe', '0251.0376.0251.0376', '169.254.43518', '169。254。169。254', '[fe80::1]', '[fe80::a9fe:a9fe]', '[febf::1]'],
  multicast: ['224.0.0.1', '239.255.255.250', '[ff02::1]', '[ff0e::1]'],
  broadcast: ['255.255.255.255', '4294967295', '0xffffffff'],
  metadata: ['168.63.129.16', '0xa83f8110'],
  reserved: [
    '192.0.0.192', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '240.0.0.1', '192.88.99.1', '192.31.196.1', '192.52.193.1',
    '[::127.0.0.1]', '[::a00:1]', '[100::1]', '[2001:db8::1]', '[2001:2::1]', '[2001:10::1]', '[3fff::1]', '[5f00::1]', '[4000::1]', '[1::1]',
  ],
}

const { resultOf } = await startEngine({ lanes: 1, tools: { own: '', config: '{"fetch":{"maxRequests":1000}}' } })

test('code that asks for all of them hears of each that it is denied', async (t) => {
  const { port, requests } = await startHttp(t, (_request, response) => response.end('inside'))
  const code = `export default async (urls) => {
    const reached = []
    for (const url of urls) await fetch(url).then(() => reached.push(url), ({ name, code }) => { if (name !== 'TypeError' || code !== 'PERMISSION_DENIED') reached.push([url, name, code]) })
    return reached
  }`

  const reached = await resultOf(code, { tools: ['fetch'], permissions: { net: true }, input: Object.values(SPELLINGS).flat().map((host) => `http://${host}:${port}/`) })

  assert.deepEqual(reached, [])
  assert.deepEqual(requests, [])
})

test('no spelling of an address behind the worker is connected to', async (t) => {
  const { port, requests } = await startHttp(t, (_request, response) => response.end('inside'))
  const { open, receipt } = startFetch(t, { config: { allowRanges: [], maxRequests: 10_000 } })
  const all = Object.entries(SPELLINGS).flatMap(([kind, hosts]) => hosts.map((host) => ({ kind, host })))

  for (const { kind, host } of all) {
    await assert.rejects(open(`http://${host}:${port}/`), { code: 'PERMISSION_DENIED', message: new RegExp(`^Cannot fetch .+:${port}: its address is ${kind}; `) }, `${kind} ${host}`)
  }

  assert.ok(all.length >= 100, `${all.length} spellings`)
  assert.deepEqual(requests, [])
  assert.deepEqual(receipt.lines.filter(({ denied }) => denied === null), [])
})

test('a grant of a public name does not reach what the name stands for inside', async (t) => {
  const { port, requests } = await startHttp(t, (_request, response) => response.end('inside'))
  const inside = { 'one.test': ['127.0.0.1'], 'six.test': ['::1'], 'mapped.test': ['::ffff:127.0.0.1'], 'zero.test': ['0.0.0.0'], 'meta.test': ['169.254.169.254'], 'two.test': ['10.0.0.1', '192.168.0.1', 'fd00::1'] }
  const dns = await startDns(t, (name) => inside[name as keyof typeof inside])
  const { open } = startFetch(t, { config: { allowRanges: [], dnsServers: [dns.address] }, net: ['*.test:*'] })

  for (const name of Object.keys(inside)) await assert.rejects(open(`http://${name}:${port}/`), { code: 'PERMISSION_DENIED' }, name)

  assert.deepEqual(requests, [])
})

test('what a name stands for is not told', async (t) => {
  const dns = await startDns(t, () => ['10.11.12.13'])
  const { open, receipt } = startFetch(t, { config: { allowRanges: [], dnsServers: [dns.address] } })

  const error = await open('http://intern.test/').catch((reason: Error) => reason)

  assert.doesNotMatch(JSON.stringify([String(error), receipt.lines]), /10\.11/)
})

test('a name that stands for something else the second time is caught', async (t) => {
  const { port, requests } = await startHttp(t, (_request, response) => response.end('inside'))
  const turns = [['198.18.0.1'], ['127.0.0.1']] // the first is allowed here and answers nobody
  let asked = 0
  const dns = await startDns(t, (_name, type) => type === 'AAAA' ? [] : turns[Math.min(asked++, 1)])
  const { open } = startFetch(t, { config: { allowRanges: ['198.18.0.1'], dnsServers: [dns.address], connectTimeoutMs: 300 } })

  await assert.rejects(open(`http://rebind.test:${port}/`), { code: 'TOOL_ERROR' })
  await assert.rejects(open(`http://rebind.test:${port}/`), { code: 'PERMISSION_DENIED', message: /its address is loopback/ })

  assert.deepEqual(requests, [])
  assert.deepEqual(dns.questions.filter((question) => question.startsWith('A ')), ['A rebind.test', 'A rebind.test'])
})

test('of the addresses of a name only those that may be reached are tried', async (t) => {
  const { port, requests } = await startHttp(t, (_request, response) => response.end('allowed'))
  const dns = await startDns(t, () => ['127.0.0.2', '127.0.0.1', '::1'])
  const { fetch } = startFetch(t, { config: { allowRanges: ['127.0.0.1'], dnsServers: [dns.address] } })

  const { text } = await fetch(`http://mixed.test:${port}/`)

  assert.equal(text, 'allowed')
  assert.deepEqual(requests, ['GET /'])
})

test('an address is checked once more when it is connected: the unspecified one leads to loopback', async (t) => {
  const { port, requests } = await startHttp(t, (_request, response) => response.end('inside'))
  const dns = await startDns(t, () => ['0.0.0.0'])
  const { open } = startFetch(t, { config: { allowRanges: ['0.0.0.0'], dnsServers: [dns.address] } })

  for (const host of ['0.0.0.0', '0', '0x0', 'zero.test']) await assert.rejects(open(`http://${host}:${port}/`, { method: 'POST', body: 'secret' }), { code: 'PERMISSION_DENIED' }, host)

  assert.deepEqual(requests, [])
})

test('a redirect to the inside is not followed, whatever it looks like', async (t) => {
  const inside = await startHttp(t, (_request, response) => response.end('inside'), { host: '127.0.0.2' })
  const { port } = inside
  const places = [
    `http://127.0.0.2:${port}/`, `//127.0.0.2:${port}/`, `http://0x7f000002:${port}/`, `http://2130706434:${port}/`, `http://[::ffff:127.0.0.2]:${port}/`, `http://127。0。0。2:${port}/`,
    `http://169.254.169.254/latest/meta-data/`, `http://[fd00:ec2::254]/`, `\\\\127.0.0.2:${port}\\`, `http:\\\\127.0.0.2:${port}/`, `HTTP://127.0.0.2.:${port}/`,
    `http://user:password@127.0.0.1:${port}/`, 'file:///etc/passwd', 'data:text/plain,inside', 'blob:http://127.0.0.1/x', 'ftp://127.0.0.1/', 'gopher://127.0.0.1:6379/_FLUSHALL', 'javascript:1', 'about:blank', 'ws://127.0.0.1/', 'unix:/var/run/docker.sock',
    'http://127.0.0.1:22/', 'http://127.0.0.1:6000/', 'http://127.0.0.1:25/',
  ]
  const outside = await startHttp(t, (request, response) => {
    response.writeHead(302, { location: Buffer.from(places[Number(request.url?.slice(1))] ?? '').toString('latin1') }).end()
  })
  const { open } = startFetch(t, { config: { maxRequests: 10_000 } })

  for (const [at, place] of places.entries()) await assert.rejects(open(`${outside.origin}/${at}`), { code: 'PERMISSION_DENIED' }, place)

  assert.deepEqual(inside.requests, [])
  assert.equal(outside.requests.length, places.length)
})

test('a redirect to a host that was not granted is not followed', async (t) => {
  const other = await startHttp(t, (_request, response) => response.end('other'))
  const granted = await startHttp(t, (_request, response) => response.writeHead(307, { location: `${other.origin}/` }).end())
  const { open, receipt } = startFetch(t, { net: [`127.0.0.1:${granted.port}`] })

  await assert.rejects(open(granted.origin), { code: 'PERMISSION_DENIED', message: `Cannot fetch 127.0.0.1:${other.port}: the job was not granted it; permissions.net would have to name "127.0.0.1:${other.port}"` })

  assert.deepEqual(other.requests, [])
  assert.deepEqual(receipt.lines.map(({ target, denied, count }) => [target, denied === null, count]), [[`127.0.0.1:${granted.port}`, true, 1], [`127.0.0.1:${other.port}`, false, 1]])
})

test('other schemes, names with passwords and ports of other protocols are refused', async (t) => {
  const { open, receipt } = startFetch(t)

  for (const url of ['file:///etc/passwd', 'data:,x', 'blob:null/x', 'ftp://x.test/', 'ws://x.test/', 'javascript:1', 'http://u@x.test/', 'http://:p@x.test/', 'http://x.test:25/', 'http://x.test:6667/', 'http://x.test:0/', 'http://a..b/', 'http://.x.test/']) {
    await assert.rejects(open(url), { code: 'PERMISSION_DENIED' }, url)
  }
  for (const url of ['', 'x', '//x.test/', 'http://', 'http://[::1', 'http://a b/', 'http://1.2.3.256/', `http://x.test/${'x'.repeat(20_000)}`]) await assert.rejects(open(url), { code: 'TOOL_ERROR' }, url)

  assert.doesNotMatch(JSON.stringify(receipt.lines), /:p@|u@/)
})

test('the environment names no proxy', async (t) => {
  const proxy = await startHttp(t, (_request, response) => response.end('by proxy'))
  const { origin } = await startHttp(t, (_request, response) => response.end('direct'))
  for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']) {
    process.env[name] = name.startsWith('NODE') ? '1' : proxy.origin
    t.after(() => { delete process.env[name] })
  }

  const { text } = await startFetch(t).fetch(origin)

  assert.equal(text, 'direct')
  assert.deepEqual(proxy.requests, [])
})
