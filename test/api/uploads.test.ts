import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { ADMIN_KEY, startApi } from '../helpers/api.ts'
import { blobPaths, temporaryFolder } from '../helpers/files.ts'
import { connectRaw, type RawResponse } from '../helpers/raw-http.ts'
import { listen } from '../helpers/streams.ts'
import { until } from '../helpers/until.ts'

const SHORT_MS = 300

async function startUploads (t: TestContext, env: Record<string, string> = {}) {
  const connections = new AsyncDisposableStack()
  t.after(() => connections.disposeAsync()) // before the service, which waits for those that are open
  const location = temporaryFolder(t)
  const api = await startApi(t, { BATCHBOX_FILES: location, BATCHBOX_FILE_TTL_MS: '3600000', ...env })
  const port = await listen(api)
  const { id: keyId, token } = (await api.post('/v1/keys', { tenant: 'acme', name: 'k', scopes: ['files:read', 'files:write'] })).json() as { id: string, token: string }
  const own = { authorization: `Bearer ${token}` }

  /** Begins a request, whose body the test writes. */
  function begin (method: string, path: string, headers: Record<string, string | number> = {}) {
    const connection = connectRaw({ after: (end) => connections.defer(async () => { await end() }) }, port)
    const lines = Object.entries({ 'host': 'x', 'upload-draft-interop-version': 8, ...own, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    connection.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
    return connection
  }

  async function ask (method: string, path: string, headers: Record<string, string | number> = {}, body: string | Buffer = ''): Promise<RawResponse> {
    const connection = begin(method, path, { ...(method === 'PUT' || method === 'PATCH' ? { 'content-length': body.length } : {}), ...headers })
    connection.write(body)
    const response = await connection.response({ hasBody: method !== 'HEAD' })
    connection.socket.end()
    return response
  }

  const append = (path: string, offset: number, body: string | Buffer, headers: Record<string, string | number> = {}) => (
    ask('PATCH', path, { 'content-type': 'application/partial-upload', 'upload-offset': offset, 'upload-complete': '?1', ...headers }, body)
  )
  const offsetOf = async (path: string) => Number((await ask('HEAD', path)).headers['upload-offset'])
  return { ...api, keyId, own, location, begin, ask, append, offsetOf }
}

function codeOf ({ status, body }: RawResponse): [number, string] {
  return [status, (JSON.parse(body.toString()) as { code: string }).code]
}

function digest (content: string | Buffer): string {
  return `sha-256=:${createHash('sha256').update(content).digest('base64')}:`
}

test('an upload that is cut off keeps what came, tells how far it is, and is continued', async (t) => {
  const { begin, ask, append, offsetOf } = await startUploads(t)
  const content = randomBytes(300_000)
  const cut = begin('PUT', '/v1/files/f', { 'content-length': content.length, 'upload-complete': '?1', 'content-type': 'text/csv', 'repr-digest': digest(content) })
  const { status, headers: { location = '', 'upload-limit': limit } } = await cut.interim()
  cut.write(content.subarray(0, 100_000))
  cut.socket.end()
  await until('what came is kept', async () => await offsetOf(location) === 100_000)
  const state = await ask('HEAD', location)

  const unfinished = await ask('GET', '/v1/files/f')
  const wrong = await append(location, 99_999, content.subarray(99_999))
  const more = await append(location, 100_000, content.subarray(100_000, 200_000), { 'upload-complete': '?0' })
  const done = await append(location, 200_000, content.subarray(200_000))
  const after = await ask('HEAD', location)
  const again = await append(location, 300_000, '')
  const read = await ask('GET', '/v1/files/f')

  assert.equal(status, 104)
  assert.match(limit ?? '', /^max-size=\d+, max-age=\d+$/)
  assert.partialDeepStrictEqual(state, { status: 200, headers: { 'upload-complete': '?0', 'upload-length': '300000', 'cache-control': 'no-store' } })
  assert.deepEqual([codeOf(unfinished), codeOf(wrong), wrong.headers['upload-offset']], [[404, 'NOT_FOUND'], [409, 'UPLOAD_CONFLICT'], '100000'])
  assert.deepEqual([more.status, more.headers['upload-offset'], more.headers['upload-complete']], [204, '200000', '?0'])
  assert.deepEqual([done.status, done.headers['upload-complete'], done.headers['location']], [200, '?1', '/v1/files/f'])
  assert.partialDeepStrictEqual(after, { status: 200, headers: { 'upload-complete': '?1', 'upload-offset': '300000' } })
  assert.deepEqual(codeOf(again), [409, 'UPLOAD_CONFLICT'])
  assert.ok(read.body.equals(content))
  assert.equal(read.headers['content-type'], 'text/csv')
})

test('a client that gets no interim answers begins with no content, appends, or gives up', async (t) => {
  const { ask, append, get, own, location: folder } = await startUploads(t)
  const begun = await ask('PUT', '/v1/files/f', { 'upload-complete': '?0', 'upload-length': 6, 'upload-draft-interop-version': '' })
  const { location = '' } = begun.headers
  await append(location, 0, 'abc', { 'upload-complete': '?0' })
  const wrong = await append(location, 3, 'dex', { 'repr-digest': digest('abcdef') })
  const gone = await ask('HEAD', location)
  const second = await ask('PUT', '/v1/files/f', { 'upload-complete': '?0' }, 'abc')
  const { location: other = '' } = second.headers
  const removed = [await ask('DELETE', other), await ask('DELETE', other), await append(other, 3, 'x')]

  assert.deepEqual([begun.status, begun.headers['upload-offset'], begun.headers['upload-complete'], begun.interim], [201, '0', '?0', []])
  assert.deepEqual([codeOf(wrong), gone.status], [[422, 'CHECKSUM_MISMATCH'], 404])
  assert.deepEqual([second.status, second.headers['upload-offset']], [201, '3'])
  assert.deepEqual(removed.map(({ status }) => status), [204, 404, 404])
  assert.deepEqual((await get('/v1/files', own)).json()['data'], [])
  assert.ok(blobPaths(folder).length <= 2) // owed their removal
})

test('requests that contradict themselves or what was said before are refused', async (t) => {
  const { ask, append, offsetOf } = await startUploads(t)
  const { location = '' } = (await ask('PUT', '/v1/files/f', { 'upload-complete': '?0', 'upload-length': 4 }, 'ab')).headers

  const refused = [
    await ask('PATCH', location, { 'upload-offset': 2, 'upload-complete': '?1', 'content-type': 'text/plain' }, 'cd'),
    await ask('PATCH', location, { 'upload-complete': '?1', 'content-type': 'application/partial-upload' }, 'cd'),
    await ask('PATCH', location, { 'upload-offset': '"2"', 'upload-complete': '?1', 'content-type': 'application/partial-upload' }, 'cd'),
    await ask('PATCH', location, { 'upload-offset': 2, 'upload-complete': 'true', 'content-type': 'application/partial-upload' }, 'cd'),
    await append(location, 2, 'cde'),
    await append(location, 2, 'c'),
    await append(location, 2, 'cd', { 'upload-length': 5 }),
    await append(location, 2, 'cde', { 'upload-complete': '?0' }),
    await append(location, 2, ''),
    await append('/v1/uploads/fil_nonsense', 2, ''),
  ]

  assert.deepEqual(refused.map(codeOf), [
    [415, 'UNSUPPORTED_MEDIA_TYPE'], [400, 'BAD_REQUEST'], [400, 'BAD_REQUEST'], [400, 'BAD_REQUEST'], [400, 'BAD_REQUEST'], [400, 'BAD_REQUEST'], [400, 'BAD_REQUEST'], [400, 'BAD_REQUEST'], [400, 'BAD_REQUEST'], [404, 'NOT_FOUND'],
  ])
  assert.equal(await offsetOf(location), 2)
  assert.equal((await append(location, 2, 'cd')).status, 200)
})

test('a plain upload that is cut off leaves nothing', async (t) => {
  const { begin, ask, db, location } = await startUploads(t)
  const cut = begin('PUT', '/v1/files/f', { 'content-length': 1000 })
  cut.write(randomBytes(500))
  await until('it is there', () => blobPaths(location).length === 1)
  cut.socket.end()

  await until('its record is gone', async () => await db.redis.exists(db.keys.fileUsage('acme')) === 0)
  assert.equal((await ask('GET', '/v1/files/f')).status, 404)
})

test('an upload that is announced as too large is refused before it comes, however its client goes on', async (t) => {
  const { begin, ask } = await startUploads(t, { BATCHBOX_FILE_BYTES: '1000000' })
  const huge = begin('PUT', '/v1/files/f', { 'content-length': 10 ** 12 })
  const sending = setInterval(() => { huge.write(randomBytes(1000)) }, 1)
  t.after(() => clearInterval(sending))

  const refused = await huge.response()
  const chunked = begin('PUT', '/v1/files/f', { 'transfer-encoding': 'chunked' })
  for (let index = 0; index < 101; index += 1) chunked.write(`2710\r\n${'x'.repeat(10_000)}\r\n`)
  chunked.write('0\r\n\r\n')
  const late = await chunked.response()

  assert.deepEqual([codeOf(refused), codeOf(late)], [[413, 'FILE_TOO_LARGE'], [413, 'FILE_TOO_LARGE']])
  assert.equal((await ask('GET', '/v1/files/f')).status, 404)
})

test('an upload beyond what the tenant may have is refused when it gets there, and keeps what came', async (t) => {
  const { begin, ask, offsetOf, remove, append, own } = await startUploads(t, { BATCHBOX_TENANT_FILE_BYTES: '200000' })
  await ask('PUT', '/v1/files/old', {}, randomBytes(150_000))
  const full = begin('PUT', '/v1/files/f', { 'transfer-encoding': 'chunked', 'upload-complete': '?1' })
  const { headers: { location = '' } } = await full.interim()
  for (let index = 0; index < 10; index += 1) full.write(`2710\r\n${'x'.repeat(10_000)}\r\n`)
  full.write('0\r\n\r\n')

  const refused = await full.response()
  const announced = await ask('PUT', '/v1/files/g', { 'content-length': 60_000 }, randomBytes(60_000))
  const kept = await offsetOf(location)
  await remove('/v1/files/old', own)
  const done = await append(location, kept, 'y'.repeat(100_000 - kept))

  assert.deepEqual([codeOf(refused), codeOf(announced)], [[429, 'RATE_LIMITED'], [429, 'RATE_LIMITED']])
  assert.match(refused.body.toString(), /BATCHBOX_TENANT_FILE_BYTES/)
  assert.ok(kept <= 50_000)
  assert.equal(done.status, 200)
})

test('a client that stalls or trickles is refused, and what came is kept; one that does not read is cut off', async (t) => {
  const { begin, ask, offsetOf } = await startUploads(t, { BATCHBOX_FILE_STALL_MS: String(SHORT_MS) })
  const content = randomBytes(5_000_000)
  await ask('PUT', '/v1/files/large', {}, content)
  const stalled = begin('PUT', '/v1/files/a', { 'content-length': 1000, 'upload-complete': '?1' })
  const trickling = begin('PUT', '/v1/files/b', { 'content-length': 1_000_000, 'upload-complete': '?1' })
  const places = [(await stalled.interim()).headers['location'] ?? '', (await trickling.interim()).headers['location'] ?? '']
  stalled.write('abc')
  const timer = setInterval(() => { trickling.write('x') }, 20)
  t.after(() => clearInterval(timer))
  const unread = begin('GET', '/v1/files/large')
  unread.socket.pause()

  const refused = [await stalled.response(), await trickling.response()]
  const offsets = [await offsetOf(places[0] ?? ''), await offsetOf(places[1] ?? '')]
  unread.socket.resume()

  assert.deepEqual(refused.map(codeOf), [[400, 'BAD_REQUEST'], [400, 'BAD_REQUEST']])
  for (const { body } of refused) assert.match(body.toString(), /BATCHBOX_FILE_STALL_MS/)
  assert.equal(offsets[0], 3)
  assert.ok((offsets[1] ?? 0) > 0)
  await assert.rejects(unread.response(), /The connection has ended/)
})

test('an upload whose key is revoked stops there, and so does one whose process does', async (t) => {
  const api = await startUploads(t)
  const revoked = api.begin('PUT', '/v1/files/a', { 'content-length': 1000, 'upload-complete': '?1' })
  const { headers: { location = '' } } = await revoked.interim()
  revoked.write('abc')
  await api.remove(`/v1/keys/${api.keyId}`)

  const refused = await revoked.response()
  revoked.socket.destroy()
  const other = await api.holder('acme', 'files:write')
  const kept = await api.send({ method: 'HEAD', url: location, headers: other })
  const stopping = api.begin('PUT', '/v1/files/b', { ...other, 'content-length': 1000, 'upload-complete': '?1' })
  const place = (await stopping.interim()).headers['location'] ?? ''
  stopping.write('abcd')
  await until('it came', () => blobPaths(api.location).length === 2)
  const closing = api.app.close()
  const stopped = await stopping.response()
  await closing

  assert.deepEqual([codeOf(refused), kept.headers['upload-offset']], [[401, 'UNAUTHENTICATED'], '3'])
  assert.deepEqual(codeOf(stopped), [503, 'UNAVAILABLE'])
  assert.equal(await api.db.redis.hget(api.db.keys.file(place.split('/').at(-1) ?? ''), 'bytes'), '4')
})

test('a tenant and a process have bounds of what is under way at one time', async (t) => {
  const { begin, ask, holder } = await startUploads(t, { BATCHBOX_TENANT_FILE_TRANSFERS: '1', BATCHBOX_FILE_TRANSFERS: '2' })
  const other = await holder('other', 'files:write')
  const third = { authorization: `Bearer ${ADMIN_KEY}` }
  const first = begin('PUT', '/v1/files/a', { 'content-length': 3, 'upload-complete': '?1' })
  await first.interim()

  const ofTenant = await ask('PUT', '/v1/files/b', {}, 'abc')
  const second = begin('PUT', '/v1/files/a', { ...other, 'content-length': 3, 'upload-complete': '?1' })
  await second.interim()
  const ofProcess = await ask('PUT', '/v1/files/a', third, 'abc')
  first.write('abc')
  const done = await first.response()
  const next = await ask('PUT', '/v1/files/b', {}, 'abc')

  assert.deepEqual([codeOf(ofTenant), codeOf(ofProcess)], [[429, 'RATE_LIMITED'], [503, 'OVERLOADED']])
  assert.deepEqual([done.status, next.status], [201, 201])
})
