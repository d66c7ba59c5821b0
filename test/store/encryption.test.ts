import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { itemId, newId } from '../../src/core/ids.ts'
import { buildFailure } from '../../src/core/outcome.ts'
import { archive } from '../../src/store/archive.ts'
import { addItems } from '../../src/store/batches/add-items.ts'
import { openBatch } from '../../src/store/batches/open.ts'
import { readBatch } from '../../src/store/batches/read.ts'
import { readItems } from '../../src/store/batches/results.ts'
import { packPayload } from '../../src/store/codec.ts'
import type { Db, Run } from '../../src/store/db.ts'
import { readCheckpoint, saveCheckpoint } from '../../src/store/moves/checkpoint.ts'
import { buildTemplate } from '../../src/store/moves/new-job.ts'
import { append } from '../../src/store/moves/progress.ts'
import { replay } from '../../src/store/moves/replay.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { readEvents, readJob, readResult } from '../../src/store/read.ts'
import { appendTrace, readTrace } from '../../src/store/trace.ts'
import { dumpLines } from '../helpers/dump.ts'
import { acceptJob, beginJob, openStore, request, settlement, TENANT } from '../helpers/store.ts'

const OLD = { id: '2025', key: randomBytes(32) }
/** A text that a user wrote, and that is nowhere to be found. */
const MARK = 'marker-of-a-user'
const BIG = `${MARK} ${'z'.repeat(40_000)}`
const TRACE = { maxBytes: 100_000, ttlMs: 60_000 }

/** Encodings that a text might be found in: as it is, in base64 at each of its three places, in hexadecimal, percent-encoded. */
function writings (text: string): string[] {
  const bytes = Buffer.from(text)
  const base64 = [0, 1, 2].flatMap((shift) => ['base64', 'base64url'].map((encoding) => Buffer.concat([Buffer.alloc(shift), bytes]).toString(encoding as 'base64').slice(shift + 1, -4)))
  return [text, bytes.toString('hex'), encodeURIComponent(text), Buffer.from(text, 'utf16le').toString('latin1'), ...base64]
}

/** How a compressed value begins. Source: RFC 8878. */
const ZSTD = Buffer.of(0x28, 0xb5, 0x2f, 0xfd).toString('latin1')

/** Nothing is compressed either but what is encrypted: in that the text would not be found. */
async function assertHidden (db: Db): Promise<void> {
  const lines = await dumpLines(db)
  assert.deepEqual(lines.filter((line) => line.includes(ZSTD)), [])
  for (const writing of writings(MARK)) assert.deepEqual(lines.filter((line) => line.includes(writing)), [], writing)
}

/** Has a run write something of every kind that a user has a say in. */
async function writeMarks (db: Db, run: Run): Promise<void> {
  await append(db, run, [
    { type: 'job.log', time: 1, payload: { level: 'log', message: MARK } },
    { type: 'job.log', time: 2, payload: { level: 'log', message: BIG } },
    { type: 'job.progress', time: 3, payload: { value: 0.5, message: MARK } },
  ], { value: 0.5, message: MARK })
  await saveCheckpoint(db, run, { save: 1, json: JSON.stringify({ state: MARK }) })
  await appendTrace(db, run.jobId, { resourceSpans: [{ name: MARK }] }, TRACE)
}

const MEMBERS = { code: `export default () => '${MARK}'`, tags: { customer: MARK }, retry: { attempts: 2 } }
const ERROR = buildFailure('USER_ERROR', MARK, { stack: `Error: ${MARK}` })

test('with a key nothing that a user wrote is found in Redis, while a job waits, runs, is tried again and after it ended, and all of it is read as it was', async (t) => {
  const db = await openStore(t, [OLD])
  for (const input of [{ text: MARK }, BIG]) {
    const id = await acceptJob(db, { ...MEMBERS, input })
    await assertHidden(db)
    const first = await beginJob(db, id)
    await writeMarks(db, first.run)
    await assertHidden(db)
    await settle(db, first.run, settlement({ error: ERROR, next: { attempt: 2, delayMs: 0 }, receipt: { lines: [{ key: MARK }] as never, omitted: 0 } }))
    await assertHidden(db)
    const second = await beginJob(db, id)
    await settle(db, second.run, settlement({ result: JSON.stringify(input) }))
    const events = await readEvents(db, id, { after: 0, limit: 100 })
    await assertHidden(db)
    await archive(db, id)
    await assertHidden(db)

    const job = await readJob(db, TENANT, id)
    assert.deepEqual([second.job.code, JSON.parse(second.job.input), second.job.spec.tags], [MEMBERS.code, input, MEMBERS.tags])
    assert.deepEqual(JSON.parse(String(await readResult(db, TENANT, id))), input)
    assert.partialDeepStrictEqual(job, { status: 'succeeded', spec: { tags: MEMBERS.tags }, progress: { message: MARK }, attempts: [{ error: ERROR }, { error: null }] })
    assert.deepEqual(events.map(({ type }) => type), ['job.queued', 'job.started', 'job.log', 'job.log', 'job.progress', 'job.checkpoint', 'job.retrying', 'job.started', 'job.succeeded'])
    assert.deepEqual([events[2]?.payload['message'], events[3]?.payload['message'], events[6]?.payload['error']], [MARK, BIG, ERROR])
    assert.deepEqual(await readEvents(db, id, { after: 0, limit: 100 }), events)
    assert.equal((await readCheckpoint(db, id))?.json, JSON.stringify({ state: MARK }))
    assert.deepEqual(await readTrace(db, id), { resourceSpans: [{ name: MARK }] })
  }
})

test('what a run takes is read while it goes on, and is the event\'s that told of it', async (t) => {
  const db = await openStore(t, [OLD])
  const id = await acceptJob(db, MEMBERS)
  const { run } = await beginJob(db, id)

  await append(db, run, [{ type: 'job.usage', time: 1, payload: { run: 1, wallMs: 1000, cpuMs: 7, memoryBytes: null, peakMemoryBytes: null, logBytes: 0, toolCalls: 0 } }])

  const during = await readJob(db, TENANT, id)
  assert.deepEqual([during?.usage?.cpuMs, during?.attempts[0]?.runs[0]?.usage?.wallMs], [7, 1000])
  assert.match(String(await db.redis.hget(db.keys.job(id), 'live')), /^\{"sealed":/)
})

test('items of a batch, and why some became none, are encrypted each on its own, and a replay is, too', async (t) => {
  const db = await openStore(t, [OLD])
  const batch = newId('batch')
  const template = await buildTemplate(request(MEMBERS))
  await openBatch(db, { id: batch, tenant: TENANT, retentionMs: 60_000 })
  await addItems(db, batch, {
    tenant: TENANT, first: 0, digest: 'd', traceparent: null,
    items: [
      { type: 'job', template, input: await packPayload(JSON.stringify(MARK)) },
      { type: 'job', template, input: await packPayload(JSON.stringify(BIG)) },
      { type: 'refused', refusal: { code: 'INVALID', message: `Unknown tool "${MARK}"` } },
    ],
  })
  const ids = [itemId(batch, 0), itemId(batch, 1)]
  for (const id of ids) await settle(db, (await beginJob(db, id)).run, settlement({ status: 'failed', error: ERROR }))
  const replays = await Promise.all(ids.map(async (source) => {
    const id = newId('job')
    const { type } = await replay(db, { id, tenant: TENANT, source, spec: request(MEMBERS), again: false, traceparent: null })
    return { type, job: (await beginJob(db, id)).job }
  }))
  await assertHidden(db)

  const items = await Array.fromAsync(readItems(db, (await readBatch(db, TENANT, batch)) ?? assert.fail(), -1))
  assert.deepEqual(replays.map(({ type, job }) => [type, job.code, JSON.parse(job.input)]), [['made', MEMBERS.code, MARK], ['made', MEMBERS.code, BIG]])
  assert.deepEqual(items.map(({ job, exception }) => job?.error ?? exception), [ERROR, ERROR, { type: 'refused', refusal: { code: 'INVALID', message: `Unknown tool "${MARK}"` } }])
})
