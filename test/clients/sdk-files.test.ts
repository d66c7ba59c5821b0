import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { suite, test, type TestContext } from 'node:test'
import { ApiError, createClient, NotFoundError, ProtocolError, type Client, type ClientOptions, type Content, type Progress } from '../../clients/sdk/src/index.ts'
import { createSha256 } from '../../clients/sdk/src/http/sha256.ts'
import { startApi } from '../helpers/api.ts'
import { blobPaths, openTestFiles, temporaryFolder } from '../helpers/files.ts'
import { startNginx } from '../helpers/nginx.ts'
import { beginRun } from '../helpers/play-worker.ts'
import { startProxy } from '../helpers/proxy.ts'
import { createRandom } from '../helpers/seeded-random.ts'
import { listen } from '../helpers/streams.ts'

const SEED = 11

async function startFiles (t: TestContext, options: Partial<ClientOptions> = {}) {
  const location = temporaryFolder(t)
  const api = await startApi(t, { BATCHBOX_FILES: location })
  const port = await listen(api)
  const { token } = (await api.post('/v1/keys', { tenant: 'acme', name: 'k', scopes: ['files:read', 'files:write', 'jobs:read', 'jobs:write'] })).json() as { token: string }
  const connect = (port: number, more: Partial<ClientOptions> = {}): Client => {
    const client = createClient({ url: `http://127.0.0.1:${port}`, apiKey: token, ...options, ...more })
    t.after(() => client.close())
    return client
  }
  return { ...api, location, port, connect, client: connect(port) }
}

async function bytesOf (response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer())
}

suite('files of the client', { concurrency: true }, () => {
  test('a content of any kind is uploaded, and comes back as it was', async (t) => {
    const { client } = await startFiles(t)
    const bytes = randomBytes(300_000)
    const chunks = [0, 1, 2].map((part) => bytes.subarray(part * 100_000, (part + 1) * 100_000))
    async function * generate () { yield * chunks }
    const contents: Record<string, Content> = {
      'bytes': bytes, 'blob': new Blob([bytes], { type: 'text/csv' }), 'iterable': generate(), 'stream': Readable.toWeb(Readable.from(chunks)) as ReadableStream<Uint8Array>, 'node stream': Readable.from(chunks), 'nothing': new Uint8Array(), 'text': 'größe',
    }

    for (const [name, content] of Object.entries(contents)) {
      const file = await client.files.upload(name, content, { ttlMs: 60_000, ...(name === 'bytes' ? { contentType: 'application/x-own', contentEncoding: 'gzip' } : {}) })
      const response = await client.files.download(name)
      const back = await bytesOf(response)
      const wanted = name === 'nothing' ? Buffer.alloc(0) : name === 'text' ? Buffer.from('größe') : bytes
      assert.ok(back.equals(wanted), name)
      assert.partialDeepStrictEqual(file, { name, bytes: wanted.length, isComplete: true, sha256: createHash('sha256').update(wanted).digest('hex') })
      assert.equal(response.headers.get('content-type'), { bytes: 'application/gzip', blob: 'text/csv' }[name] ?? 'application/octet-stream')
    }
    const listed = await Array.fromAsync(client.files.list({ limit: 2 }))
    await client.files.delete('text')
    await assert.rejects(client.files.download('text'), NotFoundError)
    assert.deepEqual(listed.map(({ name }) => name), Object.keys(contents).toReversed())
    assert.partialDeepStrictEqual(listed.at(-1), { contentType: 'application/x-own', contentEncoding: 'gzip' })
  })

  test('uploads and downloads whose connections break again and again are whole, and tell how far they are', async (t) => {
    const { connect, port } = await startFiles(t)
    const proxy = await startProxy(t, port)
    const client = connect(proxy.port)
    const bytes = randomBytes(2_500_000)
    const progress: Record<'up' | 'down', Progress[]> = { up: [], down: [] }
    const stop = proxy.trouble({ random: createRandom(SEED), delayMs: 1, bytesPerCut: 600_000 })

    const file = await client.files.upload('f', Readable.from([bytes.subarray(0, 1_000_000), bytes.subarray(1_000_000)]), { onProgress: (each) => progress.up.push(each) })
    const cutsUp = stop()
    const again = proxy.trouble({ random: createRandom(SEED), delayMs: 1, bytesPerCut: 600_000 })
    const back = await bytesOf(await client.files.download('f', { onProgress: (each) => progress.down.push(each) }))
    const part = await bytesOf(await client.files.download(file.id, { start: 100, end: 2_000_000 }))
    const cutsDown = again()

    assert.ok(cutsUp > 1 && cutsDown > 1, `${cutsUp} and ${cutsDown} cuts`)
    assert.ok(back.equals(bytes))
    assert.ok(part.equals(bytes.subarray(100, 2_000_000)))
    assert.deepEqual([progress.up.at(-1), progress.down.at(-1)], [{ bytes: 2_500_000, total: undefined }, { bytes: 2_500_000, total: 2_500_000 }])
    for (const told of Object.values(progress)) assert.deepEqual(told.map((each) => each.bytes), told.map((each) => each.bytes).toSorted((a, b) => a - b))
  })

  test('an upload whose last answer is lost is known to be complete', async (t) => {
    let isLost = false
    const { client } = await startFiles(t, {
      async fetch (request) {
        const isLast = request.headers.get('upload-complete') === '?1'
        const response = await fetch(request)
        if (!isLast || isLost) return response
        isLost = true
        throw new TypeError('The answer was lost')
      },
    })

    const file = await client.files.upload('f', new Blob(['content']))

    assert.partialDeepStrictEqual(file, { bytes: 7, isComplete: true })
    assert.equal(isLost, true)
  })

  test('what is changed on the way or in the store is noticed', async (t) => {
    const { client, connect, port, location } = await startFiles(t)
    const lying = connect(port, { fetch: async (request) => fetch(request.method === 'PATCH' ? new Request(request, { method: 'PATCH', body: 'CONTENT' }) : request) })
    await client.files.upload('g', 'content')
    writeFileSync(blobPaths(location)[0] ?? '', 'CONTENT')

    await assert.rejects(lying.files.upload('f', 'content'), (error) => error instanceof ApiError && error.code === 'CHECKSUM_MISMATCH')
    await assert.rejects(async () => (await client.files.download('g')).text(), ProtocolError)
    assert.equal(await (await client.files.download('g', { start: 0, end: 7 })).text(), 'CONTENT') // a part has no digest
    await assert.rejects(client.files.download('f'), NotFoundError)
  })

  test('a signal stops an upload and a download, and so does whoever leaves the loop', async (t) => {
    const { client } = await startFiles(t)
    const [up, down] = [new AbortController(), new AbortController()]
    async function * endless () { for (;;) yield new Uint8Array(1_000_000) }
    await client.files.upload('large', randomBytes(5_000_000))

    await assert.rejects(client.files.upload('f', endless(), { signal: up.signal, onProgress: () => up.abort(new Error('enough')) }), /enough/)
    await assert.rejects(async () => (await client.files.download('large', { signal: down.signal, onProgress: () => down.abort(new Error('enough')) })).text(), /enough/)
    const { body } = await client.files.download('large')
    assert.ok(body)
    for await (const chunk of body) {
      assert.ok(chunk.length > 0)
      break
    }
  })

  test('a proxy that buffers nothing lets contents through, whatever their names', async (t) => {
    const { connect, port } = await startFiles(t)
    const { url } = await startNginx(t, [port])
    const client = connect(Number(new URL(url).port))
    const bytes = randomBytes(1_000_000)
    const names = ['a/b', '..%2f', 'größe + "1"?#.csv', '%2e%2e']

    for (const name of names) {
      await client.files.upload(name, Readable.from([bytes.subarray(0, 10), bytes.subarray(10)]))
      assert.ok((await bytesOf(await client.files.download(name))).equals(bytes), name)
    }
    assert.deepEqual((await Array.fromAsync(client.files.list())).map(({ name }) => name), names.toReversed())
  })

  test('the files of a job are listed and read', async (t) => {
    const { client, db, location } = await startFiles(t)
    const { id } = await client.jobs.create({ code: 'export default () => 1' })
    const files = openTestFiles(t, db, { location })
    const run = await beginRun(db, id)
    const output = await files.output(run, { name: 'a/b.ndjson', type: null, encoding: null })
    await output.write(Buffer.from('1\n'))
    await files.commit(run, [await output.sync()])
    await output.close()

    const [listed, content] = [await client.jobs.files(id), await client.jobs.file(id, 'a/b.ndjson')]

    assert.deepEqual(listed.map(({ name, bytes, isComplete }) => [name, bytes, isComplete]), [['a/b.ndjson', 2, false]])
    assert.equal(await content.text(), '1\n')
  })
})

test('SHA-256 of pieces is that of the whole', () => {
  for (let bytes = 0; bytes < 200; bytes += 1) {
    const content = randomBytes(bytes)
    const hash = createSha256()
    for (const [from, to] of [[0, bytes >> 2], [bytes >> 2, bytes >> 1], [bytes >> 1, bytes]]) hash.update(content.subarray(from, to))
    assert.equal(Buffer.from(hash.digest()).toString('hex'), createHash('sha256').update(content).digest('hex'), `${bytes} bytes`)
  }
})
