import assert from 'node:assert/strict'
import { readdirSync, renameSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parse } from 'content-disposition'
import { ADMIN_HEADERS, ADMIN_TENANT, startApi } from '../helpers/api.ts'
import { blobPaths, openTestFiles, temporaryFolder } from '../helpers/files.ts'
import { beginRun } from '../helpers/play-worker.ts'
import { connectRaw, type RawResponse } from '../helpers/raw-http.ts'
import { listen } from '../helpers/streams.ts'

/** Starts the API, and asks it byte by byte as the test has it: clients put right what paths they send. */
async function startRaw (t: TestContext) {
  const connections = new AsyncDisposableStack()
  t.after(() => connections.disposeAsync())
  const location = temporaryFolder(t)
  const api = await startApi(t, { BATCHBOX_FILES: location })
  const port = await listen(api)
  async function ask (method: string, path: string, { body = '', headers = {} }: { body?: string, headers?: Record<string, string> } = {}): Promise<RawResponse> {
    const connection = connectRaw({ after: (end) => connections.defer(async () => { await end() }) }, port)
    const lines = Object.entries({ host: 'x', ...ADMIN_HEADERS, 'content-length': String(body.length), ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    connection.write(Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`, 'latin1'))
    return connection.response({ hasBody: method !== 'HEAD' })
  }
  return { ...api, location, ask }
}

/** What is there of all folders, by relative path. */
function listAll (folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
}

test('a name is never part of a path, however it is written', async (t) => {
  const { ask, location, get } = await startRaw(t)
  const outside = join(dirname(location), 'outside')
  const taken = ['%2e%2e%2foutside', '..%2F..%2F..%2Fetc%2Fpasswd', 'a%2Fb', 'a%5C..%5Cb', '%252e%252e', 'C%3A%5Cx', '.hidden', '...', '~', '%20', "'%3B%20rm%20-rf", '%3Cscript%3E', 'a%3Fb%23c', '%F0%9F%98%80', '%E6%96%87', 'x'.repeat(256)]
  const refused: [path: string, statuses: number[]][] = [
    ['..', [404, 422]], ['%2e%2e', [422]], ['%2E', [422]], ['a%00b', [422]], ['%0d%0aSet-Cookie%3a%20x', [422]], ['%E2%80%AEgpj.exe', [422]], ['a%C2%85', [422]], ['%EF%BB%BFa', [422]], ['%EE%80%80', [422]],
    ['%ff', [400]], ['%c0%ae%c0%ae', [400]], ['%ed%a0%80', [400]], ['%', [400]], ['%zz', [400]], ['x'.repeat(257), [422]], ['x'.repeat(1025), [400]], ['', [404, 422]], ['a/b', [404]], ['../outside', [404]], ['..%2foutside/x', [404]],
    ['fil_01234567', [422]], ['%66il_x', [422]],
  ]

  for (const name of taken) assert.equal((await ask('PUT', `/v1/files/${name}`, { body: name })).status, 201, name)
  for (const [name, statuses] of refused) {
    const { status } = await ask('PUT', `/v1/files/${name}`, { body: 'evil' })
    assert.ok(statuses.includes(status), `${name}: ${status}`)
    assert.ok([400, 404].includes((await ask('GET', `/v1/files/${name}`)).status), name)
  }

  for (const name of taken) assert.equal((await ask('GET', `/v1/files/${name}`)).body.toString(), name)
  assert.throws(() => statSync(outside))
  assert.equal(blobPaths(location).length, taken.length)
  for (const path of listAll(location)) assert.match(path, /^[0-9a-f]{16}(?:\/[0-9a-f]{32})?$/)
  assert.equal(((await get('/v1/files')).json()['data'] as unknown[]).length, taken.length)
})

test('the same letters are the same name in every form of Unicode', async (t) => {
  const { ask, get } = await startRaw(t)
  const [composed, decomposed] = ['gr%C3%B6%C3%9Fe', 'gro%CC%88%C3%9Fe']

  const statuses = [(await ask('PUT', `/v1/files/${decomposed}`, { body: 'one' })).status, (await ask('PUT', `/v1/files/${composed}`, { body: 'two' })).status]
  const read = [(await ask('GET', `/v1/files/${composed}`)).body.toString(), (await ask('GET', `/v1/files/${decomposed}`)).body.toString()]
  const listed = (await get('/v1/files')).json()['data'] as { name: string }[]
  const removed = (await ask('DELETE', `/v1/files/${decomposed}`)).status

  assert.deepEqual([statuses, read, listed.map(({ name }) => name), removed], [[201, 200], ['two', 'two'], ['größe'], 204])
})

test('an answer is an attachment of the name that was given, whatever is in it, and no page', async (t) => {
  const { ask } = await startRaw(t)
  const names = ['plain.csv', 'a"b.csv', 'a\\b', 'x"; filename="y.exe', 'a;b,c', "it's", '%41.csv', '文.csv', '😀 größe.csv', '../../x', '\u{1F3F3}']

  for (const name of names) {
    await ask('PUT', `/v1/files/${encodeURIComponent(name)}`, { body: '<script>alert(1)</script>', headers: { 'content-type': 'text/html' } })
    const { status, headers } = await ask('GET', `/v1/files/${encodeURIComponent(name)}`)
    const disposition = parse(headers['content-disposition'] ?? '')
    assert.deepEqual([status, disposition.type, disposition.parameters['filename'], Object.keys(disposition.parameters).every((each) => /^filename\*?$/.test(each))], [200, 'attachment', name, true])
    assert.match(headers['content-disposition'] ?? '', /^[\x20-\x7e]+$/)
    assert.deepEqual([headers['x-content-type-options'], headers['set-cookie']], ['nosniff', undefined])
    assert.match(headers['content-security-policy'] ?? '', /default-src 'none'.*sandbox/)
  }
})

test('links and files that somebody plants in the folder are not read, and what is gone from it is told as such', async (t) => {
  const { ask, location } = await startRaw(t)
  await ask('PUT', '/v1/files/mine', { body: 'mine' })
  const [blob = ''] = blobPaths(location)
  const secret = join(temporaryFolder(t), 'secret')
  writeFileSync(secret, 'hunter2')
  for (const name of ['planted', '0'.repeat(32)]) symlinkSync(secret, join(dirname(blob), name))

  const planted = [await ask('GET', '/v1/files/planted'), await ask('GET', `/v1/files/${'0'.repeat(32)}`), await ask('GET', '/v1/files/secret')]
  renameSync(blob, `${blob}.moved`)
  const gone = await ask('GET', '/v1/files/mine')
  symlinkSync(secret, blob)
  const replaced = await ask('GET', '/v1/files/mine')
  unlinkSync(blob)
  writeFileSync(blob, 'mi')
  const cut = await ask('GET', '/v1/files/mine', { headers: { range: 'bytes=2-3' } })

  assert.deepEqual(planted.map(({ status }) => status), [404, 404, 404])
  assert.equal(gone.status, 410)
  assert.deepEqual([gone, replaced, cut].map(({ headers }) => headers['content-type']), Array(3).fill('application/problem+json; charset=utf-8'))
  for (const { status, body, headers } of [gone, replaced, cut]) {
    assert.ok(status === 410 || status === 503, String(status))
    assert.ok(!body.toString().includes('hunter2') && !body.toString().includes(location))
    assert.deepEqual([headers['content-disposition'], headers['repr-digest'], headers['content-encoding']], [undefined, undefined, undefined])
  }
})

test('requests that two servers would read otherwise are refused', async (t) => {
  const { ask, get } = await startRaw(t)
  const headers: Record<string, string>[] = [
    { 'transfer-encoding': 'chunked', 'Content-Length': '5' },
    { 'Content-Length': '5, 6' }, { 'Content-Length': '-1' }, { 'Content-Length': '+5' }, { 'Content-Length': '0x5' }, { 'transfer-encoding': 'chunked, identity' }, { 'transfer-encoding': 'gzip' },
  ]

  for (const each of headers) assert.equal((await ask('PUT', '/v1/files/f', { body: '0\r\n\r\n', headers: each })).status, 400, JSON.stringify(each))

  assert.deepEqual((await get('/v1/files')).json()['data'], [])
})

test('the files of a job are read while it runs, as far as they are committed, by its tenant alone', async (t) => {
  const { ask, post, db, location, holder } = await startRaw(t)
  const id = String((await post('/v1/jobs', { code: 'export default () => 1' })).json()['id'])
  const files = openTestFiles(t, db, { location })
  const run = await beginRun(db, id)
  const output = await files.output(run, { name: 'größe "1".ndjson', type: 'application/x-ndjson', encoding: null })
  await output.write(Buffer.from('1\n2\n'))
  await files.commit(run, [await output.sync()])
  await output.write(Buffer.from('3\n'))
  const path = `/v1/jobs/${id}/files/${encodeURIComponent('größe "1".ndjson')}`

  const [listed, during] = [await ask('GET', `/v1/jobs/${id}/files`), await ask('GET', path)]
  await files.commit(run, [await output.sync(true)])
  await output.close()
  const [after, part, stale] = [await ask('GET', path), await ask('GET', path, { headers: { range: 'bytes=4-' } }), await ask('GET', path, { headers: { range: 'bytes=4-', 'if-range': during.headers['etag'] ?? '' } })]
  const { data: [file] } = JSON.parse(listed.body.toString()) as { data: { id: string, links: { content: string } }[] }
  const byId = await ask('GET', `/v1/files/${file?.id}`)
  const other = await holder('other', 'jobs:read', 'files:read')
  const strangers = [await ask('GET', path, { headers: other }), await ask('GET', `/v1/jobs/${id}/files`, { headers: other }), await ask('GET', `/v1/files/${file?.id}`, { headers: other }), await ask('GET', `/v1/jobs/${id}/files/nothing`)]
  const files403 = await ask('GET', path, { headers: await holder(ADMIN_TENANT, 'files:read') })

  assert.partialDeepStrictEqual(file, { name: 'größe "1".ndjson', bytes: 4, isComplete: false, jobId: id, sha256: null, links: { content: path } })
  assert.deepEqual([during.body.toString(), after.body.toString(), byId.body.toString()], ['1\n2\n', '1\n2\n3\n', '1\n2\n3\n'])
  assert.notEqual(during.headers['etag'], after.headers['etag'])
  assert.deepEqual([part.status, part.body.toString(), stale.status], [206, '3\n', 200])
  assert.deepEqual(strangers.map(({ status }) => status), [404, 404, 404, 404])
  assert.equal(files403.status, 403)
})
