import { postEndless } from '../followed-job.ts'
import type { Row } from '../row.ts'
import { startService } from '../service.ts'
import { median, percentile } from '../statistics.ts'

const ROUNDS = 100

/** How long running code goes on after somebody asked for its end. */
export const cancel: Row = {
  id: 'i',
  title: 'From the request to cancel until the code has stopped',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const service = await startService(bench, closing)
    const [seen, told]: [number[], number[]] = [[], []]
    while (seen.length < ROUNDS) {
      const job = await postEndless(service)
      await job.waitFor('job.log')
      const asked = performance.now()
      const stopped = job.waitFor('job.cancelled')
      await job.cancel()
      told.push(Number((await stopped).payload['stoppedAfterMs']))
      seen.push(performance.now() - asked)
    }
    return [
      { name: 'until a client knows, p50', value: median(seen), unit: 'ms' },
      { name: 'until a client knows, p99', value: percentile(seen, 0.99), unit: 'ms', target: { type: 'at most', value: 1000 } },
      { name: 'in the worker, until the isolate is gone, p50', value: median(told), unit: 'ms' },
    ]
  },
}
