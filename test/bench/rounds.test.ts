import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareInRounds } from '../../bench/rounds.ts'

test('subject and baseline are measured side by side, and who is first changes from round to round', async () => {
  const order: string[] = []

  await compareInRounds(3, async () => { order.push('s'); return 1 }, async () => { order.push('b'); return 1 })

  assert.equal(order.join(''), 'bssbbs')
})

test('the ratio is the median of the rounds\' ratios, so one bad round does not count', async () => {
  const subjects = [10, 1, 12].values()
  const baselines = [20, 100, 20].values()

  const compared = await compareInRounds(3, async () => subjects.next().value ?? 0, async () => baselines.next().value ?? 0)

  assert.deepEqual(compared, { ratio: 0.5, subject: 10, baseline: 20 })
})
