import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { startEngine } from '../helpers/engine.ts'
import { countTo } from '../helpers/records.ts'
import { ndjson, openSplit, SUM } from '../helpers/split-jobs.ts'

const { engine } = await startEngine({ lanes: 1 })

test('a file is split among shards, and what they wrote is one file, in order, as if one had written it', async (t) => {
  const { accept, finish, read, content, shardsOf, errors } = await openSplit(t, engine)
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
      const { accept, finish, read } = await openSplit(t, engine)
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
  const { accept, finish, read } = await openSplit(t, engine)
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
  const { accept, finish, read } = await openSplit(t, engine)
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

test('fewer records than shards make fewer shards, and an empty file is transformed, too', async (t) => {
  for (const [lines, total] of [[2, 2], [0, 1]] as const) {
    const { accept, finish, read, shardsOf } = await openSplit(t, engine, ndjson(countTo(lines)))
    const id = await accept('export default (record) => record', { shards: 8 })

    await finish(id)

    assert.deepEqual([(await shardsOf(id)).length, (await read(id)).job?.status, (await read(id)).texts['output.ndjson']], [total, 'succeeded', ndjson(countTo(lines))])
  }
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
      const { accept, finish, read } = await openSplit(t, engine, pack(content), pack === gzipSync ? `${name}.gz` : name)
      const id = await accept('export default (record) => Number(record.n ?? record)', { shards: 5 })

      await finish(id)

      const { job, result, texts } = await read(id)
      assert.equal(job?.status, 'succeeded', JSON.stringify(job?.error))
      assert.equal(texts['output.ndjson'], ndjson(numbers.map(String)), `${name} ${pack.name}`)
      assert.deepEqual(result?.['records'], { read: 600, written: 600, rejected: 0 })
    }
  }
})
