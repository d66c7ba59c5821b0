import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startLoad, wholeHistory } from '../helpers/load.ts'
import { startService } from '../helpers/service.ts'

const COUNT = 210
const POISON_EVERY = 21
const isPoison = (index: number) => index % POISON_EVERY === 10
/** V8 gives its process up: neither an error nor a limit, so that only the budget for crashes ends it. */
const POISON = `export default () => { console.log('down it goes'); 'x'.repeat(2 ** 27 + 5).split('') }`
const GOOD = 'export default (n) => n * n'

test('ten jobs that kill their runners among two hundred good ones are dead with evidence, and the good ones never notice', async (t) => {
  const service = await startService(t, { env: { BATCHBOX_SPARE_RUNNERS: '1' } })

  const load = startLoad(service, COUNT, (index) => ({ code: isPoison(index) ? POISON : GOOD, input: index }))
  const jobs = await load.done

  const [poison, good] = [jobs.filter((_, index) => isPoison(index)), jobs.filter((_, index) => !isPoison(index))]
  assert.equal(poison.length, 10)
  for (const job of good) {
    assert.deepEqual([job.status, job.attempts.map(({ runs }) => runs.length)], ['succeeded', [1]], job.id)
  }
  for (const job of poison) {
    assert.deepEqual([job.status, job.error?.code, job.attempts.map(({ runs }) => runs.length)], ['dead', 'WORKER_CRASHED', [3]], job.id)
    const lost = (await wholeHistory(service, job.id)).filter(({ type }) => type === 'job.lost')
    assert.deepEqual(lost.map(({ payload }) => [payload['charged'], payload['crashes']]), [[true, 1], [true, 2], [true, 3]])
    for (const { payload } of lost) {
      const evidence = payload['evidence'] as { signal: string, stderr: string } // written by the worker
      assert.equal(evidence.signal, 'SIGTRAP')
      assert.match(evidence.stderr, /Fatal JavaScript invalid size error/)
    }
  }
})
