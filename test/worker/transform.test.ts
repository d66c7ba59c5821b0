import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { readCheckpoint } from '../../src/store/moves/checkpoint.ts'
import { readJob, readResult } from '../../src/store/read.ts'
import { startEngine } from '../helpers/engine.ts'
import { putFile, readContent } from '../helpers/files.ts'
import { countTo } from '../helpers/records.ts'
import { acceptJob, TENANT } from '../helpers/store.ts'
import { openBench } from '../helpers/worker.ts'

const { engine } = await startEngine({ lanes: 1 })
const ndjson = (lines: Iterable<string>) => [...lines].map((line) => `${line}\n`).join('')

/** A worker with a real engine, and a file of lines. */
async function openTransforms (t: TestContext, lines: Iterable<string> = countTo(1000)) {
  const bench = await openBench(t, { engine })
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
