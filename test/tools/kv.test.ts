import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDb } from '../../src/store/db.ts'
import { buildKv } from '../../src/store/kv/kv.ts'
import { startEngine, type RunOptions } from '../helpers/engine.ts'
import { redisForTest } from '../helpers/redis.ts'
import { acceptJob, beginJob } from '../helpers/store.ts'

const { url, prefix } = await redisForTest(undefined)
const db = openDb({ url, prefix, failFast: false, onError () {} })
const once = openDb({ url, prefix, failFast: true, once: true, onError () {} })
const { resultOf, failureOf, run } = await startEngine({
  tools: { own: '', config: '{"kv":{"maxEntries":20,"maxValueBytes":100}}' },
  settings: { services: { kv: buildKv(db, once) } },
})
test.after(() => Promise.all([db.close(), once.close()]))

/** Options of a run that has its job. */
async function ownRun (options: RunOptions = {}): Promise<RunOptions> {
  const begun = await beginJob(db, await acceptJob(db))
  return { tools: ['kv'], run: begun.run, ...options }
}

test('code keeps values of every kind that JSON has, and other runs of its tenant find them', async () => {
  const values = [null, true, 0, -1.5, 'grüß 🚀', [], [1, [2]], {}, { a: { b: null }, __proto__: 1 }]
  await resultOf('export default (values) => Promise.all(values.map((value, i) => kv.set("value:" + i, value)))', await ownRun({ input: values }))

  const found = await resultOf('export default async (values) => [await Promise.all(values.map((_, i) => kv.get("value:" + i))), await kv.get("nothing") === undefined]', await ownRun({ input: values }))
  const listed = await resultOf('export default async () => { const first = await kv.list({ prefix: "value:", limit: 5 }); return [first, await kv.list({ prefix: "value:", ...first })] }', await ownRun())
  const deleted = await resultOf('export default async (values) => [await Promise.all(values.map((_, i) => kv.delete("value:" + i))), await kv.delete("value:0"), await kv.list()]', await ownRun({ input: values }))

  assert.deepEqual(found, [values, true])
  const keys = values.map((_, i) => `value:${i}`)
  assert.deepEqual(listed, [{ keys: keys.slice(0, 5), cursor: 'value:4' }, { keys: keys.slice(5), cursor: null }])
  assert.deepEqual(deleted, [keys.map(() => true), false, { keys: [], cursor: null }])
})

test('counters are exact over runs at one time', async () => {
  const code = 'export default async () => { for (let i = 0; i < 20; i += 1) await kv.increment("count", 2) }'
  await Promise.all([1, 2].map(async () => resultOf(code, await ownRun())))

  assert.equal(await resultOf('export default async () => { const n = await kv.increment("count", -80); await kv.delete("count"); return n }', await ownRun()), 0)
})

test('compareAndSet knows a value in whatever order its members are, undefined for none, and null from it', async () => {
  const code = `export default async () => {
    const tries = [
      await kv.compareAndSet('cas', null, 1), await kv.compareAndSet('cas', undefined, { a: 1, b: [2] }), await kv.compareAndSet('cas', undefined, 1),
      await kv.compareAndSet('cas', { b: [2], a: 1 }, null), await kv.compareAndSet('cas', { a: 1, b: [2] }, 1), await kv.compareAndSet('cas', null, 'last', { ttlMs: 60_000 }),
    ]
    const value = await kv.get('cas')
    await kv.delete('cas')
    return [tries, value]
  }`

  assert.deepEqual(await resultOf(code, await ownRun()), [[false, true, false, true, false, true], 'last'])
})

const WRONG: [call: string, message: RegExp][] = [
  [`kv.get('')`, /^Cannot call kv\.get: key: Too small/],
  [`kv.get('k'.repeat(257))`, /^Cannot call kv\.get: key: Too big/],
  [`kv.get('\\ud800')`, /^Cannot call kv\.get: key: Expected no half of a surrogate pair$/],
  [`kv.get(5)`, /^Cannot call kv\.get: key: Invalid input: expected string/],
  [`kv.set('k')`, /^Cannot call kv\.set: value: Expected a JSON value$/],
  [`kv.set('k', () => 1)`, /^Cannot call kv\.set: value: Expected a JSON value$/],
  [`kv.set('k', 1, { ttlMs: 0.5 })`, /^Cannot call kv\.set: ttlMs: /],
  [`kv.set('k', 'x'.repeat(99))`, /^Cannot set "k": its value has 101 bytes as JSON, allowed are 100 \(maxValueBytes of tool kv\)$/],
  [`kv.increment('k', 0.5)`, /^Cannot call kv\.increment: by: /],
  [`kv.increment('k', 2 ** 53)`, /^Cannot call kv\.increment: by: /],
  [`kv.list({ limit: 1001 })`, /^Cannot call kv\.list: limit: /],
  [`Promise.all(Array.from({ length: 21 }, (_, i) => kv.set('many' + i, 1)))`, /^Cannot set "many\d+": the tenant keeps 20 entries, and the quota \(maxEntries of tool kv\) is 20; delete some/],
]
for (const [call, message] of WRONG) {
  test(`${call} is refused and says why`, async () => {
    const failure = await failureOf(`export default () => ${call}`, await ownRun())

    assert.equal(failure.code, 'TOOL_ERROR')
    assert.match(failure.message, message)
    await resultOf('export default async () => { for (const key of (await kv.list()).keys) await kv.delete(key) }', await ownRun())
  })
}

test('a job may ask for less: smaller values, fewer entries, or to read only', async () => {
  const small = await failureOf('export default () => kv.set("k", "four")', await ownRun({ toolConfig: { kv: { maxValueBytes: 5 } } }))
  const few = await failureOf('export default async () => { await kv.set("a", 1); await kv.set("b", 1) }', await ownRun({ toolConfig: { kv: { maxEntries: 1 } } }))
  const { report } = await run('export default async () => [await kv.get("a"), await kv.delete("a")]', await ownRun({ toolConfig: { kv: { writable: false } } }))

  assert.match(small.message, /allowed are 5/)
  assert.match(few.message, /the quota \(maxEntries of tool kv\) is 1/)
  assert.deepEqual([report.outcome.type, report.outcome.type === 'failed' && report.outcome.error.code], ['failed', 'PERMISSION_DENIED'])
  assert.partialDeepStrictEqual(report.receipt.lines, [{ grant: 'tool', target: 'kv.get', denied: null }, { grant: 'tool', target: 'kv.delete', denied: 'Cannot write: kv is not writable for this job (writable of tool kv is false)' }])
})

test('a run that lost its job writes nothing, and may read', async () => {
  const options = await ownRun()

  const failure = await failureOf('export default async () => { await kv.get("k"); await kv.set("late", 1) }', { ...options, run: { jobId: options.run?.jobId ?? '', fence: 7 } })

  assert.equal(failure.message, 'Cannot set "late": this run has lost its job')
})

test('another tenant has entries of its own', async () => {
  await resultOf('export default () => kv.set("mine", 1)', await ownRun())

  assert.deepEqual(await resultOf('export default async () => [await kv.get("mine") ?? null, await kv.list()]', await ownRun({ tenant: 'other' })), [null, { keys: [], cursor: null }])
})
