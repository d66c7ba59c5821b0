import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { EncryptionKeys, type EncryptionKey } from '../../src/core/encryption-keys.ts'
import { itemId, shardsId } from '../../src/core/ids.ts'
import type { FileRecord } from '../../src/store/files/file-record.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { readJob, readResult } from '../../src/store/read.ts'
import { startEngine } from '../helpers/engine.ts'
import { putFile } from '../helpers/files.ts'
import { countTo } from '../helpers/records.ts'
import { acceptJob, RETENTION_MS, TENANT } from '../helpers/store.ts'
import { openBench } from '../helpers/worker.ts'

const { engine } = await startEngine({ lanes: 1 })
const ndjson = (lines: Iterable<string>) => [...lines].map((line) => `${line}\n`).join('')
const SUM = `
export default { map: ({ n }) => ({ n: n * 2 }), reduce: (sum, { n }) => sum + n, initial: 0, flush: () => [] }
export const add = (sums) => sums.reduce((a, b) => a + b)
`

/** A worker with a real engine, and a file of lines. */
async function openSplit (t: TestContext, content: string | Buffer = ndjson(countTo(1000)), name = 'input.ndjson', keys: readonly EncryptionKey[] = []) {
  const bench = await openBench(t, { engine }, keys)
  const { db, files } = bench
  const input = await putFile(files, name, content)
  const accept = (code: string, transform: object, members: object = {}) => acceptJob(db, { code, input: { $file: input.id }, transform, ...members })
  const turnOf = async (id: string) => Number(await db.redis.hget(db.keys.job(id), 'turn') ?? 1)
  const run = async (id: string) => bench.run(id, { turn: await turnOf(id) })
  const shardsOf = async (id: string) => {
    const total = Number(await db.redis.hget(db.keys.batch(shardsId(id)), 'total') ?? 0)
    return Array.from({ length: total }, (_, index) => itemId(shardsId(id), index))
  }
  return {
    ...bench,
    content,
    accept,
    run,
    shardsOf,
    /** Works on a job until it has ended, as one worker would. */
    async finish (id: string) {
      await run(id)
      for (const shard of await shardsOf(id)) await run(shard)
      await run(id)
    },
    async read (id: string) {
      const [job, result, outputs] = await Promise.all([readJob(db, TENANT, id), readResult(db, TENANT, id), files.ofJob(id)])
      const texts = Object.fromEntries(await Promise.all(outputs.map(async (file) => [file.name, await contentOf(file)] as const)))
      return { job, result: result && JSON.parse(result.toString()) as Record<string, unknown>, outputs, texts }
    },
  }

  async function contentOf (file: FileRecord): Promise<string> {
    const bytes = Buffer.concat(await files.open(file).toArray() as Buffer[]) // it has no encoding
    return (file.encoding === 'gzip' ? gunzipSync(bytes) : bytes).toString()
  }
}

test('a file is split among shards, and what they wrote is one file, in order, as if one had written it', async (t) => {
  const { accept, finish, read, content, shardsOf, errors } = await openSplit(t)
  const id = await accept('export default ({ n }) => n % 2 ? undefined : { n }', { shards: 4 })

  await finish(id)

  const { job, result, outputs, texts } = await read(id)
  const expected = ndjson(Array.from({ length: 500 }, (_, i) => `{"n":${2 * i + 2}}`))
  assert.equal(job?.status, 'succeeded', JSON.stringify(job?.error))
  assert.deepEqual(texts, { 'output.ndjson': expected })
  assert.deepEqual(result, {
    value: null,
    records: { read: 1000, written: 500, rejected: 0 },
    bytes: { read: content.length, written: expected.length },
    files: [{ id: outputs[0]?.id, name: 'output.ndjson', bytes: expected.length }],
  })
  assert.equal(outputs[0]?.extents.length, 4, 'nothing was copied')
  assert.deepEqual([job.attempts.length, job.attempts[0]?.runs.length, job.lost], [1, 2, 0])
  assert.equal((await shardsOf(id)).length, 4)
  assert.deepEqual(errors, [])
})

test('every format is one whole, compressed or not, also where a shard writes nothing', async (t) => {
  const few = '({ n }) => n > 400 && n < 700 ? undefined : { n, a: "x,y" }'
  const kept = Array.from({ length: 1000 }, (_, i) => i + 1).filter((n) => !(n > 400 && n < 700))
  const expected = {
    ndjson: ndjson(kept.map((n) => `{"n":${n},"a":"x,y"}`)),
    json: JSON.stringify(kept.map((n) => ({ n, a: 'x,y' }))),
    csv: `n,a\r\n${kept.map((n) => `${n},"x,y"\r\n`).join('')}`,
    lines: null,
  }
  for (const format of ['ndjson', 'json', 'csv'] as const) {
    for (const compression of ['none', 'gzip'] as const) {
      const { accept, finish, read } = await openSplit(t)
      const id = await accept(`export default ${few}`, { shards: 5, output: { name: 'out', format, compression } })

      await finish(id)

      const { job, texts } = await read(id)
      assert.equal(job?.status, 'succeeded', JSON.stringify(job?.error))
      const text = texts['out'] ?? ''
      if (format === 'json') assert.deepEqual(JSON.parse(text), JSON.parse(expected.json))
      else assert.equal(text, expected[format], `${format} ${compression}`)
    }
  }
})

test('an export combines the values of all shards, in order; without one the value is all of them', async (t) => {
  const { accept, finish, read } = await openSplit(t)
  const ids = [await accept(SUM, { shards: 3, combine: 'add' }), await accept(SUM, { shards: 2 }), await accept(SUM, { shards: 2, combine: 'nothing' })]

  for (const id of ids) await finish(id)

  const [combined, apart, wrong] = await Promise.all(ids.map(read))
  assert.equal(combined?.result?.['value'], 1000 * 1001)
  const values = apart?.result?.['value'] as number[]
  assert.deepEqual([values.length, values[0], values.reduce((a, b) => a + b)], [2, values.toSorted((a, b) => a - b)[0], 1000 * 1001])
  assert.deepEqual([wrong?.job?.status, wrong?.job?.error?.code], ['failed', 'ENTRY_ERROR'])
})

test('rejects have the numbers that their records have in the whole, and count together', async (t) => {
  const code = 'export default ({ n }) => { if (n % 300 === 0) throw new Error("no " + n); return n }'
  const { accept, finish, read } = await openSplit(t)
  const id = await accept(code, { shards: 4, errors: { policy: 'skip' } })
  const strict = await accept(code, { shards: 4, errors: { policy: 'skip', max: 2 } })

  await finish(id)
  await finish(strict)

  const { result, texts } = await read(id)
  const rejects = (texts['rejects.ndjson'] ?? '').trim().split('\n').map((line) => JSON.parse(line) as { record: number })
  assert.deepEqual(rejects.map(({ record }) => record), [300, 600, 900])
  assert.deepEqual(result?.['records'], { read: 1000, written: 997, rejected: 3 })
  const { job } = await read(strict)
  assert.deepEqual([job?.status, job?.error?.code, job?.error?.limit?.observed], ['failed', 'RECORD_ERRORS', 3])
})

test('the first shard that fails ends the job with its error, which names the shard and the record in the whole, and stops the others', async (t) => {
  const { accept, run, read, shardsOf } = await openSplit(t)
  const id = await accept('export default ({ n }) => { if (n === 777) throw new Error("no"); return n }', { shards: 4 }, { retry: { attempts: 3, backoff: { delayMs: 0 }, on: ['TIMEOUT'] } })
  await run(id)
  const [first, second, third, fourth] = await shardsOf(id) as [string, string, string, string]

  await run(first)
  await run(fourth)
  const between = await read(id)
  await run(fourth)
  await run(id)

  const { job } = await read(id)
  assert.equal(between.job?.status, 'queued')
  assert.deepEqual(await Promise.all([first, second, third, fourth].map(async (each) => (await read(each)).job?.status)), ['succeeded', 'cancelled', 'cancelled', 'failed'])
  assert.deepEqual([job?.status, job?.error?.code, job?.attempts.length], ['failed', 'USER_ERROR', 1])
  assert.match(job?.error?.message ?? '', new RegExp(`^Shard 4 of 4 \\(${fourth}\\) ended as failed: no`))
  assert.equal(job?.error?.record?.number, 777)
})

test('a run that died in any phase is followed by one that goes on there', async (t) => {
  const { accept, run, read, shardsOf, db } = await openSplit(t)
  const id = await accept(SUM, { shards: 2, combine: 'add' })
  /** As if the worker had died, and the message had come to another. */
  const loseRun = async () => {
    const fence = await db.redis.hincrby(db.keys.job(id), 'fence', 1)
    await db.redis.hset(db.keys.job(id), 'status', 'running', 'holder', 'dead', `run:${fence}`, '{"attempt":1,"startedAt":1,"worker":"w0"}')
  }

  await loseRun() // while it split
  await run(id)
  const shards = await shardsOf(id)
  await run(shards[0] as string)
  await loseRun() // woken too early, while it looked
  await run(id)
  await run(shards[1] as string)
  await loseRun() // while it joined
  await run(id)

  const { job, result } = await read(id)
  assert.equal(job?.status, 'succeeded', JSON.stringify(job?.error))
  assert.equal(result?.['value'], 1000 * 1001)
  assert.equal(await db.redis.zcard(db.keys.batches(TENANT)), 1)
})

test('a job that is cancelled while it waits is cancelled with its shards', async (t) => {
  const { accept, run, read, shardsOf, db } = await openSplit(t)
  const id = await accept(SUM, { shards: 3 })
  await run(id)

  await cancel(db, TENANT, id, RETENTION_MS)
  await run(id)

  assert.deepEqual(await Promise.all([id, ...await shardsOf(id)].map(async (each) => (await read(each)).job?.status)), ['cancelled', 'cancelled', 'cancelled', 'cancelled'])
})

test('fewer records than shards make fewer shards, and an empty file is transformed, too', async (t) => {
  for (const [lines, total] of [[2, 2], [0, 1]] as const) {
    const { accept, finish, read, shardsOf } = await openSplit(t, ndjson(countTo(lines)))
    const id = await accept('export default (record) => record', { shards: 8 })

    await finish(id)

    assert.deepEqual([(await shardsOf(id)).length, (await read(id)).job?.status, (await read(id)).texts['output.ndjson']], [total, 'succeeded', ndjson(countTo(lines))])
  }
})

test('a shard that was deleted before it was joined, a file that is gone, and columns that differ are told', async (t) => {
  const { accept, run, read, shardsOf, db } = await openSplit(t)
  const id = await accept(SUM, { shards: 2 })
  await run(id)
  const shards = await shardsOf(id)
  for (const shard of shards) await run(shard)
  await db.redis.del(db.keys.job(shards[1] as string))
  await run(id)
  assert.deepEqual([(await read(id)).job?.error?.code, (await read(id)).job?.error?.message], ['GONE', `Cannot join the shards: Shard 2 of 2 (${shards[1]}) was deleted before`])

  const lost = await acceptJob(db, { code: SUM, input: { $file: 'fil_01a20219-f2e6-7bc4-a2aa-2127e773ad04' }, transform: { shards: 2 } })
  await run(lost)
  assert.equal((await read(lost)).job?.error?.code, 'FILE_GONE')

  const other = await openSplit(t)
  const mixed = await other.accept('export default ({ n }) => n > 500 ? { b: n } : { a: n }', { shards: 2, output: { format: 'csv' } })
  await other.finish(mixed)
  assert.match((await other.read(mixed)).job?.error?.message ?? '', /columns/)
})

test('every format of input is split between its records, compressed or not', async (t) => {
  const numbers = Array.from({ length: 600 }, (_, i) => i + 1)
  const contents = {
    'in.ndjson': numbers.map((n) => `{"n":${n},"a":"é,\\"\\n"}\n\n`).join(''),
    'in.json': JSON.stringify(numbers.map((n) => ({ n, a: [']', { b: n }] })), null, 1),
    'in.csv': `n,a\r\n${numbers.map((n) => `${n},"x\r\ny ""z"""\r\n`).join('')}`,
    'in.txt': numbers.map((n) => `${n}\n`).join(''),
  }
  for (const [name, content] of Object.entries(contents)) {
    for (const pack of [Buffer.from, gzipSync]) {
      const { accept, finish, read } = await openSplit(t, pack(content), pack === gzipSync ? `${name}.gz` : name)
      const id = await accept('export default (record) => Number(record.n ?? record)', { shards: 5 })

      await finish(id)

      const { job, result, texts } = await read(id)
      assert.equal(job?.status, 'succeeded', JSON.stringify(job?.error))
      assert.equal(texts['output.ndjson'], ndjson(numbers.map(String)), `${name} ${pack.name}`)
      assert.deepEqual(result?.['records'], { read: 600, written: 600, rejected: 0 })
    }
  }
})

test('an attempt that fails to combine is followed by another, which does not transform again', async (t) => {
  const { accept, finish, run, read, shardsOf } = await openSplit(t)
  const code = `${SUM}\nexport const late = (sums, { attempt }) => { if (attempt === 1) throw new Error('not yet'); return add(sums) }`
  const id = await accept(code, { shards: 2, combine: 'late' }, { retry: { attempts: 2, backoff: { delayMs: 0 } } })

  await finish(id)
  await run(id)

  const { job, result } = await read(id)
  assert.deepEqual([job?.status, job?.attempts.map(({ error }) => error?.message), result?.['value']], ['succeeded', ['not yet', undefined], 1000 * 1001])
  for (const shard of await shardsOf(id)) assert.equal((await read(shard)).job?.attempts.length, 1)
})

test('a shard that is dead makes its job a dead letter', async (t) => {
  const { accept, run, read, shardsOf } = await openSplit(t)
  const id = await accept('export default () => { throw new Error("never") }', { shards: 2 }, { retry: { attempts: 2, backoff: { delayMs: 0 } } })
  await run(id)
  const [first] = await shardsOf(id) as [string]

  for (let attempt = 1; attempt <= 2; attempt++) await run(first)
  await run(id)

  assert.deepEqual([(await read(first)).job?.status, (await read(id)).job?.status, (await read(id)).job?.error?.code], ['dead', 'dead', 'USER_ERROR'])
})

test('what is encrypted is bound to each shard, and read by it', async (t) => {
  const keys = EncryptionKeys.parse(`one=${Buffer.alloc(32, 1).toString('base64')}`)
  const { accept, finish, read, db } = await openSplit(t, undefined, undefined, keys)
  const id = await accept(SUM, { shards: 2, combine: 'add' })

  await finish(id)

  const { job, result } = await read(id)
  assert.equal(job?.status, 'succeeded', JSON.stringify(job?.error))
  assert.equal(result?.['value'], 1000 * 1001)
  assert.match(String(await db.redis.hget(db.keys.job(id), 'input')), /one/)
})
