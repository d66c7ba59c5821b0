import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { parseFileInput } from '../../src/core/file.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { archive } from '../../src/store/archive.ts'
import { itemId } from '../../src/core/ids.ts'
import { ADMIN_TENANT, startApi } from '../helpers/api.ts'
import { openTestFiles, putFile, temporaryFolder } from '../helpers/files.ts'
import { beginJob, settlement } from '../helpers/store.ts'

const CODE = 'export default (record) => record'

async function startWithFiles (t: TestContext) {
  const location = temporaryFolder(t)
  const api = await startApi(t, { BATCHBOX_FILES: location })
  const files = openTestFiles(t, api.db, { location })
  const put = (name: string) => putFile(files, name, '{"a":1}\n', { tenant: ADMIN_TENANT })
  const begin = async (answer: { json: () => Record<string, unknown> }) => beginJob(api.db, String(answer.json()['id']))
  return { ...api, files, put, begin }
}

test('a file is found by its name or its id when the job is posted, and the job keeps it when the name is given to another', async (t) => {
  const { post, put, begin, files } = await startWithFiles(t)
  const first = await put('orders.ndjson')

  const byName = await post('/v1/jobs', { code: CODE, input: { $file: 'orders.ndjson' }, transform: {} })
  const byId = await post('/v1/jobs', { code: CODE, input: { $file: first.id } })
  await put('orders.ndjson')

  for (const answer of [byName, byId]) {
    assert.equal(answer.statusCode, 202, answer.body)
    const { job } = await begin(answer)
    assert.deepEqual(parseFileInput(job.input), { $file: first.id })
  }
  assert.equal(await files.find(ADMIN_TENANT, 'orders.ndjson').then((file) => file?.id === first.id), false)
  assert.equal((await files.find(ADMIN_TENANT, first.id, { dropped: true }))?.id, first.id)
})

test('a file that is not there, and an input that a transform cannot read, are 422 and named', async (t) => {
  const { post, put } = await startWithFiles(t)
  await put('orders.ndjson')
  const refused = [
    [{ input: { $file: 'none' } }, '/input/$file'],
    [{ input: { $file: 'orders.ndjson', more: 1 } }, '/input'],
    [{ input: { $file: 7 } }, '/input'],
    [{ input: { a: 1 }, transform: {} }, '/input'],
    [{ transform: {} }, '/input'],
    [{ input: [], transform: { input: { format: 'csv' } } }, '/transform/input'],
  ] as const

  for (const [members, pointer] of refused) {
    const answer = await post('/v1/jobs', { code: CODE, ...members })
    assert.deepEqual([answer.statusCode, answer.json()['code'], (answer.json()['errors'] as { pointer: string }[])[0]?.pointer], [422, 'INVALID', pointer], JSON.stringify(members)) // a problem's
  }
})

test('without a file store, jobs that need files are 503 and told what to set', async (t) => {
  const { post } = await startApi(t)

  for (const members of [{ input: { $file: 'x' } }, { input: [1], transform: {} }]) {
    const answer = await post('/v1/jobs', { code: CODE, ...members })
    assert.deepEqual([answer.statusCode, answer.json()['code']], [503, 'UNAVAILABLE'])
    assert.match(String(answer.json()['detail']), /BATCHBOX_FILES/)
  }
})

test('a repeat with an idempotency key is answered as before, though its file is gone since', async (t) => {
  const { post, put, files } = await startWithFiles(t)
  await put('orders.ndjson')
  const body = { code: CODE, input: { $file: 'orders.ndjson' } }
  const ask = (key: string) => post('/v1/jobs', body, { 'idempotency-key': key })
  const first = await ask('k')
  await files.remove(ADMIN_TENANT, 'orders.ndjson')

  const answers = [await ask('k'), await ask('other')]

  assert.deepEqual(answers.map(({ statusCode }) => statusCode), [202, 422])
  assert.equal(answers[0]?.json()['id'], first.json()['id'])
})

test('a replay has the same file, also after the job was archived, and is 410 where that is gone', async (t) => {
  const { post, put, begin, files, db } = await startWithFiles(t)
  const file = await put('orders.ndjson')
  const posted = await post('/v1/jobs', { code: CODE, input: { $file: 'orders.ndjson' } })
  const id = String(posted.json()['id'])
  await settle(db, (await begin(posted)).run, settlement())
  await archive(db, id)

  const replayed = await post(`/v1/jobs/${id}/replay`, { again: true })
  const { job, run } = await begin(replayed)
  await settle(db, run, settlement())
  await files.remove(ADMIN_TENANT, 'orders.ndjson')
  const late = await post(`/v1/jobs/${id}/replay`, { again: true })

  assert.deepEqual(parseFileInput(job.input), { $file: file.id })
  assert.deepEqual([late.statusCode, late.json()['code']], [410, 'FILE_GONE'])
})

test('items of a batch name files of their own, an item whose file is not there is refused, and a replay keeps them', async (t) => {
  const { post, put, db, files } = await startWithFiles(t)
  const [one, two] = [await put('one'), await put('two')]

  const posted = await post('/v1/batches', { job: { code: CODE, transform: {} }, inputs: [{ $file: 'one' }, { $file: 'none' }, { $file: 'two' }] })
  const batch = String(posted.json()['id'])
  const inputs = []
  for (const index of [0, 2]) {
    const { job, run } = await beginJob(db, itemId(batch, index))
    inputs.push(parseFileInput(job.input)?.$file)
    await settle(db, run, settlement({ status: 'failed', result: '' }))
  }
  await files.remove(ADMIN_TENANT, 'two')
  const replayed = await post(`/v1/batches/${batch}/replay`, {})
  const again = await beginJob(db, itemId(String(replayed.json()['id']), 0))

  assert.deepEqual(inputs, [one.id, two.id])
  assert.equal(posted.statusCode, 202)
  assert.deepEqual((posted.json()['counts'] as Record<string, number>)['refused'], 1) // a view of a batch
  assert.equal(parseFileInput(again.job.input)?.$file, one.id)
  assert.deepEqual((replayed.json()['counts'] as Record<string, number>)['refused'], 1)
  assert.equal(await db.redis.sismember(db.keys.fileHolds(one.id), again.job.id), 1)
})

test('workers of a version that knows no transforms and no files leave such jobs alone, and run the others', async (t) => {
  const { post, put, db } = await startWithFiles(t)
  await put('one')
  const members = [{}, { input: { $file: 'one' } }, { input: [1], transform: {} }]

  const jobs = await Promise.all(members.map((each) => post('/v1/jobs', { code: CODE, ...each })))
  const batch = await post('/v1/batches', { jobs: members.map((each) => ({ code: CODE, ...each })) })
  const items = members.map((_, index) => itemId(String(batch.json()['id']), index))

  const versions = await Promise.all([...jobs.map((answer) => String(answer.json()['id'])), ...items].map((id) => db.redis.hget(db.keys.job(id), 'v')))
  assert.deepEqual(versions, ['1', '3', '3', '1', '3', '3'])
})
