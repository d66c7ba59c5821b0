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
