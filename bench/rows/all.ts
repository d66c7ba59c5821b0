import type { Row } from '../row.ts'
import { throughput } from './a-throughput.ts'
import { queue } from './b-queue.ts'
import { roundTrip } from './c-round-trip.ts'
import { userCode } from './d-user-code.ts'
import { start } from './e-start.ts'
import { memory } from './f-memory.ts'
import { overhead } from './g-overhead.ts'
import { recovery } from './h-recovery.ts'
import { cancel } from './i-cancel.ts'
import { depth } from './j-depth.ts'
import { enqueue } from './k-enqueue.ts'
import { batch } from './l-batch.ts'
import { metrics } from './m-metrics.ts'
import { fairness } from './n-fairness.ts'
import { tools } from './o-tools.ts'

/** Every row, in the order they are measured. */
export const ROWS: readonly Row[] = [throughput, queue, roundTrip, userCode, start, memory, overhead, recovery, cancel, depth, enqueue, batch, metrics, fairness, tools]
