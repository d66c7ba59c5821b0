import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProgressGatherer } from '../../../src/engine/runner/progress-gatherer.ts'
import { until } from '../../helpers/until.ts'

test('of many reports the first and the newest pass', async () => {
  const sent: [number, string][] = []
  const progress = new ProgressGatherer((...report) => { sent.push(report) })

  for (let n = 1; n <= 1000; n++) progress.take(n, `${n}`)
  await until('the newest is sent', () => sent.at(-1)?.[0] === 1000)

  assert.deepEqual([sent[0], sent.at(-1)], [[1, '1'], [1000, '1000']])
})

test('what is held goes at once when it is flushed, and only once', () => {
  const sent: number[] = []
  const progress = new ProgressGatherer((value) => { sent.push(value) })
  progress.take(1, '')
  progress.take(2, '')

  progress.flush()
  progress.flush()

  assert.deepEqual(sent, [1, 2])
})
