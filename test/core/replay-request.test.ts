import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ceilings } from '../../src/core/api-key.ts'
import type { JobError } from '../../src/core/failures.ts'
import { buildJobRequest, type JobSpec } from '../../src/core/job-request.ts'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import { buildReplayBounds, buildReplaySpec } from '../../src/core/replay-request.ts'

const Request = buildJobRequest(DEFAULT_LIMIT_POLICY, ['echo', 'crypto'])

/** Makes the request of a replay of a job, with a key of those ceilings. */
function replayWith (ceilings: Record<string, unknown>, job: Record<string, unknown>): JobSpec {
  const { code: _, input: __, ...spec } = Request.parse({ code: 'x', ...job })
  return buildReplaySpec(spec, { limits: {} }, buildReplayBounds(DEFAULT_LIMIT_POLICY, Ceilings.parse(ceilings)))
}

test('a replay asks for no more than a job of the same key may, whoever posted the first', () => {
  const refused: [ceilings: Record<string, unknown>, job: Record<string, unknown>, pointer: string][] = [
    [{ limits: { timeoutMs: 1000 } }, { limits: { timeoutMs: 2000 } }, '/limits/timeoutMs'],
    [{ tools: ['echo'] }, { tools: ['echo', 'crypto'] }, '/tools'],
    [{ permissions: 'none' }, { permissions: { net: ['example.com'] } }, '/permissions'],
    [{ permissions: { net: ['example.com'] } }, { permissions: { net: ['example.com', 'example.org'] } }, '/permissions'],
    [{ webhooks: ['*.example.com'] }, { webhook: { url: 'https://example.com/hook' } }, '/webhook/url'],
  ]

  for (const [ceilings, job, pointer] of refused) {
    assert.throws(() => replayWith(ceilings, job), (error: JobError) => error.code === 'INVALID' && error.errors[0]?.pointer === pointer, JSON.stringify(job))
    assert.partialDeepStrictEqual(replayWith({}, job), job)
  }
})

test('a job of a version that knew no permissions is replayed without any', () => {
  const { code: _, files: ____, input: __, permissions: ___, ...spec } = Request.parse({ code: 'x' })
  const bounds = buildReplayBounds(DEFAULT_LIMIT_POLICY, Ceilings.parse({ permissions: 'none' }))

  assert.equal(buildReplaySpec(spec as JobSpec, { limits: {} }, bounds).delayMs, 0) // as it was stored then
})
