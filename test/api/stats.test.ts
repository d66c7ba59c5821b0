import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildFailure } from '../../src/core/outcome.ts'
import { startApi } from '../helpers/api.ts'
import { playWorker } from '../helpers/play-worker.ts'

interface Shown {
  depths: Record<string, number>
  lastHour: { since: string, accepted: number, ended: Record<string, number>, perMinute: Record<string, number>, failures: unknown[], slowest: { id: string, status: string }[] }
  lastDay: Shown['lastHour']
}

test('GET /v1/stats tells a tenant of its own jobs: rates, depths, failures by code and the slowest', async (t) => {
  const { get, post, db, holder } = await startApi(t)
  const [acme, other] = [await holder('acme', 'jobs:write', 'jobs:read'), await holder('other', 'jobs:read')]
  const ids: string[] = []
  for (let i = 0; i < 3; i++) ids.push(String((await post('/v1/jobs', { code: 'x' }, acme)).json()['id']))
  await playWorker(db, ids[0] ?? '')
  await playWorker(db, ids[1] ?? '', { status: 'failed', error: buildFailure('TIMEOUT', 'Execution timeout') })

  const response = await get('/v1/stats', acme)

  assert.equal(response.statusCode, 200, response.body)
  const { depths, lastHour, lastDay } = response.json() as unknown as Shown
  assert.deepEqual([depths['queued'], depths['succeeded'], depths['failed']], [1, 1, 1])
  for (const { accepted, ended, failures, slowest, perMinute } of [lastHour, lastDay]) {
    assert.deepEqual([accepted, ended, failures], [3, { succeeded: 1, failed: 1 }, [{ code: 'TIMEOUT', count: 1 }]])
    assert.ok(Array.isArray(slowest))
    assert.deepEqual(Object.keys(perMinute), ['accepted', 'ended'])
  }
  const { lastDay: none } = (await get('/v1/stats', other)).json() as unknown as Shown
  assert.deepEqual([none.accepted, none.ended, none.slowest], [0, {}, []])
})

test('GET /v1/stats needs a key that may read jobs', async (t) => {
  const { get, holder } = await startApi(t)

  assert.equal((await get('/v1/stats', await holder('acme', 'jobs:write'))).statusCode, 403)
  assert.equal((await get('/v1/stats', await holder('acme', 'admin'))).statusCode, 200)
  assert.equal((await get('/v1/stats?days=7')).statusCode, 422)
})
