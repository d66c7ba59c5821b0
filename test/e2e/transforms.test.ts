import assert from 'node:assert/strict'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { constants, createZstdCompress, gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { request } from 'undici'
import type { JobView } from '../../src/core/job.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { KEY, startService } from '../helpers/service.ts'
import { MAY_MOUNT, mountSmallDisk } from '../helpers/small-disk.ts'
import { until } from '../helpers/until.ts'

const MB = 1_048_576
const DAY_MS = 86_400_000
const DISK_MB = 24
const IDENTITY = 'export default (record) => record'
const PERSON = '{"name":"Ada","born":1815}\n'

interface Result {
  value: unknown
  records: { read: number, written: number, rejected: number }
  bytes: { read: number, written: number }
  files: { id: string, name: string, bytes: number }[]
}

test('transforms of what is not as it should be', async (t) => {
  const scope = lastInFirstOut(t)
  const disk = MAY_MOUNT ? mountSmallDisk(scope, DISK_MB) : mkdtempSync(join(tmpdir(), 'batchbox-test-files-'))
  if (!MAY_MOUNT) scope.after(() => rmSync(disk, { recursive: true, force: true }))
  const service = await startService(scope, { env: { BATCHBOX_FILES: disk, BATCHBOX_LOCK_MS: '1000', BATCHBOX_STALLED_MS: '500', BATCHBOX_REAP_EVERY_MS: '200', BATCHBOX_FILE_REST_MS: '0' } })

  const put = async (name: string, body: string | Buffer, headers: Record<string, string> = {}) => {
    const answer = await request(new URL(`/v1/files/${encodeURIComponent(name)}`, service.url), { method: 'PUT', body, headers: { 'authorization': `Bearer ${KEY}`, 'content-type': 'application/x-ndjson', ...headers } })
    return { status: answer.statusCode, json: await answer.body.json() as Record<string, unknown> } // an answer of ours
  }
  const readFile = async (id: string | undefined) => {
    const answer = await request(new URL(`/v1/files/${id}`, service.url), { headers: { authorization: `Bearer ${KEY}` } })
    return Buffer.from(await answer.body.arrayBuffer())
  }
  const transform = (file: string, job: object = {}): Promise<JobView> => service.run({ code: IDENTITY, input: { $file: file }, transform: {}, ...job })
  /** Uploads a file and transforms it; answers how that failed. */
  const failure = async (body: string | Buffer, { headers, ...job }: { headers?: Record<string, string>, code?: string, transform?: object, limits?: object } = {}) => {
    const uploaded = await put('bad.ndjson', body, headers)
    assert.ok(uploaded.status < 300, JSON.stringify(uploaded))
    const { status, error } = await transform('bad.ndjson', job)
    assert.equal(status, 'failed', JSON.stringify(error))
    return { code: error?.code, message: error?.message ?? '', record: (error as { record?: unknown } | null)?.record }
  }

  await t.test('a record that is no JSON ends it, and is named', async () => {
    const { code, message, record } = await failure(`${PERSON}${PERSON}{"name":"Ch\n${PERSON}`)

    assert.equal(code, 'INPUT_MALFORMED')
    assert.match(message, /record 3, which begins at byte 54/)
    assert.deepEqual(record, { number: 3, byte: 54 })
  })

  await t.test('a file that ends within its gzip or zstd says at which byte', async () => {
    const gzip = gzipSync(PERSON.repeat(1000))
    const zstd = zstdCompressSync(PERSON.repeat(1000))

    for (const [encoding, whole] of [['gzip', gzip], ['zstd', zstd]] as const) {
      const { code, message } = await failure(whole.subarray(0, whole.length - 9), { headers: { 'content-encoding': encoding } })

      assert.equal(code, 'INPUT_MALFORMED', encoding)
      assert.match(message, new RegExp(`byte ${whole.length - 9}`), encoding)
    }
  })

  await t.test('what is not in the encoding that it is said to be in is told apart', async () => {
    const latin1 = Buffer.concat([Buffer.from(PERSON), Buffer.from('{"name":"Zoë"}\n', 'latin1')])

    const wrongText = await failure(latin1)
    const utf16 = await failure(Buffer.from(`\ufeff${PERSON}`, 'utf16le'))
    const noGzip = await failure(PERSON, { headers: { 'content-encoding': 'gzip' } })
    const noZstd = await failure(gzipSync(PERSON), { headers: { 'content-encoding': 'zstd' } })

    for (const { code } of [wrongText, utf16, noGzip, noZstd]) assert.equal(code, 'INPUT_MALFORMED')
    assert.match(wrongText.message, /record 2, at byte 27 .*not UTF-8/)
    assert.match(utf16.message, /begins like UTF-16/)
    assert.match(noGzip.message, /not gzip, at byte 0/)
    assert.match(noZstd.message, /not zstd, at byte 0/)
  })

  await t.test('bombs are told by what they would do', async () => {
    const far = gzipSync(Buffer.alloc(24 * MB, `"${'x'.repeat(MB / 2)}"\n`)) // a thousandth of that

    const ratio = await failure(far, { headers: { 'content-encoding': 'gzip' } })
    const window = await failure(await compressWithWindow(PERSON, 27), { headers: { 'content-encoding': 'zstd' } })
    const long = await failure(`${PERSON}"${'x'.repeat(2 * MB)}"\n`)
    const deep = await failure(`${PERSON}${'['.repeat(1000)}${']'.repeat(1000)}\n`)

    for (const { code } of [ratio, window, long, deep]) assert.equal(code, 'INPUT_MALFORMED')
    for (const [{ message }, what] of [[ratio, /250 times/], [window, /window/], [long, /record 2\b.*1048576|1048576.*record 2\b/], [deep, /record 2\b.*256|256.*record 2\b/]] as const) assert.match(message, what)
  })

  await t.test('what the code throws is told with its record, or goes to the rejects until there are too many', async () => {
    const code = 'export default ({ n }) => { if (n % 3 === 0) throw new RangeError("no " + n); return { n } }'
    const records = Array.from({ length: 10 }, (_, index) => `{"n":${index + 1}}\n`).join('')

    const failed = await failure(records, { code })
    const skipped = await transform('bad.ndjson', { code, transform: { errors: { policy: 'skip' }, output: { compression: 'gzip' } } })
    const tooMany = await failure(records, { code, transform: { errors: { policy: 'skip', max: 2 } } })

    assert.deepEqual([failed.code, tooMany.code], ['USER_ERROR', 'RECORD_ERRORS'])
    assert.deepEqual(failed.record, { number: 3, byte: 16 })
    assert.deepEqual(tooMany.record, { number: 9, byte: 64 })
    const { records: counts, files } = skipped.result as Result
    assert.deepEqual(counts, { read: 10, written: 7, rejected: 3 })
    const [output, rejects] = await Promise.all(files.map(({ id }) => readFile(id)))
    assert.equal(String(gunzipSync(output ?? '')), '{"n":1}\n{"n":2}\n{"n":4}\n{"n":5}\n{"n":7}\n{"n":8}\n{"n":10}\n')
    assert.deepEqual(String(rejects).trimEnd().split('\n').map((line) => JSON.parse(line) as unknown), [3, 6, 9].map((n) => (
      { record: n, byte: 8 * (n - 1), error: { code: 'USER_ERROR', name: 'RangeError', message: `no ${n}` }, text: `{"n":${n}}` }
    )))
  })

  await t.test('a file that is not there, or no longer, is named', async () => {
    const unknown = await service.request('POST', '/v1/jobs', { body: { code: IDENTITY, input: { $file: 'nobody.ndjson' }, transform: {} } })
    await put('gone.ndjson', PERSON.repeat(1000))
    for (const blob of globSync('**/*', { cwd: disk, withFileTypes: true })) if (blob.isFile()) rmSync(join(blob.parentPath, blob.name), { force: true }) // the reaper may be faster
    const gone = await transform('gone.ndjson')

    assert.deepEqual([unknown.status, unknown.json['code']], [422, 'INVALID'])
    assert.match(unknown.text, /nobody\.ndjson/)
    assert.deepEqual([gone.status, gone.error?.code], ['failed', 'FILE_GONE'])
    assert.match(String(gone.error?.message), /gone\.ndjson/)
  })

  await t.test('an output over its limit says what the limit is', async () => {
    const { code, message } = await failure(PERSON.repeat(1000), { limits: { outputBytes: 1000 } })

    assert.equal(code, 'OUTPUT_TOO_LARGE')
    assert.match(message, /1000/)
  })

  await t.test('a transform may take a day and no longer, its lock is renewed for as long as it runs, and it stops when it is cancelled', async () => {
    const slowly = 'export default async ({ n }) => { await new Promise((resolve) => setTimeout(resolve, n)); return { n } }'
    const post = (input: object[], timeoutMs = DAY_MS) => service.request('POST', '/v1/jobs', { body: { code: slowly, input, transform: { checkpointMs: 100 }, limits: { timeoutMs } } })

    const tooLong = await post([], DAY_MS + 1)
    const day = (await post([{ n: DAY_MS }, { n: 0 }])).json as unknown as JobView // an answer of ours
    const locked = await service.run({ code: slowly, input: Array.from({ length: 14 }, () => ({ n: 250 })), transform: {} })
    const running = await service.read(day.id)
    await service.request('POST', `/v1/jobs/${day.id}/cancel`)
    const cancelled = await service.end(day.id)

    assert.deepEqual([tooLong.status, tooLong.json['code']], [422, 'INVALID'], tooLong.text)
    assert.deepEqual([locked.status, locked.attempts[0]?.runs.length], ['succeeded', 1], JSON.stringify(locked.error))
    assert.ok(Math.abs(Date.parse(running.deadlineAt ?? '') - Date.parse(running.startedAt ?? '') - DAY_MS) < 60_000, JSON.stringify(running))
    assert.deepEqual([cancelled.status, cancelled.attempts[0]?.runs.length], ['cancelled', 1])
  })

  await t.test('what a run did until its time was out is not done again', async () => {
    const code = 'export default async ({ n }, { attempt }) => { await new Promise((resolve) => setTimeout(resolve, 100)); return { n, attempt } }'
    const retry = { attempts: 10, backoff: { type: 'fixed', delayMs: 0, jitter: 0 }, on: ['TIMEOUT'] }

    const job = await service.run({ code, input: Array.from({ length: 20 }, (_, n) => ({ n })), transform: { checkpointMs: 100 }, limits: { timeoutMs: 1000 }, retry })
    const lines = String(await readFile((job.result as Result | undefined)?.files[0]?.id)).trimEnd().split('\n').map((line) => JSON.parse(line) as { n: number, attempt: number }) // the code's

    assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
    assert.ok(job.attempts.length > 1)
    assert.deepEqual(lines.map(({ n }) => n), Array.from({ length: 20 }, (_, n) => n))
    assert.deepEqual(lines.map(({ attempt }) => attempt), lines.map(({ attempt }) => attempt).toSorted((a, b) => a - b))
  })

  await t.test('a full disk is told, and things go on when there is room again', { skip: !MAY_MOUNT && 'nobody but root mounts a small disk' }, async () => {
    const tooLarge = await put('large.ndjson', Buffer.alloc((DISK_MB + 1) * MB, PERSON))
    await service.request('DELETE', '/v1/files/large.ndjson')
    await until('there is room', async () => (await put('small.ndjson', PERSON.repeat(10_000))).status < 300)
    const full = await transform('small.ndjson', { code: 'export default (record) => ({ ...record, more: "x".repeat(4000) })' })
    const patient = await service.post({ code: IDENTITY, input: { $file: 'small.ndjson' }, transform: {}, retry: { attempts: 20, backoff: { type: 'fixed', delayMs: 300, jitter: 0 }, on: ['STORAGE_FULL'] } })
    await service.request('DELETE', `/v1/jobs/${full.id}`)
    const after = await service.end(patient.id)

    assert.deepEqual([tooLarge.status, tooLarge.json['code']], [507, 'STORAGE_FULL'])
    assert.deepEqual([full.status, full.error?.code], ['failed', 'STORAGE_FULL'])
    assert.match(String(full.error?.message), /ENOSPC/)
    assert.equal(after.status, 'succeeded', JSON.stringify(after.error))
  })
})

async function compressWithWindow (text: string, windowLog: number): Promise<Buffer> {
  const stream = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: windowLog } })
  stream.write(text)
  await new Promise<void>((resolve) => { stream.flush(resolve) }) // of a length that is not known, so that the frame names its window
  stream.end(text)
  return Buffer.concat(await stream.toArray() as Buffer[]) // no encoding was set
}
