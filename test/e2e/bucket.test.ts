import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startS3Server } from '../helpers/s3-server.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

test('a file in a bucket is uploaded, transformed and downloaded, and what is removed leaves it', async (t) => {
  const scope = lastInFirstOut(t)
  const bucket = await startS3Server(scope)
  const service = await startService(scope, { env: { ...bucket.env, BATCHBOX_REAP_EVERY_MS: '200', BATCHBOX_FILE_REST_MS: '0' } })
  const headers = { authorization: `Bearer ${service.key}` }
  const lines = Array.from({ length: 1000 }, (_, n) => JSON.stringify({ n }))

  const { status } = await fetch(`${service.url}/v1/files/numbers.ndjson`, { method: 'PUT', headers, body: lines.join('\n') })
  const job = await service.run({ code: 'export default ({ n }) => ({ n: n * 2 })', input: { $file: 'numbers.ndjson' }, transform: { checkpointMs: 100 } })
  const [{ id, name } = { id: '', name: '' }] = (job.result as { files: { id: string, name: string }[] } | null)?.files ?? [] // of a transform
  const whole = await (await fetch(`${service.url}/v1/jobs/${job.id}/files/${name}`, { headers })).text()
  const part = await (await fetch(`${service.url}/v1/files/${id}`, { headers: { ...headers, range: 'bytes=8-15' } })).text()
  const before = bucket.blobs().length
  await fetch(`${service.url}/v1/files/numbers.ndjson`, { method: 'DELETE', headers })
  await service.request('DELETE', `/v1/jobs/${job.id}`)

  assert.ok(status < 300, String(status))
  assert.equal(whole, lines.map((_, n) => `${JSON.stringify({ n: n * 2 })}\n`).join(''), JSON.stringify(job.error))
  assert.equal(part, '{"n":2}\n')
  assert.ok(before >= 2)
  await until('nothing is left in the bucket', () => bucket.blobs().length === 0)
})
