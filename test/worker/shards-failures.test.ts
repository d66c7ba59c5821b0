import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EncryptionKeys } from '../../src/core/encryption-keys.ts'
import { cancel } from '../../src/store/moves/cancel.ts'
import { startEngine } from '../helpers/engine.ts'
import { openSplit, SUM } from '../helpers/split-jobs.ts'
import { acceptJob, RETENTION_MS, TENANT } from '../helpers/store.ts'

const { engine } = await startEngine({ lanes: 1 })

test('the first shard that fails ends the job with its error, which names the shard and the record in the whole, and stops the others', async (t) => {
  const { accept, run, read, shardsOf } = await openSplit(t, engine)
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
  const { accept, run, read, shardsOf, db } = await openSplit(t, engine)
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
  const { accept, run, read, shardsOf, db } = await openSplit(t, engine)
  const id = await accept(SUM, { shards: 3 })
  await run(id)

  await cancel(db, TENANT, id, RETENTION_MS)
  await run(id)

  assert.deepEqual(await Promise.all([id, ...await shardsOf(id)].map(async (each) => (await read(each)).job?.status)), ['cancelled', 'cancelled', 'cancelled', 'cancelled'])
})

test('a shard that was deleted before it was joined, a file that is gone, and columns that differ are told', async (t) => {
  const { accept, run, read, shardsOf, db } = await openSplit(t, engine)
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

  const other = await openSplit(t, engine)
  const mixed = await other.accept('export default ({ n }) => n > 500 ? { b: n } : { a: n }', { shards: 2, output: { format: 'csv' } })
  await other.finish(mixed)
  assert.match((await other.read(mixed)).job?.error?.message ?? '', /columns/)
})

test('an attempt that fails to combine is followed by another, which does not transform again', async (t) => {
  const { accept, finish, run, read, shardsOf } = await openSplit(t, engine)
  const code = `${SUM}\nexport const late = (sums, { attempt }) => { if (attempt === 1) throw new Error('not yet'); return add(sums) }`
  const id = await accept(code, { shards: 2, combine: 'late' }, { retry: { attempts: 2, backoff: { delayMs: 0 } } })

  await finish(id)
  await run(id)

  const { job, result } = await read(id)
  assert.deepEqual([job?.status, job?.attempts.map(({ error }) => error?.message), result?.['value']], ['succeeded', ['not yet', undefined], 1000 * 1001])
  for (const shard of await shardsOf(id)) assert.equal((await read(shard)).job?.attempts.length, 1)
})

test('a shard that is dead makes its job a dead letter', async (t) => {
  const { accept, run, read, shardsOf } = await openSplit(t, engine)
  const id = await accept('export default () => { throw new Error("never") }', { shards: 2 }, { retry: { attempts: 2, backoff: { delayMs: 0 } } })
  await run(id)
  const [first] = await shardsOf(id) as [string]

  for (let attempt = 1; attempt <= 2; attempt++) await run(first)
  await run(id)

  assert.deepEqual([(await read(first)).job?.status, (await read(id)).job?.status, (await read(id)).job?.error?.code], ['dead', 'dead', 'USER_ERROR'])
})

test('what is encrypted is bound to each shard, and read by it', async (t) => {
  const keys = EncryptionKeys.parse(`one=${Buffer.alloc(32, 1).toString('base64')}`)
  const { accept, finish, read, db } = await openSplit(t, engine, undefined, undefined, keys)
  const id = await accept(SUM, { shards: 2, combine: 'add' })

  await finish(id)

  const { job, result } = await read(id)
  assert.equal(job?.status, 'succeeded', JSON.stringify(job?.error))
  assert.equal(result?.['value'], 1000 * 1001)
  assert.match(String(await db.redis.hget(db.keys.job(id), 'input')), /one/)
})
