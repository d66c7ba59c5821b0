import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody, startHttp } from '../../helpers/http-server.ts'
import { startFetch } from './host.ts'

test('a small answer comes with the call that opens the request', async (t) => {
  const { origin, port } = await startHttp(t, (request, response) => response.setHeader('x-seen', request.headers.host ?? '').end('{"ok":true}'))
  const { open, receipt } = startFetch(t)

  const { status, statusText, url, redirected, ended, bytes, headers } = await open(`${origin}/path?q=1#fragment`)

  assert.deepEqual({ status, statusText, url, redirected, ended, body: bytes.toString() }, { status: 200, statusText: 'OK', url: `${origin}/path?q=1`, redirected: false, ended: true, body: '{"ok":true}' })
  assert.deepEqual(headers.find(([name]) => name === 'x-seen'), ['x-seen', `127.0.0.1:${port}`])
  const [{ durationMs, ...line } = { durationMs: 0 }, ...rest] = receipt.lines
  assert.ok(durationMs > 0)
  assert.deepEqual([line, rest], [{ grant: 'net', target: `127.0.0.1:${port}`, method: 'GET', denied: null, count: 1, sentBytes: 0, receivedBytes: 11 }, []])
})

test('a whole body is sent with its length', async (t) => {
  const { origin } = await startHttp(t, async (request, response) => {
    response.end(JSON.stringify([request.method, request.headers['content-length'], request.headers['content-type'], (await readBody(request)).toString('latin1')]))
  })
  const { fetch, receipt } = startFetch(t)

  const { text } = await fetch(origin, { method: 'POST', headers: [['content-type', 'text/x']], body: Buffer.from('grüß', 'latin1') })

  assert.deepEqual(JSON.parse(text), ['POST', '4', 'text/x', 'grüß'])
  assert.equal(receipt.lines[0]?.sentBytes, 4)
})
