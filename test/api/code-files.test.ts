import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256 } from '../../src/core/digest.ts'
import { begin } from '../../src/store/moves/begin.ts'
import { ADMIN_TENANT, startApi, type TestApi } from '../helpers/api.ts'
import { nextJob, playWorker } from '../helpers/play-worker.ts'

const CODE = 'import { a } from "./lib/a.ts"; export default () => a'
const FILES = { 'lib/a.ts': 'export const a = 1', 'data.json': '{}' }
const USAGE = { wallMs: 1, cpuMs: 1, peakMemoryBytes: 1, logBytes: 0, resultBytes: 1, toolCalls: 0 }

async function beginNext ({ db }: TestApi) {
  const begun = await begin(db, { jobId: await nextJob(db, ADMIN_TENANT), turn: 1 }, { worker: 'test', retentionMs: 60_000 })
  assert.ok(begun.type === 'run')
  return begun.job
}

test('a worker is given code and files as they were posted, by a job and by a batch', async (t) => {
  const api = await startApi(t)
  const requests = [['/v1/jobs', { code: CODE, files: FILES }], ['/v1/batches', { job: { code: CODE, files: FILES }, inputs: [1] }], ['/v1/batches', { jobs: [{ code: CODE, files: FILES }] }]] as const

  for (const [path, body] of requests) {
    assert.equal((await api.post(path, body)).statusCode, 202)
    const { code, files, codeHash } = await beginNext(api)
    assert.deepEqual([code, files], [CODE, FILES], path)
    assert.notEqual(codeHash, sha256(CODE))
  }
})

test('a worker is given the files of code that is executed', async (t) => {
  const api = await startApi(t)
  const posting = api.post('/execute', { code: CODE, files: FILES })
  const { files } = await beginNext(api)
  await api.close()

  await posting

  assert.deepEqual(files, FILES)
})

test('a replay has the files of its job', async (t) => {
  const api = await startApi(t)
  const { id } = (await api.post('/v1/jobs', { code: CODE, files: FILES })).json() as { id: string }
  await playWorker(api.db, await nextJob(api.db, ADMIN_TENANT), { usage: USAGE, result: '1' })

  assert.equal((await api.post(`/v1/jobs/${id}/replay`, {})).statusCode, 202)

  assert.deepEqual((await beginNext(api)).files, FILES)
})

test('code that reads like stored files is code', async (t) => {
  const api = await startApi(t)
  const code = JSON.stringify({ code: CODE, files: FILES })
  await api.post('/v1/jobs', { code })

  const job = await beginNext(api)

  assert.deepEqual([job.code, job.files], [code, {}])
})

test('names that are no relative paths to sources are refused, and so are too many files', async (t) => {
  const { post } = await startApi(t)
  const names = ['../a.ts', '/a.ts', './a.ts', 'a//b.ts', 'a/../b.ts', 'a\0.ts', 'a b.ts', 'a:1:1.ts', 'a(1).ts', 'a', 'a.tsx', '.ts/', 'job.js', 'job.ts', '', `${'x'.repeat(98)}.ts`]
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`f${i}.ts`, '']))

  for (const name of names) assert.equal((await post('/v1/jobs', { code: CODE, files: { [name]: '' } })).statusCode, 422, name)
  assert.equal((await post('/v1/jobs', { code: CODE, files: many })).statusCode, 422)
  for (const name of ['__proto__.ts', 'constructor.js', 'é/ü_1.mts', 'a.d.ts', '@x/y+z.json']) assert.equal((await post('/v1/jobs', { code: CODE, files: { [name]: '' } })).statusCode, 202, name)
})

test('the characters of all files count towards the limit of the code', async (t) => {
  const { post } = await startApi(t)
  const response = await post('/v1/jobs', { code: 'x'.repeat(50_000), files: { 'a.ts': 'y'.repeat(50_001) } })

  assert.equal(response.statusCode, 413)
  assert.match(response.body, /it has 100001 characters with its files, more than the maximum of 100000 characters/)
})
