import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { temporaryFolder } from '../helpers/files.ts'
import { startService } from '../helpers/service.ts'

test('files of jobs', async (t) => {
  const service = await startService(t, { env: { BATCHBOX_FILES: temporaryFolder(t) } })
  const headers = { authorization: `Bearer ${service.key}` }
  const put = async (name: string, body: string | Buffer, more: Record<string, string> = {}) => {
    const { status } = await fetch(`${service.url}/v1/files/${encodeURIComponent(name)}`, { method: 'PUT', headers: { ...headers, ...more }, body })
    assert.ok(status < 300, `PUT ${name} answered ${status}`)
  }
  const get = async (path: string) => (await fetch(service.url + path, { headers })).text()

  await t.test('code reads a file of the tenant and writes one of the job, which is there with the result', async () => {
    await put('countries.csv', 'de,Germany\r\nfr,France\n', { 'content-type': 'text/csv' })
    const code = `export default async () => {
      const countries = new Map()
      for await (const line of files.lines('countries.csv')) countries.set(...line.split(','))
      await files.write('count.json', { countries: countries.size })
      return [...countries.values()]
    }`

    const job = await service.run({ code, tools: ['files'], permissions: { read: ['countries.csv'], write: ['count.json'] } })

    assert.deepEqual(job.result, ['Germany', 'France'], JSON.stringify(job.error))
    assert.equal(await get(`/v1/jobs/${job.id}/files/count.json`), '{"countries":2}')
  })

  await t.test('the content of a file is the input, of a job and of items of a batch', async () => {
    await put('one.json', gzipSync('{"n":1}'), { 'content-encoding': 'gzip' })
    await put('two.json', '{"n":2}')
    const code = 'export default ({ n }) => n'

    const job = await service.run({ code, input: { $file: 'one.json' } })
    const missing = await service.request('POST', '/v1/jobs', { body: { code, input: { $file: 'three.json' } } })
    const batch = await service.request('POST', '/v1/batches', { body: { jobs: ['one.json', 'two.json'].map(($file) => ({ code, input: { $file } })) } })
    const items = batch.json['items'] as { jobId: string }[] // as the reference has it
    const results = await Promise.all(items.map(async ({ jobId }) => (await service.end(jobId)).result))

    assert.equal(job.result, 1, JSON.stringify(job.error))
    assert.equal(missing.status, 422, JSON.stringify(missing.json))
    assert.deepEqual(results, [1, 2])
  })

  await t.test('a transform joins its records with a file and writes others besides, each once, also where it goes on after failures', async () => {
    await put('orders.ndjson', Array.from({ length: 500 }, (_, i) => `${JSON.stringify({ id: i, country: i % 2 ? 'de' : 'xx' })}\n`).join(''))
    const code = `const names = new Map()
      export default async (order, { attempt }) => {
        await new Promise((resolve) => setTimeout(resolve, 1))
        if (attempt < 4 && order.id === attempt * 120) throw new Error('not yet')
        if (names.size === 0) for await (const line of files.lines('countries.csv')) names.set(...line.split(','))
        const country = names.get(order.country)
        if (country) return { ...order, country }
        await files.append('unknown.txt', order.id + '\\n')
      }`

    const job = await service.run({ code, input: { $file: 'orders.ndjson' }, transform: { checkpointMs: 100 }, tools: ['files'], permissions: { read: ['countries.csv'], write: ['unknown.txt'] }, limits: { toolCalls: 10_000 }, retry: { attempts: 4, backoff: { delayMs: 0 } } })

    assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
    assert.equal(job.attempts.length, 4)
    const written = (await get(`/v1/jobs/${job.id}/files/output.ndjson`)).trimEnd().split('\n')
    assert.deepEqual([written.length, JSON.parse(written[0] ?? '')], [250, { id: 1, country: 'Germany' }])
    assert.equal(await get(`/v1/jobs/${job.id}/files/unknown.txt`), Array.from({ length: 250 }, (_, i) => `${2 * i}\n`).join(''))
  })
})
