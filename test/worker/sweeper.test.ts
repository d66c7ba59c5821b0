import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../src/core/ids.ts'
import { NO_CEILINGS } from '../../src/core/api-key.ts'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import { buildReplayBounds } from '../../src/core/replay-request.ts'
import { OPERATOR } from '../../src/store/audit.ts'
import { readSweep, startSweep } from '../../src/store/dead-letters/sweeps.ts'
import type { DispatchRef } from '../../src/store/deals.ts'
import { readRecord } from '../../src/store/read.ts'
import { createSweeper } from '../../src/worker/sweeper.ts'
import { acceptDead } from '../helpers/dead-letters.ts'
import { openStore, TENANT } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'

test('three workers carry out one order together: each letter is made again once, and the messages of the jobs are sent', async (t) => {
  const db = await openStore(t)
  const dead = await Promise.all(Array.from({ length: 60 }, () => acceptDead(db)))
  const sent: DispatchRef[] = []
  const errors: unknown[] = []
  let trusted = false
  const trust = Promise.withResolvers<void>()
  const sweepers = Array.from({ length: 3 }, () => createSweeper({
    db,
    dispatcher: { async dispatch (refs) { sent.push(...refs) }, async discard () {}, async forgetEvents () {} },
    pace: { perSecond: 10_000, inFlight: 100 },
    eraseQuietMs: 0,
    async whenTrusted () { if (!trusted) await trust.promise },
    onError: (error) => errors.push(error),
  }))
  const id = newId('sweep')
  await startSweep(db, { id, tenant: TENANT, choice: {}, change: { limits: {}, priority: 'low', again: false, bounds: buildReplayBounds(DEFAULT_LIMIT_POLICY, NO_CEILINGS), room: {} }, actor: OPERATOR, audit: { maxEntries: 100, maxAgeMs: 60_000 } })
  const read = () => readSweep(db, { tenant: TENANT, action: 'replay', id })
  assert.equal((await read())?.seen, 0, 'nothing is done while Redis may have lost writes')

  trusted = true
  trust.resolve()
  await until('all were looked at', async () => (await read())?.seen === 60)
  await Promise.all(sweepers.map((sweeper) => sweeper.close()))

  const made = await db.redis.zrange(db.keys.jobs(TENANT, 'queued'), 0, '-1')
  const sources = await Promise.all(made.map(async (jobId) => (await readRecord(db, jobId))?.replayOf ?? ''))
  assert.deepEqual(sources.toSorted(), dead.toSorted())
  assert.deepEqual([(await read())?.done, errors], [60, []])
  assert.ok(sent.length > 0, 'those that were dealt out are sent; the others wait in the list of their tenant')
  assert.equal(new Set(sent.map(({ jobId }) => jobId)).size, sent.length)
})
