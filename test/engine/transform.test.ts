import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureIn, startEngine } from '../helpers/engine.ts'
import { countTo, createMemoryPort } from '../helpers/records.ts'

const { run, resultOf } = await startEngine({ lanes: 1 })
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

test('a plain function makes a record of each record, and leaves those out that it answers undefined for', async () => {
  const records = createMemoryPort({ lines: countTo(1000) })

  const value = await resultOf('export default ({ n }) => n % 2 ? undefined : { half: n / 2 }', { records })

  assert.equal(value, null)
  assert.deepEqual(records.written(), range(1, 500).map((half) => ({ half })))
  assert.equal(records.outputs.at(-1)?.taken, 1000)
  assert.equal(records.outputs.reduce((sum, { count }) => sum + count, 0), 500)
})

test('a plain function may be async, for some records or for all', async () => {
  const records = createMemoryPort({ lines: countTo(500) })

  await resultOf('export default ({ n }) => n % 3 ? n : new Promise((resolve) => setTimeout(resolve, 1, -n))', { records, limits: { timeoutMs: 20_000 } })

  assert.deepEqual(records.written(), range(1, 500).map((n) => n % 3 ? n : -n))
})

test('no record at all makes no record', async () => {
  const records = createMemoryPort({ lines: [] })

  assert.equal(await resultOf('export default (record) => record', { records }), null)
  assert.deepEqual(records.outputs, [])
})

test('an error ends the run, and names the record and the byte', async () => {
  const records = createMemoryPort({ lines: countTo(250), skipped: 1000 })

  const { report } = await run('export default ({ n }) => {\n  if (n === 123) throw new RangeError("too much")\n  return n\n}', { records })

  const failure = failureIn(report, 'USER_ERROR')
  const byte = [...countTo(122)].join('\n').length + 1
  assert.equal(failure.message, `too much (record 1123, which begins at byte ${byte})`)
  assert.equal(failure.name, 'RangeError')
  assert.match(failure.stack ?? '', /job\.js:2:24/)
  assert.deepEqual(failure.record, { number: 1123, byte })
})

test('an object filters, then maps, with itself as this', async () => {
  const records = createMemoryPort({ lines: countTo(300) })

  await resultOf('export default { factor: 10, filter: async ({ n }) => n % 100 === 0, map ({ n }) { return n * this.factor } }', { records })

  assert.deepEqual(records.written(), [1000, 2000, 3000])
})

test('a reducer without a flush writes its last accumulator, which is the value, too', async () => {
  const records = createMemoryPort({ lines: countTo(300) })

  const value = await resultOf('export default { initial: { sum: 0 }, map: ({ n }) => n * 2, reduce (accumulator, n) { accumulator.sum += n; return accumulator } }', { records })

  assert.deepEqual(value, { sum: 90_300 })
  assert.deepEqual(records.written(), [{ sum: 90_300 }])
})

for (const [name, flush] of [
  ['an array', '(sums) => Object.entries(sums)'],
  ['a generator', 'function * (sums) { yield * Object.entries(sums) }'],
  ['an async generator', 'async function * (sums) { for (const each of Object.entries(sums)) { await null; yield each } }'],
  ['a promise of an array of promises', 'async (sums) => Object.entries(sums).map(async (each) => each)'],
]) {
  test(`a reducer writes what its flush gives: ${name}`, async () => {
    const records = createMemoryPort({ lines: countTo(100) })

    await resultOf(`export default { initial: async () => ({}), reduce (sums, { n }) { const key = n % 2 ? 'odd' : 'even'; sums[key] = (sums[key] ?? 0) + n; return sums }, flush: ${flush} }`, { records })

    assert.deepEqual(records.written(), [['odd', 2500], ['even', 2550]])
  })
}

test('what a flush gives is of no record: one that cannot be written is never skipped', async () => {
  const { report } = await run('export default { map: () => 1, flush: () => [1, 2n] }', { records: createMemoryPort({ lines: countTo(3), policy: 'skip' }) })

  const failure = failureIn(report, 'RESULT_NOT_SERIALIZABLE')
  assert.equal(failure.message, 'Cannot write record as JSON: a BigInt has no JSON form')
  assert.equal(failure.record, undefined)
})

test('an async generator reads records and yields records, and answers what it returns', async () => {
  const records = createMemoryPort({ lines: countTo(1000) })

  const value = await resultOf(`export default async function * (records) {
    let pair
    for await (const { n } of records) {
      if (pair) { yield [pair, n]; yield undefined; pair = undefined } else pair = n
    }
    return 'all'
  }`, { records })

  assert.equal(value, 'all')
  assert.deepEqual(records.written(), range(1, 500).map((n) => [2 * n - 1, 2 * n]))
})

test('a loop over the records may be left and begun again, and need not come to their end', async () => {
  const records = createMemoryPort({ lines: countTo(100_000) })

  await resultOf(`export default async function * (records) {
    for await (const { n } of records) { yield n; break }
    for await (const { n } of records) { yield n; if (n === 3) break }
    yield (await records.next()).value.n
  }`, { records })

  assert.deepEqual(records.written(), [1, 2, 3, 4])
  assert.ok(records.sent() < 1000)
})

test('a generator that is not async may yield what it makes of promises', async () => {
  const records = createMemoryPort({ lines: countTo(3) })

  await resultOf('export default function * (records) { for (let i = 0; i < 3; i++) yield records.next().then(({ value }) => value) }', { records })

  assert.deepEqual(records.written(), [{ n: 1 }, { n: 2 }, { n: 3 }])
})

const NO_ENTRIES: [name: string, code: string][] = [
  ['nothing', 'export default 5'],
  ['an object without a function', 'export default { initial: 1 }'],
  ['an object whose function is none', 'export default { map: 5 }'],
  ['no export of the name', 'export const other = (record) => record'],
]
for (const [name, code] of NO_ENTRIES) {
  test(`an entry that is ${name} ends the run with ENTRY_ERROR`, async () => {
    const { report } = await run(code, { records: createMemoryPort({ lines: countTo(3) }) })

    failureIn(report, 'ENTRY_ERROR')
  })
}

test('a line that is no JSON is a failure of its record', async () => {
  const { report } = await run('export default (record) => record', { records: createMemoryPort({ lines: ['{"n":1}', '{"n":', '{"n":3}'] }) })

  const failure = failureIn(report, 'INPUT_MALFORMED')
  assert.match(failure.message, /^Cannot read record: .*JSON.* \(record 2, which begins at byte 8\)$/)
})

test('lines are records by themselves, whatever is in them', async () => {
  const lines = ['1,2', '[1', '2]', '"a', 'b"', '{"a":1}{"a":2}', '[3,4]', ' 5 ']
  const records = createMemoryPort({ lines, policy: 'skip' })

  await resultOf('export default (record) => [record]', { records })

  assert.deepEqual(records.written(), [[[3, 4]], [5]])
  assert.deepEqual(records.outputs.flatMap(({ rejects }) => rejects.map(({ record, byte, failure }) => [record, byte, failure.code])), [
    [1, 0, 'INPUT_MALFORMED'], [2, 4, 'INPUT_MALFORMED'], [3, 7, 'INPUT_MALFORMED'], [4, 10, 'INPUT_MALFORMED'], [5, 13, 'INPUT_MALFORMED'], [6, 16, 'INPUT_MALFORMED'],
  ])
})

const SKIPPED = `
  if (n % 100 === 1) throw Object.assign(new TypeError('no ' + n), { code: 'X' })
  if (n % 100 === 2) return { list: [1, 2n] }
  if (n % 100 === 3) { const loop = { n }; loop.self = { loop }; return loop }
  if (n % 100 === 4) return () => {}
  if (n % 100 === 5) return { get broken () { throw new Error('getter') } }
  if (n % 100 === 6) throw null
  if (n % 100 === 7) return 'x'.repeat(2_000_000)
  return n`

const SKIPPING: [name: string, code: string][] = [['at once', `export default ({ n }) => {${SKIPPED}\n}`], ['later', `export default async ({ n }) => { await null;${SKIPPED}\n}`]]
for (const [name, code] of SKIPPING) {
  test(`records that code fails for ${name} are skipped and told of, where that is asked for`, async () => {
    const records = createMemoryPort({ lines: countTo(1000), policy: 'skip' })

    await resultOf(code, { records })

    assert.deepEqual(records.written(), range(1, 1000).filter((n) => n % 100 === 0 || n % 100 > 7))
    const rejects = records.outputs.flatMap((output) => output.rejects)
    assert.equal(rejects.length, 70)
    assert.deepEqual(rejects.slice(0, 7).map(({ record, failure: { code: failed, message } }) => [record, failed, message]), [
      [1, 'USER_ERROR', 'no 1'],
      [2, 'RESULT_NOT_SERIALIZABLE', 'Cannot write record.list[1] as JSON: a BigInt has no JSON form'],
      [3, 'RESULT_NOT_SERIALIZABLE', 'Cannot write record.self.loop as JSON: it refers back to record'],
      [4, 'RESULT_NOT_SERIALIZABLE', 'Cannot write record as JSON: a function has no JSON form'],
      [5, 'RESULT_NOT_SERIALIZABLE', 'Cannot write record.broken as JSON: reading it threw getter'],
      [6, 'USER_ERROR', 'null'],
      [7, 'OUTPUT_TOO_LARGE', 'Cannot write record: it has 2000002 bytes as JSON, allowed are 1048576'],
    ])
    assert.match(rejects[0]?.failure.stack ?? '', /^TypeError: no 1\n {4}at .*\(?job\.js:2:/)
  })
}

test('many records that are malformed are told of, however fast they come', async () => {
  const records = createMemoryPort({ lines: Array.from({ length: 100_000 }, () => 'x'), size: 50_000, policy: 'skip' })

  await resultOf('export default async function * (records) { for await (const record of records) yield record }', { records })

  assert.equal(records.outputs.reduce((sum, { rejects }) => sum + rejects.length, 0), 100_000)
})

test('records that code in TypeScript fails for have its own lines', async () => {
  const records = createMemoryPort({ lines: countTo(300), policy: 'skip' })

  await resultOf("interface Counted { n: number }\nexport default ({ n }: Counted): number => {\n  throw new Error('no')\n}", { records })

  const rejects = records.outputs.flatMap((output) => output.rejects)
  assert.equal(rejects.length, 300)
  for (const { failure } of rejects) assert.match(failure.stack ?? '', /job\.ts:3:9/)
})
