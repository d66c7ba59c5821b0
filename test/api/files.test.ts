import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { newId } from '../../src/core/ids.ts'
import { startApi, type TestApi } from '../helpers/api.ts'
import { temporaryFolder } from '../helpers/files.ts'

const CONTENT = 'a,b\n1,2\n'

async function startFiles (t: TestContext, env: Record<string, string> = {}) {
  const location = temporaryFolder(t)
  const api = await startApi(t, { BATCHBOX_FILES: location, ...env })
  const own = await api.holder('acme', 'files:read', 'files:write')
  return {
    ...api,
    own,
    location,
    put: (name: string, payload: string | Buffer, headers: Record<string, string> = {}) => api.send({ method: 'PUT', url: `/v1/files/${encodeURIComponent(name)}`, headers: { ...own, ...headers }, payload }),
    read: (name: string, headers: Record<string, string> = {}, query = '') => api.get(`/v1/files/${encodeURIComponent(name)}${query}`, { ...own, ...headers }),
  }
}

function digest (content: string | Buffer): string {
  return `sha-256=:${createHash('sha256').update(content).digest('base64')}:`
}

type Answer = Awaited<ReturnType<TestApi['send']>>
const codeOf = (answer: Answer) => [answer.statusCode, answer.json()['code']]

test('a file is uploaded, listed, downloaded, replaced and deleted, by its name and by its id', async (t) => {
  const { put, read, get, remove, own } = await startFiles(t)

  const made = await put('orders 1.csv', CONTENT, { 'content-type': 'text/csv', 'repr-digest': digest(CONTENT) })
  const replaced = await put('orders 1.csv', `${CONTENT}3,4\n`)
  await put('other', '')
  const listed = await get('/v1/files', own)
  const [byName, byId] = [await read('orders 1.csv'), await get(`/v1/files/${String(replaced.json()['id'])}`, own)]
  const gone = await get(`/v1/files/${String(made.json()['id'])}`, own)
  const removed = [await remove('/v1/files/orders%201.csv', own), await remove('/v1/files/orders%201.csv', own)]

  assert.deepEqual([made.statusCode, made.headers['location'], made.headers['upload-complete']], [201, '/v1/files/orders%201.csv', '?1'])
  assert.partialDeepStrictEqual(made.json(), { name: 'orders 1.csv', bytes: 8, contentType: 'text/csv', contentEncoding: null, isComplete: true, jobId: null, sha256: createHash('sha256').update(CONTENT).digest('hex'), links: { content: '/v1/files/orders%201.csv' } })
  assert.equal(replaced.statusCode, 200)
  assert.deepEqual((listed.json()['data'] as { name: string, bytes: number }[]).map(({ name, bytes }) => [name, bytes]), [['other', 0], ['orders 1.csv', 12]])
  for (const answer of [byName, byId]) {
    assert.equal(answer.body, `${CONTENT}3,4\n`)
    assert.partialDeepStrictEqual(answer.headers, { 'content-type': 'application/octet-stream', 'content-length': '12', 'accept-ranges': 'bytes', 'repr-digest': digest(answer.body), 'content-disposition': 'attachment; filename="orders 1.csv"', 'x-content-type-options': 'nosniff' })
  }
  assert.deepEqual(codeOf(gone), [404, 'NOT_FOUND'])
  assert.deepEqual(removed.map(({ statusCode }) => statusCode), [204, 404])
  assert.deepEqual(codeOf(await read('orders 1.csv')), [404, 'NOT_FOUND'])
})

test('ranges, conditions and HEAD are answered as RFC 9110 has them', async (t) => {
  const { put, read, send, own } = await startFiles(t)
  const content = 'abcdefghij'
  const etag = String((await put('f', content)).headers['etag'])
  await put('empty', '')
  const parts: [range: string, body: string, contentRange: string | undefined][] = [
    ['bytes=0-0', 'a', 'bytes 0-0/10'], ['bytes=3-', 'defghij', 'bytes 3-9/10'], ['bytes=-3', 'hij', 'bytes 7-9/10'], ['bytes=8-100', 'ij', 'bytes 8-9/10'], ['BYTES=2-3', 'cd', 'bytes 2-3/10'],
    ['bytes=-100', content, 'bytes 0-9/10'], ['bytes=0-1,4-5', content, undefined], ['bytes=5-4', content, undefined], ['lines=0-1', content, undefined], ['bytes=-', content, undefined], ['bytes=x-1', content, undefined],
  ]

  for (const [range, body, contentRange] of parts) {
    const answer = await read('f', { range })
    assert.deepEqual([range, answer.statusCode, answer.body, answer.headers['content-range'], answer.headers['content-length']], [range, contentRange ? 206 : 200, body, contentRange, String(body.length)])
  }
  for (const range of ['bytes=10-', 'bytes=99-100', 'bytes=-0']) {
    const answer = await read('f', { range })
    assert.deepEqual([...codeOf(answer), answer.headers['content-range']], [416, 'RANGE_NOT_SATISFIABLE', 'bytes */10'])
  }
  const conditions = [await read('f', { range: 'bytes=0-1', 'if-range': etag }), await read('f', { range: 'bytes=0-1', 'if-range': '"other"' }), await read('f', { range: 'bytes=0-1', 'if-range': `W/${etag}` }), await read('f', { 'if-none-match': `"x", ${etag}` })]
  assert.deepEqual(conditions.map(({ statusCode, body }) => [statusCode, body]), [[206, 'ab'], [200, content], [200, content], [304, '']])
  const head = await send({ method: 'HEAD', url: '/v1/files/f', headers: { ...own, range: 'bytes=0-1' } })
  assert.deepEqual([head.statusCode, head.body, head.headers['content-length'], head.headers['etag'], head.headers['content-range']], [200, '', '10', etag, undefined])
  assert.deepEqual([(await read('empty', { range: 'bytes=-5' })).statusCode, (await read('empty', { range: 'bytes=0-' })).statusCode, (await read('empty')).headers['content-length']], [200, 416, '0'])
})

test('what is compressed stays so, and comes without its coding where that is asked for', async (t) => {
  const { put, read } = await startFiles(t)
  const packed = gzipSync(CONTENT)

  const made = await put('f.csv', packed, { 'content-encoding': 'gzip', 'content-type': 'text/csv', 'repr-digest': digest(packed) })
  const [coded, stored, refused] = [await read('f.csv'), await read('f.csv', {}, '?stored=true'), await put('g', packed, { 'content-encoding': 'br' })]

  assert.partialDeepStrictEqual(made.json(), { bytes: packed.length, contentEncoding: 'gzip', contentType: 'text/csv' })
  assert.deepEqual([coded, stored].map(({ headers }) => [headers['content-encoding'], headers['repr-digest'], headers['content-length']]), [['gzip', digest(packed), String(packed.length)], [undefined, digest(packed), String(packed.length)]])
  assert.deepEqual(codeOf(refused), [415, 'UNSUPPORTED_MEDIA_TYPE'])
})

test('a wrong digest, a wrong length and a file that is too large are refused, and nothing is kept', async (t) => {
  const { put, read, get, own } = await startFiles(t, { BATCHBOX_FILE_BYTES: '2000' })
  await put('kept', 'former')

  const refusals = [
    await put('kept', CONTENT, { 'repr-digest': digest('other') }),
    await put('kept', CONTENT, { 'repr-digest': 'sha-512=:AAAA:' }),
    await put('kept', randomBytes(2001)),
    await put('kept', CONTENT, { 'upload-length': '7' }),
    await put('kept', CONTENT, { 'content-range': 'bytes 0-7/100' }),
    await put('kept', CONTENT, { 'content-type': `text/${'x'.repeat(300)}` }),
  ]

  assert.deepEqual(refusals.map(codeOf), [[422, 'CHECKSUM_MISMATCH'], [422, 'INVALID'], [413, 'FILE_TOO_LARGE'], [400, 'BAD_REQUEST'], [400, 'BAD_REQUEST'], [422, 'INVALID']])
  assert.equal((await read('kept')).body, 'former')
  assert.equal(((await get('/v1/files', own)).json()['data'] as unknown[]).length, 1)
})

test('files of another tenant are not there, and keys need the scopes', async (t) => {
  const api = await startFiles(t)
  const id = String((await api.put('f', CONTENT)).json()['id'])
  const [other, reader, writer, jobs] = [await api.holder('other', 'files:read', 'files:write'), await api.holder('acme', 'files:read'), await api.holder('acme', 'files:write'), await api.holder('acme', 'jobs:read', 'jobs:write')]
  const asks = async (headers: Record<string, string>) => [
    (await api.get('/v1/files/f', headers)).statusCode,
    (await api.get(`/v1/files/${id}`, headers)).statusCode,
    (await api.send({ method: 'HEAD', url: `/v1/uploads/${id}`, headers })).statusCode,
    (await api.remove(`/v1/uploads/${id}`, headers)).statusCode,
    (await api.remove(`/v1/files/${newId('file')}`, headers)).statusCode,
  ]

  assert.deepEqual(await asks(other), [404, 404, 404, 404, 404])
  assert.deepEqual(await asks(reader), [200, 200, 403, 403, 403])
  assert.deepEqual(await asks(writer), [403, 403, 200, 404, 404])
  assert.deepEqual(await asks(jobs), [403, 403, 403, 403, 403])
  assert.equal((await api.remove(`/v1/files/f`, other)).statusCode, 404)
  assert.deepEqual(((await api.get('/v1/files', other)).json()['data']), [])
})

test('a service without a store says which variable is missing', async (t) => {
  const api = await startApi(t)

  const answers = [await api.get('/v1/files'), await api.get('/v1/files/f'), await api.send({ method: 'PUT', url: '/v1/files/f', headers: await api.holder('default', 'files:write'), payload: 'x' })]

  for (const answer of answers) {
    assert.deepEqual(codeOf(answer), [503, 'UNAVAILABLE'])
    assert.match(String(answer.json()['detail']), /BATCHBOX_FILES/)
  }
})
