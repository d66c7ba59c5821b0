import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { readJob } from '../../src/store/read.ts'
import { releaseDue } from '../../src/store/reap.ts'
import { dropFile } from '../../src/store/files/remove.ts'
import { blobPaths, putFile, readContent } from '../helpers/files.ts'
import { acceptJob, beginJob, TENANT } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'
import { MAX_FILE_INPUT_BYTES, openBench, type ScriptedOutcome, type ScriptedRun } from '../helpers/worker.ts'

const text = (content: string) => ({ name: 'out', type: 'text/plain', bytes: Buffer.from(content), append: true })

const JSON_TEXT = '{"a": [1, "grüß"]}'
for (const [what, content, encoding, name] of [
  ['as it is', JSON_TEXT, null, 'a.json'], ['compressed by gzip', gzipSync(JSON_TEXT), 'gzip', 'a.json'], ['compressed by zstd', zstdCompressSync(JSON_TEXT), 'zstd', 'a.json'],
  ['compressed as its name says', gzipSync(JSON_TEXT), null, 'a.json.gz'], ['behind a byte-order mark', `\ufeff${JSON_TEXT}`, null, 'a'],
] as const) {
  test(`the content of a file is the input: ${what}`, async (t) => {
    const { db, files, engine, run } = await openBench(t)
    const file = await putFile(files, name, content, { encoding })
    const id = await acceptJob(db, { input: { $file: file.id } })

    const verdict = run(id)
    const { request, end } = await engine.next()
    end({ type: 'succeeded' })
    await verdict

    assert.equal(request.input, JSON_TEXT)
    assert.equal((await readJob(db, TENANT, id))?.status, 'succeeded')
  })
}

const LARGE = 'x'.repeat(MAX_FILE_INPUT_BYTES)
for (const [what, content, encoding, code, message] of [
  ['not JSON', '{"a":1,}', null, 'INPUT_MALFORMED', /^Cannot read the input, file "a": it is not JSON: "}" cannot stand at byte 7$/],
  ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), null, 'INPUT_MALFORMED', /^Cannot read the input, file "a": it is not UTF-8, at byte 1$/],
  ['too large', JSON.stringify(LARGE), null, 'INPUT_TOO_LARGE', /^Cannot read the input, file "a": its content has more than 1048576 bytes \(BATCHBOX_MAX_FILE_INPUT_BYTES\); make the job a transform/],
  ['too large once it is decompressed', gzipSync(JSON.stringify(LARGE)), 'gzip', 'INPUT_TOO_LARGE', /more than 1048576 bytes/],
  ['cut off', gzipSync(JSON_TEXT).subarray(0, -4), 'gzip', 'INPUT_MALFORMED', /^Cannot read the input, file "a": .*byte \d+/],
  ['no gzip', 'plain', 'gzip', 'INPUT_MALFORMED', /^Cannot read the input, file "a": .*byte 0/],
  ['empty', '', null, 'INPUT_MALFORMED', /it ends at byte 0/],
] as const) {
  test(`a file that is ${what} is no input: the attempt fails with ${code}, and no code runs`, async (t) => {
    const { db, files, engine, run } = await openBench(t)
    const file = await putFile(files, 'a', content, { encoding })
    const id = await acceptJob(db, { input: { $file: file.id }, retry: { attempts: 3 } })

    await run(id)

    const job = await readJob(db, TENANT, id)
    assert.deepEqual([job?.status, job?.error?.code], ['failed', code])
    assert.match(job?.error?.message ?? '', message)
    assert.equal(engine.untaken, 0)
  })
}

test('an input that is deleted stays for the jobs that were posted with it, and one that is gone is FILE_GONE', async (t) => {
  const { db, files, engine, run } = await openBench(t)
  const file = await putFile(files, 'a', '1')
  const id = await acceptJob(db, { input: { $file: file.id } })
  await dropFile(db, TENANT, file.id)
  const verdict = run(id)
  const { request, end } = await engine.next()
  end({ type: 'succeeded' })
  await verdict
  const late = await acceptJob(db, { input: { $file: file.id } })

  await run(late)

  assert.equal(request.input, '1')
  assert.deepEqual([(await readJob(db, TENANT, late))?.error?.code, (await readJob(db, TENANT, late))?.status], ['FILE_GONE', 'failed'])
})

test('files of a run are those of the job once it has succeeded, and before that nobody\'s', async (t) => {
  const { db, files, engine, run } = await openBench(t)
  const id = await acceptJob(db)
  const verdict = run(id)
  const { hooks, end } = await engine.next()
  await hooks.files?.write(text('one'))
  void hooks.files?.write(text('two')) // not waited for, but before the end
  const before = await files.ofJob(id)
  end({ type: 'succeeded' })
  await verdict

  const [file, ...others] = await files.ofJob(id)
  assert.deepEqual([before.filter(({ status }) => status === 'complete'), others], [[], []])
  assert.partialDeepStrictEqual(file, { name: 'out', status: 'complete', bytes: 6, type: 'text/plain' })
  assert.equal(await readContent(files, file), 'onetwo')
  await assert.rejects(async () => hooks.files?.write(text('late')), /^JobError: Cannot write "out": the run is over$/)
})

test('a retry begins with nothing of what the attempt before it wrote', async (t) => {
  const { db, files, engine, run } = await openBench(t)
  const id = await acceptJob(db, { retry: { attempts: 2, backoff: { delayMs: 0 } } })
  const first = run(id)
  const failing = await engine.next()
  await failing.hooks.files?.write(text('first'))
  await failing.hooks.files?.write({ ...text('first'), name: 'only the first' })
  failing.end({ type: 'failed', error: { code: 'USER_ERROR', name: 'Error', message: 'no', retryable: true } })
  await first
  await releaseDue(db, 10)
  const second = run(id, { turn: 2 })
  const { hooks, end } = await engine.next()
  const found = await hooks.files?.find('out')
  await hooks.files?.write(text('second'))
  end({ type: 'succeeded' })
  await second

  const written = await files.ofJob(id)
  assert.equal(found, undefined)
  assert.deepEqual(written.map(({ name }) => name), ['out'])
  assert.equal(await readContent(files, written.find(({ name }) => name === 'out')), 'second')
})

test('a file that is begun anew before it is known keeps its id', async (t) => {
  const { db, files, engine, run } = await openBench(t)
  const id = await acceptJob(db)
  const verdict = run(id)
  const { hooks, end } = await engine.next()

  await Promise.all(['former', 'later'].map((content) => hooks.files?.write({ ...text(content), append: false })))
  const told = await hooks.files?.find('out')
  end({ type: 'succeeded' })
  await verdict

  const [file] = await files.ofJob(id)
  assert.deepEqual([file?.id, await readContent(files, file)], [told?.id, 'later'])
})

test('a run that loads the state of one before goes on with the files that were written when that was saved, and with no others', async (t) => {
  const { db, files, engine, run } = await openBench(t)
  const id = await acceptJob(db, { retry: { attempts: 4, backoff: { delayMs: 0 } } })
  const fail = { type: 'failed', error: { code: 'USER_ERROR', name: 'Error', message: 'no', retryable: true } } as const
  const play = async (turn: number, act: (hooks: ScriptedRun['hooks']) => Promise<void>, end: ScriptedOutcome) => {
    await releaseDue(db, 10)
    const verdict = run(id, { turn })
    const next = await engine.next()
    await act(next.hooks)
    next.end(end)
    await verdict
  }

  await play(1, async ({ files, checkpoint }) => {
    void files?.write(text('one'))
    void files?.write({ ...text('1'), name: 'other' })
    const saving = checkpoint?.save('1')
    await files?.write(text('lost'))
    await saving
  }, fail)
  await play(2, async ({ files, checkpoint }) => {
    await checkpoint?.load()
    await files?.write(text('two'))
    await checkpoint?.save('2')
  }, fail)
  await play(3, async ({ files, checkpoint }) => { // begins anew
    await files?.write(text('three'))
    await checkpoint?.save('3')
  }, fail)
  const between = await files.ofJob(id)
  await play(4, async ({ files, checkpoint }) => {
    await checkpoint?.load()
    await files?.write(text('four'))
  }, { type: 'succeeded' })

  const written = await files.ofJob(id)
  assert.deepEqual(between.map(({ name, status, bytes }) => [name, status, bytes]), [['out', 'partial', 5]])
  assert.deepEqual(await Promise.all(written.map(async (file) => [file.name, file.status, await readContent(files, file)])), [['out', 'complete', 'threefour']])
})

test('a run that fails leaves nothing, on the disk or in what its tenant is charged for, also of what it read again', async (t) => {
  const { db, files, engine, run } = await openBench(t)
  const id = await acceptJob(db)
  const verdict = run(id)
  const { hooks, end } = await engine.next()
  for (let i = 0; i < 3; i += 1) {
    await hooks.files?.write({ ...text('some'), append: i === 2 })
    const file = await hooks.files?.find('out')
    assert.ok(file)
    await hooks.files?.read(file, { start: 0, end: 4 })
  }
  end({ type: 'failed', error: { code: 'USER_ERROR', name: 'Error', message: 'no', retryable: true } })
  await verdict

  assert.deepEqual(await files.ofJob(id), [])
  assert.equal(await db.redis.exists(db.keys.fileUsage(TENANT)), 0)
  await until('the last blob is removed', () => blobPaths(files.location).length === 0)
})

test('a run that lost its job changes nothing of the files of the one that has it', async (t) => {
  const { db, files, engine, run } = await openBench(t)
  const id = await acceptJob(db)
  const verdict = run(id)
  const { hooks, end } = await engine.next()
  await hooks.files?.write(text('lost'))
  const other = await beginJob(db, id)
  const writer = await files.output(other.run, { name: 'out', type: null, encoding: null })
  await writer.write(Buffer.from('kept'))
  await files.commit(other.run, [await writer.sync(true)])
  await writer.close()
  end({ type: 'succeeded' })

  assert.deepEqual(await verdict, { type: 'back' })
  assert.equal(await readContent(files, (await files.ofJob(id))[0]), 'kept')
})

test('a file that could not be written to its end is the error of a run that says it succeeded', async (t) => {
  const { db, engine, run } = await openBench(t)
  const id = await acceptJob(db, { limits: { outputBytes: 10 } })
  const verdict = run(id)
  const { hooks, end } = await engine.next()
  await hooks.files?.write(text('12345'))
  await assert.rejects(async () => hooks.files?.write(text('123456')), /limits\.outputBytes/)
  await db.redis.hset(db.keys.job(id), 'holder', 'other') // its next charge is refused
  const failed = hooks.files?.write({ ...text('1'), name: 'b' })
  await assert.rejects(async () => failed)
  await db.redis.hdel(db.keys.job(id), 'holder')
  end({ type: 'succeeded' })
  await verdict

  assert.notEqual((await readJob(db, TENANT, id))?.status, 'succeeded')
})

test('a job that is cancelled while its input is read runs no code', async (t) => {
  const { db, files, engine, active, run } = await openBench(t)
  const file = await putFile(files, 'a', '[')
  const id = await acceptJob(db, { input: { $file: file.id } })
  const verdict = run(id)
  active.stop(id, 'cancel')
  const { request, hooks, end } = await engine.next() // which ends it before it begins
  end({ type: 'cancelled' })
  await verdict

  assert.deepEqual([request.input, hooks.signal.aborted, (await readJob(db, TENANT, id))?.status], ['null', true, 'cancelled'])
})
