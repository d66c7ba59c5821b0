import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { buffer } from 'node:stream/consumers'
import { z } from 'zod'
import { FILE_VARIABLES, loadFileSettings, type BucketSettings } from '../../src/core/file-variables.ts'
import { parseEnv } from '../../src/core/parse-env.ts'
import type { Extent } from '../../src/core/file.ts'
import { openBlobs } from '../../src/files/open-blobs.ts'
import { openS3Store } from '../../src/files/s3-store.ts'
import { startProxy } from '../helpers/proxy.ts'
import { startS3Server } from '../helpers/s3-server.ts'
import type { Scope } from '../helpers/scope.ts'
import { createRandom } from '../helpers/seeded-random.ts'
import { openStore } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'

const DAY_MS = 86_400_000
const PIECE_BYTES = 4096
const CONTENT = randomBytes(400_000)
const server = await startS3Server({ after })

test('a download goes on at the right byte wherever its connection breaks', async (t) => {
  const { blob, bytes } = await put(open(t, server.settings()))
  const proxy = await startProxy(t, server.port)
  const endTrouble = proxy.trouble({ random: createRandom(8), delayMs: 0, bytesPerCut: 50_000 })

  const content = await buffer(open(t, server.settings({ port: proxy.port })).read(blob, 1, bytes))

  assert.deepEqual(content, CONTENT.subarray(1))
  assert.ok(endTrouble() > 3)
})

test('what is written while connections break is written once', async (t) => {
  const proxy = await startProxy(t, server.port)
  const store = open(t, server.settings({ port: proxy.port }))
  const writer = await store.create()
  await writer.write(CONTENT)

  const release = proxy.hold()
  const syncing = writer.sync()
  proxy.cut()
  release()
  const extents = await syncing
  await writer.close()

  assert.equal(extents.length, 1)
  assert.deepEqual(await buffer(store.read(extents[0]?.blob ?? '', 0, CONTENT.length)), CONTENT)
})

test('a server that does not answer is given up, and what was to be written is written with the next sync', async (t) => {
  const proxy = await startProxy(t, server.port)
  const store = open(t, server.settings({ port: proxy.port, timeoutMs: 500 }))
  const writer = await store.create()
  await writer.write(Buffer.from('kept'))

  const release = proxy.hold()
  await assert.rejects(writer.sync(), { code: 'UNAVAILABLE', message: /did not answer within 500 ms \(tried 4 times\)/ })
  release()
  let extents: Extent[] = []
  await until('the server answers in time again', async () => {
    extents = await writer.sync().catch(() => [])
    return extents.length > 0
  })
  await writer.close()

  assert.equal((await buffer(open(t, server.settings()).read(extents[0]?.blob ?? '', 0, 4))).toString(), 'kept')
})

test('what a server refuses says who has to act, with its code and nothing else of it', async (t) => {
  const refusals: [status: number, code: string][] = []
  const refuse = async (...wanted: typeof refusals) => {
    refusals.push(...wanted)
    const writer = await store.create()
    await writer.write(Buffer.from('x'))
    return writer.sync().then(({ length }) => `${length} written`, (error: Error & { code: string }) => `${error.code} ${error.message}`)
  }
  const store = open(t, server.settings({ port: await listen(t, (response) => {
    const [status, code] = refusals.shift() ?? [200, '']
    response.writeHead(status).end(`<Error><Code>${code}</Code><Message>key AKIA-secret of account 1234</Message></Error>`.slice(status === 200 ? 1e6 : 0))
  }) }))

  assert.equal(await refuse([503, 'SlowDown'], [500, 'InternalError']), '1 written')
  assert.match(await refuse([507, '']), /^STORAGE_FULL Cannot write to the store: the bucket takes no more \(status 507\)/)
  assert.match(await refuse([403, 'QuotaExceeded']), /^STORAGE_FULL/)
  assert.equal(await refuse([403, 'AllAccessDisabled']), 'UNAVAILABLE Cannot write to the store: the server refused it (AllAccessDisabled)')
  assert.match(await refuse([400, 'ExpiredToken']), /^UNAVAILABLE .*BATCHBOX_S3_SESSION_TOKEN/)
})

test('many small commits leave few objects', async (t) => {
  const writer = await open(t, server.settings(), PIECE_BYTES).create()
  let extents = await writer.sync()
  for (let at = 0; at < 60 * 100; at += 100) {
    await writer.write(CONTENT.subarray(at, at + 100))
    extents = await writer.sync()
  }
  await writer.close()

  const content = await Promise.all(extents.map(({ blob, bytes }) => buffer(open(t, server.settings()).read(blob, 0, bytes))))
  assert.ok(extents.length < 10, `${extents.length} objects`)
  assert.deepEqual(Buffer.concat(content), CONTENT.subarray(0, 6000))
})

test('a bucket that cannot be used is known at the start, and a process with another one than the others finds out', async (t) => {
  const db = await openStore(t)
  const openAs = (options: Partial<BucketSettings>) => openBlobs(db, server.settings(options), DAY_MS)
  const secret = 'not-the-secret'
  await assert.rejects(openAs({ secretAccessKey: secret }), (error: Error) => /BATCHBOX_S3_SECRET_ACCESS_KEY \(SignatureDoesNotMatch\)/.test(error.message) && !error.message.includes(secret))
  await assert.rejects(openAs({ accessKeyId: 'nobody' }), { code: 'UNAVAILABLE', message: /BATCHBOX_S3_ACCESS_KEY_ID/ })
  await assert.rejects(openAs({ bucket: 'missing' }), { code: 'UNAVAILABLE', message: /its bucket is not there.*\(NoSuchBucket\)/ })

  const stores = await Promise.all([openAs({}), openAs({})])
  for (const store of stores) t.after(() => store.close())
  const [first, second] = stores
  const { blob } = await put(first)

  assert.equal((await buffer(second.read(blob, 0, 10))).length, 10)
  await assert.rejects(openAs({ prefix: 'another' }), { code: 'UNAVAILABLE', message: /bucket files has no part another\/.*set BATCHBOX_FILES to that of the others/ })
})

test('variables that do not make a bucket stop the start', () => {
  const load = (env: Record<string, string>) => loadFileSettings(parseEnv(z.object(FILE_VARIABLES), env)).location
  const keys = { BATCHBOX_S3_ACCESS_KEY_ID: 'a', BATCHBOX_S3_SECRET_ACCESS_KEY: 'b' }

  assert.throws(() => load({ BATCHBOX_FILES: 's3://bucket' }), /needs BATCHBOX_S3_ACCESS_KEY_ID/)
  for (const location of ['s3://', 's3://Bucket', 's3://bucket/a//b', 's3://bucket/a?b', 'gs://bucket']) assert.throws(() => load({ BATCHBOX_FILES: location, ...keys }), /BATCHBOX_FILES: Expected/)
  const { endpoint, isPathStyle, prefix } = load({ BATCHBOX_FILES: 's3://bucket/a/b/', BATCHBOX_S3_REGION: 'eu-central-1', ...keys }) as BucketSettings // it is one
  assert.deepEqual([endpoint, isPathStyle, prefix], ['https://s3.eu-central-1.amazonaws.com', false, 'a/b'])
})

function open (scope: Scope, settings: BucketSettings, pieceBytes?: number) {
  const store = openS3Store(settings, { part: 'part', orphanMs: DAY_MS, ...(pieceBytes === undefined ? {} : { pieceBytes }) })
  scope.after(() => store.close())
  return store
}

/** Writes the content as one object. */
async function put (store: Pick<ReturnType<typeof openS3Store>, 'create'>): Promise<{ blob: string, bytes: number }> {
  const writer = await store.create()
  await writer.write(CONTENT)
  const [extent = { blob: '', bytes: 0 }] = await writer.sync()
  await writer.close()
  return extent
}

/** A server that takes whatever comes, and answers as it is told. */
async function listen (scope: Scope, answer: (response: ServerResponse) => void): Promise<number> {
  const http = createServer((request, response) => { request.resume().on('end', () => answer(response)) }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  scope.after(() => {
    http.closeAllConnections()
    http.close()
  })
  return (http.address() as AddressInfo).port // it listens on a port
}
