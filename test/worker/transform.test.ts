import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { FileRecord } from '../../src/store/files/file-record.ts'
import { readCheckpoint } from '../../src/store/moves/checkpoint.ts'
import { readJob, readResult } from '../../src/store/read.ts'
import { packSealed, placeOf } from '../../src/store/sealing.ts'
import type { JobRunner } from '../../src/worker/run-job.ts'
import type { Reject } from '../../src/worker/transform/outputs.ts'
import { startEngine } from '../helpers/engine.ts'
import { blobPaths, putFile, readContent } from '../helpers/files.ts'
import { countTo } from '../helpers/records.ts'
import { acceptJob, TENANT } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'
import { openBench } from '../helpers/worker.ts'

const { engine } = await startEngine({ lanes: 1, spares: 0 }) // none that boots is killed with the one that runs
/** Takes some milliseconds for each record. */
const SLOW = 'export default async (record) => { await new Promise((resolve) => setTimeout(resolve, 5)); return record }'
const ndjson = (lines: Iterable<string>) => [...lines].map((line) => `${line}\n`).join('')

/** A worker with a real engine, and a file of lines. */
async function openTransforms (t: TestContext, lines: Iterable<string> = countTo(1000), members: Partial<JobRunner> = {}) {
  const bench = await openBench(t, { engine, ...members })
  const { db, files } = bench
  const content = ndjson(lines)
  const input = await putFile(files, 'input.ndjson', content)
  const accept = (code: string, { transform = {}, ...members }: Record<string, unknown> & { transform?: object } = {}) =>
    acceptJob(db, { code, input: { $file: input.id }, transform, ...members })
  const read = async (id: string) => {
    const [job, result, outputs, checkpoint] = await Promise.all([readJob(db, TENANT, id), readResult(db, TENANT, id), files.ofJob(id), readCheckpoint(db, id)])
    return { job, result: result && JSON.parse(result.toString()) as Record<string, unknown>, outputs, checkpoint }
  }
  return { ...bench, accept, read, content, input }
}

test('a plain function makes a file of a file, and the result says what was done', async (t) => {
  const { accept, run, read, files, content } = await openTransforms(t)
  const id = await accept('export default ({ n }) => n % 2 ? undefined : { n }')

  assert.deepEqual(await run(id), { type: 'done' })

  const { job, result, outputs } = await read(id)
  const [output] = outputs
  const expected = ndjson(Array.from({ length: 500 }, (_, i) => `{"n":${2 * i + 2}}`))
  assert.equal(job?.status, 'succeeded', JSON.stringify(job?.error))
  assert.deepEqual(result, {
    value: null,
    records: { read: 1000, written: 500, rejected: 0 },
    bytes: { read: content.length, written: expected.length },
    files: [{ id: output?.id, name: 'output.ndjson', bytes: expected.length }],
  })
  assert.deepEqual([output?.status, output?.type, await readContent(files, output)], ['complete', 'application/x-ndjson', expected])
  assert.partialDeepStrictEqual(job?.progress, { value: 1, message: '', fraction: 1, etaMs: 0, records: { read: 1000, written: 500, rejected: 0 } })
})

test('a transform whose checkpoint was damaged ends with INTERNAL, and is not run again and again', async (t) => {
  const { accept, run, db, errors } = await openTransforms(t, ['{"n":1}'])
  const id = await accept('export default (record) => record')
  await db.redis.hset(db.keys.checkpoint(id), { state: await packSealed(db, '{\nnull', placeOf('checkpoint', TENANT, id)), form: 'work', number: 1, run: 1, attempt: 1, savedAt: 1, bytes: 4 })

  assert.deepEqual(await run(id), { type: 'done' })

  const { status, error } = await readJob(db, TENANT, id) ?? {}
  assert.deepEqual([status, error?.code, error?.message], ['failed', 'INTERNAL', 'Cannot open what the transform reads and writes: the service failed'])
  assert.deepEqual(errors.map((error) => error instanceof SyntaxError), [true])
})

test('a transform that is out of time goes on in its next attempt, and writes every record once', async (t) => {
  const { accept, run, read, files, db } = await openTransforms(t, countTo(300))
  const code = 'export default async (record) => { await new Promise((resolve) => setTimeout(resolve, 10)); return record }'
  const id = await accept(code, { transform: { checkpointMs: 100 }, limits: { timeoutMs: 1000 }, retry: { attempts: 50, backoff: { delayMs: 0 }, on: ['TIMEOUT'] } })

  for (let turn = 1; (await readJob(db, TENANT, id))?.finishedAt === null; turn++) await run(id, { turn })

  const { job, result, outputs: [output] } = await read(id)
  assert.equal(job?.status, 'succeeded', JSON.stringify(job?.error))
  assert.ok(job.attempts.length > 1, 'it took more than one attempt')
  assert.deepEqual(job.attempts.slice(0, -1).map(({ error }) => error?.code), job.attempts.slice(0, -1).map(() => 'TIMEOUT'))
  assert.deepEqual(result?.['records'], { read: 300, written: 300, rejected: 0 })
  assert.equal(await readContent(files, output), ndjson(countTo(300)))
})

test('a run that lost its job to another leaves it to that one, which goes on from the last commit', async (t) => {
  const { accept, run, read, files, db } = await openTransforms(t, countTo(400))
  const id = await accept(SLOW, { transform: { checkpointMs: 100, output: { compression: 'gzip' } } })
  const lock = new AbortController()

  const first = run(id, { lockLost: lock.signal })
  await until('something is committed', async () => await readCheckpoint(db, id) !== undefined)
  lock.abort()
  await first
  const between = await read(id)
  await run(id, { turn: 2 })

  const { job, outputs: [output], result } = await read(id)
  assert.deepEqual([between.job?.status, between.outputs[0]?.status], ['queued', 'partial'])
  assert.deepEqual([job?.status, job?.losses.map(({ reason }) => reason), job?.lost], ['succeeded', ['lock'], 0])
  assert.deepEqual(result?.['records'], { read: 400, written: 400, rejected: 0 })
  const gzip = Buffer.concat(await files.open(output as FileRecord).toArray() as Buffer[]) // it has no encoding
  assert.equal(gunzipSync(gzip).toString(), ndjson(countTo(400)))
  assert.deepEqual([output?.name, output?.encoding], ['output.ndjson.gz', 'gzip'])
})

test('a runner that is killed costs what came after the last commit, and deaths are counted anew behind it', async (t) => {
  const { accept, run, read, files, db } = await openTransforms(t, countTo(400))
  const id = await accept(SLOW, { transform: { checkpointMs: 100 }, retry: { maxCrashes: 2 } })
  const killAfter = async (records: number, turn: number) => {
    const running = run(id, { turn })
    await until('it is far enough', async () => ((await readCheckpoint(db, id))?.work?.position.records ?? 0) > records)
    for (const pid of engine.runnerPids()) process.kill(pid, 'SIGKILL')
    await running
    await db.redis.hset(db.keys.job(id), 'runAt', 1) // nobody waits out the backoff
    return (await readJob(db, TENANT, id))?.crashes
  }

  const crashes = [await killAfter(0, 1), await killAfter(100, 2), await killAfter(200, 3)]
  await run(id, { turn: 4 })

  const { job, outputs: [output] } = await read(id)
  assert.deepEqual(crashes, [1, 1, 1])
  assert.equal(job?.status, 'succeeded', JSON.stringify(job?.error))
  assert.equal(await readContent(files, output), ndjson(countTo(400)))
})

test('a worker that leaves gives the job back as soon as it is committed', async (t) => {
  const { accept, run, read, files, active } = await openTransforms(t, countTo(400))
  const id = await accept(SLOW, { transform: { checkpointMs: 100 } })

  const first = run(id)
  await until('it runs', () => active.begun.length > 0)
  for (const each of active.begun) each.isLeaving = true
  await first
  const between = await read(id)
  await run(id, { turn: 2 })

  const { job, outputs: [output] } = await read(id)
  assert.deepEqual([between.job?.status, between.job?.lost, between.job?.crashes], ['queued', 0, 0])
  assert.ok((between.checkpoint?.work?.position.records ?? 0) > 0)
  assert.deepEqual([job?.status, job?.attempts.length, job?.attempts[0]?.runs.length], ['succeeded', 1, 2])
  assert.equal(await readContent(files, output), ndjson(countTo(400)))
})

test('a job that is cancelled keeps what was written, as a partial file', async (t) => {
  const { accept, run, read, files, active, db } = await openTransforms(t, countTo(400))
  const id = await accept(SLOW, { transform: { checkpointMs: 100 } })

  const running = run(id)
  await until('something is committed', async () => await readCheckpoint(db, id) !== undefined)
  active.stop(id, 'cancel')
  await running

  const { job, outputs: [output] } = await read(id)
  assert.deepEqual([job?.status, output?.status], ['cancelled', 'partial'])
  assert.ok(ndjson(countTo(400)).startsWith(await readContent(files, output)))
  assert.ok((output?.bytes ?? 0) > 0)
})

test('records that are malformed or that the code fails for go to the rejects, each with where it is, and the others through', async (t) => {
  const lines = [...countTo(100)]
  lines[9] = '{"n":'
  lines[49] = '['.repeat(1000)
  const { accept, run, read, files } = await openTransforms(t, lines)
  const id = await accept('export default ({ n }) => { if (n % 30 === 0) throw new RangeError(`not ${n}`); return n }', { transform: { errors: { policy: 'skip' } } })

  await run(id)

  const { job, result, outputs } = await read(id)
  assert.equal(job?.status, 'succeeded', JSON.stringify(job?.error))
  assert.deepEqual(result?.['records'], { read: 100, written: 95, rejected: 5 })
  const rejects = (await readContent(files, outputs.find(({ name }) => name === 'rejects.ndjson'))).trimEnd().split('\n').map((line) => JSON.parse(line) as Reject & { text?: string })
  const bytesBefore = (record: number) => ndjson(lines.slice(0, record - 1)).length
  assert.deepEqual(rejects.map(({ record, byte, error: { code } }) => [record, byte, code]).sort(([a], [b]) => Number(a) - Number(b)), [
    [10, bytesBefore(10), 'INPUT_MALFORMED'], [30, bytesBefore(30), 'USER_ERROR'], [50, bytesBefore(50), 'INPUT_MALFORMED'], [60, bytesBefore(60), 'USER_ERROR'], [90, bytesBefore(90), 'USER_ERROR'],
  ])
  assert.deepEqual(rejects.find(({ record }) => record === 30)?.text, '{"n":30}')
})

test('more rejects than a job may have end it, with the record, and the rejects can be read', async (t) => {
  const { accept, run, read, files } = await openTransforms(t)
  const id = await accept('export default ({ n }) => { throw new Error(`not ${n}`) }', { transform: { errors: { policy: 'skip', max: 3 } } })

  await run(id)

  const { job, outputs } = await read(id)
  assert.deepEqual([job?.status, job?.error?.code, job?.error?.record?.number], ['failed', 'RECORD_ERRORS', 4])
  assert.match(job?.error?.message ?? '', /more than 3 records failed \(transform\.errors\.max\); record 4: not 4/)
  const rejects = outputs.find(({ name }) => name === 'rejects.ndjson')
  assert.equal(rejects?.status, 'partial')
  assert.match(await readContent(files, rejects), /^\{"record":1,"byte":0,"error":\{"code":"USER_ERROR","name":"Error","message":"not 1/)
})

test('what is wrong with the input, the code and the output each has its code, and names the record', async (t) => {
  const { accept, run, read, db, files } = await openTransforms(t, ['{"n":1}', '{"n":2', '{"n":3}'])
  const gone = await putFile(files, 'gone.ndjson', '1\n')
  const unknown = await putFile(files, 'unknown', '1\n')
  await db.redis.hset(db.keys.file(unknown.id), 'type', 'application/x-unheard')
  const cases = [
    [await accept('export default (record) => record'), 'INPUT_MALFORMED', { number: 2, byte: 8 }],
    [await accept('export default ({ n }) => { throw new Error("no") }'), 'USER_ERROR', { number: 1, byte: 0 }],
    [await accept('export default () => "x".repeat(1e5)', { limits: { outputBytes: 1000 }, transform: { errors: { policy: 'skip' } } }), 'OUTPUT_TOO_LARGE', undefined],
    [await accept('export default (record) => record', { input: { $file: gone.id } }), 'FILE_GONE', undefined],
    [await accept('export default (record) => record', { input: { $file: unknown.id } }), 'INVALID', undefined],
  ] as const
  await files.remove(TENANT, 'gone.ndjson')
  await db.redis.del(db.keys.file(gone.id))

  for (const [id, code, record] of cases) {
    await run(id)
    const { job } = await read(id)
    assert.deepEqual([job?.status, job?.error?.code, job?.error?.record], ['failed', code, record], JSON.stringify(job?.error))
    assert.deepEqual(job?.attempts.map(({ error }) => error?.code), [code])
  }
})

test('an attempt after an error of the code goes on from the last commit, and meets the record again', async (t) => {
  const { accept, run, read, files, db } = await openTransforms(t, countTo(400))
  const code = `export default async (record, { attempt }) => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    if (record.n === 200 && attempt === 1) throw new Error('once')
    return { ...record, attempt }
  }`
  const id = await accept(code, { transform: { checkpointMs: 100 }, retry: { attempts: 2, backoff: { delayMs: 0 } } })

  await run(id)
  const reached = (await readCheckpoint(db, id))?.work?.position.records ?? 0
  await db.redis.hset(db.keys.job(id), 'runAt', 1) // nobody waits out the backoff
  await run(id, { turn: 2 })

  const { job, outputs: [output] } = await read(id)
  const lines = (await readContent(files, output)).trimEnd().split('\n').map((line) => JSON.parse(line) as { n: number, attempt: number })
  assert.equal(job?.status, 'succeeded', JSON.stringify(job?.error))
  assert.deepEqual(job.attempts.map(({ error }) => [error?.code, error?.record?.number]), [['USER_ERROR', 200], [undefined, undefined]])
  assert.deepEqual(lines.map(({ n }) => n), Array.from({ length: 400 }, (_, i) => i + 1))
  assert.ok(reached > 0 && reached < 200, `${reached}`)
  assert.deepEqual(lines.filter(({ attempt }) => attempt === 1).length, reached)
})

test('a commit that Redis has not where it cannot be lost is made again until it has', async (t) => {
  const answers = [false, false, true]
  const durability = { confirm: () => answers.shift() === false ? Promise.reject(new Error('not yet')) : Promise.resolve() }
  const { accept, run, read, files } = await openTransforms(t, countTo(100), { durability })
  const id = await accept(SLOW, { transform: { checkpointMs: 100 } })

  await run(id)

  const { job, outputs: [output] } = await read(id)
  assert.equal(job?.status, 'succeeded', JSON.stringify(job?.error))
  assert.equal(answers.length, 0)
  assert.equal(await readContent(files, output), ndjson(countTo(100)))
})

test('a file that vanishes under a job is its next run\'s failure, and what was committed stays', async (t) => {
  const { accept, run, read, files, active, input } = await openTransforms(t, countTo(400))
  const id = await accept(SLOW, { transform: { checkpointMs: 100 } })
  const first = run(id)
  await until('it runs', () => active.begun.length > 0)
  for (const each of active.begun) each.isLeaving = true
  await first
  for (const path of blobPaths(files.location)) if (input.extents.some(({ blob }) => path.includes(blob))) rmSync(path)

  await run(id, { turn: 2 })

  const { job, outputs: [output], checkpoint } = await read(id)
  assert.deepEqual([job?.status, job?.error?.code], ['failed', 'FILE_GONE'], JSON.stringify(job?.error))
  assert.equal(await readContent(files, output), ndjson(countTo(checkpoint?.work?.position.records ?? 0)))
})

test('an array that was posted is a source like any other', async (t) => {
  const { accept, run, read, files } = await openTransforms(t)
  const id = await accept('export default (x) => x + 1', { input: [1, 2, 3], transform: { output: { name: 'three.json', format: 'json' } } })

  await run(id)

  const { job, outputs: [output] } = await read(id)
  assert.equal(job?.status, 'succeeded', JSON.stringify(job?.error))
  assert.deepEqual([output?.name, JSON.parse(await readContent(files, output))], ['three.json', [2, 3, 4]])
})

test('an accumulator goes on with its job, and its state can be read', async (t) => {
  const { accept, run, read, files, active } = await openTransforms(t, countTo(400))
  const id = await accept(`export default {
    map: async (record) => { await new Promise((resolve) => setTimeout(resolve, 5)); return record },
    reduce: (sum, { n }) => sum + n, initial: 0, flush: (sum) => [{ sum }],
  }`, { transform: { checkpointMs: 100 } })

  const first = run(id)
  await until('it runs', () => active.begun.length > 0)
  for (const each of active.begun) each.isLeaving = true
  await first
  const between = await read(id)
  await run(id, { turn: 2 })

  const { result, outputs: [output] } = await read(id)
  const reached = between.checkpoint?.work?.position.records ?? 0
  assert.ok(reached > 0)
  assert.match(between.checkpoint?.json ?? '', new RegExp(`\\b${reached * (reached + 1) / 2}\\b`))
  assert.deepEqual([result?.['value'], await readContent(files, output)], [80_200, '{"sum":80200}\n'])
})
