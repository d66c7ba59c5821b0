import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryFolder } from '../helpers/files.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const RECORDS = 4000
const LINES = Array.from({ length: RECORDS }, (_, i) => `{"n":${i}}`)
const CODE = `
export default { map: async ({ n }) => { if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 20)); return { n, square: n * n } }, reduce: (sum, { n }) => sum + n, initial: 0 }
export const add = (sums) => sums.reduce((a, b) => a + b)
`
const COPY = 'export default async ({ n }) => { if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 50)); return { n } }'

interface Batch { id: string, shardsOf: string, status: string, counts: Record<string, number>, expiresAt: string | null }

test('transforms that are split among shards', async (t) => {
  const service = await startService(t, { env: { BATCHBOX_FILES: temporaryFolder(t), BATCHBOX_LOCK_MS: '1000', BATCHBOX_STALLED_MS: '500', BATCHBOX_REAP_EVERY_MS: '200' } })
  const headers = { authorization: `Bearer ${service.key}` }
  const put = await fetch(`${service.url}/v1/files/numbers.ndjson`, { method: 'PUT', headers, body: `${LINES.join('\n')}\n` })
  assert.ok(put.ok, await put.text())
  const post = async (code: string, transform: object) => {
    const { json } = await service.request('POST', '/v1/jobs', { body: { code, input: { $file: 'numbers.ndjson' }, transform } })
    return String(json['id'])
  }
  const read = async (path: string) => (await service.request('GET', path)).json
  const shardsOf = async (id: string) => (await read(`/v1/batches/${(await read(`/v1/jobs/${id}`))['shards']}`)) as unknown as Batch // as the reference has it
  const waits = async (id: string) => (await read(`/v1/jobs/${id}`))['shards'] !== null

  await t.test('workers that are killed and come back leave one file, in order, with every record once, and one value', async () => {
    const id = await post(COPY, { shards: 4, checkpointMs: 100 })
    await until('it waits for its shards', () => waits(id))
    await until('some shard is far', async () => Number((await read(`/v1/jobs/${id}`) as { progress?: { value: number } }).progress?.value ?? 0) > 0.05)
    process.kill(service.worker.pid, 'SIGKILL')
    await service.startWorker()

    const job = await service.end(id)

    assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
    const output = await (await fetch(`${service.url}/v1/jobs/${id}/files/output.ndjson`, { headers })).text()
    assert.equal(output, `${LINES.join('\n')}\n`)
    const { shardsOf: parent, status, counts, expiresAt } = await shardsOf(id)
    assert.deepEqual([parent, status, counts['succeeded'], expiresAt], [id, 'completed', 4, null])
  })

  await t.test('the values of the shards are combined by an export', async () => {
    const job = await service.end(await post(CODE, { shards: 3, combine: 'add' }))

    assert.equal((job.result as { value: number } | undefined)?.value, RECORDS * (RECORDS - 1) / 2, JSON.stringify(job.error))
  })

  await t.test('files that their code writes by name are joined, too, in the order of the shards', async () => {
    const code = 'export default async ({ n }) => { if (n % 1000 === 0) await files.append("seen.txt", n + "\\n"); return n }'
    const { json } = await service.request('POST', '/v1/jobs', { body: { code, input: { $file: 'numbers.ndjson' }, transform: { shards: 3 }, tools: ['files'], permissions: { write: ['seen.txt'] } } })

    const job = await service.end(String(json['id']))

    assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
    assert.equal(await (await fetch(`${service.url}/v1/jobs/${job.id}/files/seen.txt`, { headers })).text(), '0\n1000\n2000\n3000\n')
  })

  await t.test('a cancel stops the shards, and a deletion takes them along', async () => {
    const id = await post(COPY, { shards: 4 })
    await until('it waits for its shards', () => waits(id))
    const batch = await shardsOf(id)

    const { status } = await service.request('POST', `/v1/jobs/${id}/cancel`)
    const job = await service.end(id)
    const { counts } = await shardsOf(id)
    await service.request('DELETE', `/v1/jobs/${id}`)
    await until('its shards are gone', async () => (await service.request('GET', `/v1/batches/${batch.id}`)).status === 410)

    assert.ok(status === 200 || status === 202, String(status))
    assert.equal(job.status, 'cancelled')
    assert.equal((counts['cancelled'] ?? 0) + (counts['succeeded'] ?? 0), 4)
  })

  await t.test('what cannot be split is refused', async () => {
    const { status, json } = await service.request('POST', '/v1/jobs', { body: { code: COPY, input: [{ n: 1 }], transform: { shards: 2 } } })

    assert.deepEqual([status, (json['errors'] as { pointer: string }[])[0]?.pointer], [422, '/transform/shards'])
  })
})
