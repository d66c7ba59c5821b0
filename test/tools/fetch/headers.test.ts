import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHttp } from '../../helpers/http-server.ts'
import { startFetch } from './host.ts'

/** The schema of the method did not take it. */
const NOT_TAKEN = { name: 'ZodError' }

test('user code sets headers, and what a request has besides is added', async (t) => {
  const { origin, port } = await startHttp(t, (request, response) => response.end(JSON.stringify(request.rawHeaders)))
  const { fetch } = startFetch(t)

  const plain = await fetch(origin)
  const own = await fetch(origin, { headers: [['accept', 'text/x'], ['user-agent', 'mine'], ['x-twice', 'a'], ['x-twice', 'b'], ['range', 'bytes=0-1'], ['cookie', 'a=1'], ['x-latin', 'gr\u00FC\u00DF\t!']] })

  assert.deepEqual(readPairs(plain.text), [['host', `127.0.0.1:${port}`], ['connection', 'keep-alive'], ['accept-encoding', 'gzip, br, zstd'], ['accept', '*/*'], ['user-agent', 'batchbox']])
  assert.deepEqual(readPairs(own.text).slice(2), [['accept', 'text/x'], ['user-agent', 'mine'], ['x-twice', 'a'], ['x-twice', 'b'], ['range', 'bytes=0-1'], ['cookie', 'a=1'], ['x-latin', 'grüß\t!'], ['accept-encoding', 'identity']])
})

function readPairs (text: string): string[][] {
  const all = JSON.parse(text) as string[]
  return Array.from({ length: all.length / 2 }, (_, at) => all.slice(at * 2, at * 2 + 2))
}

test('a control character is refused wherever it stands', async (t) => {
  const { origin, requests } = await startHttp(t, (_request, response) => response.end())
  const { open } = startFetch(t)
  const controls = Array.from({ length: 33 }, (_, code) => String.fromCharCode(code === 32 ? 127 : code)).filter((char) => char !== '\t')

  for (const char of controls) {
    await assert.rejects(open(origin, { headers: [['x-mine', `a${char}b`]] }), NOT_TAKEN, `value ${char.charCodeAt(0)}`)
    await assert.rejects(open(origin, { headers: [[`x${char}y`, 'a']] }), NOT_TAKEN, `name ${char.charCodeAt(0)}`)
    await assert.rejects(open(origin, { method: `GE${char}T` }), NOT_TAKEN, `method ${char.charCodeAt(0)}`)
  }
  for (const [name, value] of [['x-mine', 'a\r\nHost: other'], ['x-mine', '\u0100'], ['x mine', 'a'], ['X-Mine', 'a'], ['x:y', 'a'], ['', 'a'], ['x-mine\r\nhost', 'a']] as const) {
    await assert.rejects(open(origin, { headers: [[name, value]] }), NOT_TAKEN, `${name}: ${value}`)
  }

  assert.deepEqual(requests, [])
})

test('a line\'s end in a URL is no new line', async (t) => {
  const { origin, requests } = await startHttp(t, (_request, response) => response.end())
  const { open } = startFetch(t)

  await open(`${origin}/a\r\nx-evil: 1?b\u0000c d\u00FC`)

  assert.deepEqual(requests, ['GET /ax-evil:%201?b%00c%20d%C3%BC'])
})

test('headers that say where a message ends, where it goes or who carries it are refused', async (t) => {
  const { origin, requests } = await startHttp(t, (_request, response) => response.end())
  const { open } = startFetch(t)
  const names = [
    'host', 'connection', 'content-length', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect', 'keep-alive', 'via', 'date', 'dnt', 'accept-charset', 'accept-encoding', 'http2-settings',
    'proxy-authorization', 'proxy-connection', 'proxy-anything', 'sec-fetch-site', 'sec-x', 'access-control-request-method', 'access-control-request-headers',
  ]

  for (const name of names) await assert.rejects(open(origin, { headers: [[name, 'x']] }), { code: 'TOOL_ERROR', message: `Cannot fetch: the header "${name}" is not for user code to set` })
  for (const name of ['x-http-method', 'x-http-method-override', 'x-method-override']) await assert.rejects(open(origin, { headers: [[name, 'GET, trace']] }), { code: 'TOOL_ERROR' })
  for (const method of ['CONNECT', 'TRACE', 'TRACK', 'trace', 'Connect', '', 'G ET', 'GET\r\n']) await assert.rejects(open(origin, { method }), NOT_TAKEN, method)
  await assert.rejects(open(origin, { method: 'GET', body: 'x' }))
  await assert.rejects(open(origin, { headers: Array.from({ length: 257 }, (_, at) => [`x-${at}`, '']) }))

  assert.deepEqual(requests, [])
})

test('headers of an answer come as they are, each by itself', async (t) => {
  const { origin } = await startHttp(t, (_request, response) => {
    response.setHeader('Set-Cookie', ['a=1', 'b=2']).setHeader('X-Latin', 'gr\u00FC\u00DF').setHeader('__proto__', 'x')
    response.statusMessage = 'Quite fine'
    response.end()
  })
  const { open } = startFetch(t)

  const { headers, statusText } = await open(origin)

  assert.deepEqual(headers.filter(([name]) => !['date', 'connection', 'keep-alive', 'content-length'].includes(name)), [['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['x-latin', 'grüß'], ['__proto__', 'x']])
  assert.equal(statusText, 'Quite fine')
})

test('no cookie is kept', async (t) => {
  const cookies: unknown[] = []
  const { origin } = await startHttp(t, (request, response) => {
    cookies.push(request.headers.cookie)
    response.setHeader('set-cookie', 'a=1').end()
  })
  const { fetch } = startFetch(t)

  await fetch(origin)
  await fetch(origin)

  assert.deepEqual(cookies, [undefined, undefined])
})
