import { execute, startEngine } from '../engine.ts'
import { NO_OP } from '../jobs.ts'
import type { Row } from '../row.ts'
import { median, percentile } from '../statistics.ts'

const WARM_UP_RUNS = 50
const RUNS = 500

/** The engine without HTTP and Redis. */
export const overhead: Row = {
  id: 'g',
  title: 'What the engine alone adds to the time of user code, one no-op right after another',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const engine = await startEngine(bench, closing)
    const [overheads, inside]: [number[], number[]] = [[], []]
    for (let run = 0; run < WARM_UP_RUNS + RUNS; run += 1) {
      const started = performance.now()
      const { usage } = await execute(engine, NO_OP)
      if (run < WARM_UP_RUNS) continue
      overheads.push(performance.now() - started - usage.wallMs)
      inside.push(usage.wallMs)
    }
    return [
      { name: 'overhead, p50', value: median(overheads), unit: 'ms', target: { type: 'at most', value: 3 } },
      { name: 'overhead, p99', value: percentile(overheads, 0.99), unit: 'ms', target: { type: 'at most', value: 10 } },
      { name: 'user code as it is charged, p50', value: median(inside), unit: 'ms' },
    ]
  },
}
