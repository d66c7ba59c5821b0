import { newId } from '../src/core/ids.ts'
import { buildJobRequest, type Priority } from '../src/core/job-request.ts'
import { DEFAULT_LIMIT_POLICY } from '../src/core/limits.ts'
import { createDispatcher } from '../src/queue/dispatcher.ts'
import { accept } from '../src/store/moves/accept.ts'
import { NO_OP } from './jobs.ts'
import type { Bench } from './row.ts'
import type { BenchService } from './service.ts'

const STEP = 200

/** Puts no-ops into the store and the queue as the API does, without its HTTP. Whether they wait is the worker's business. */
export async function fillBacklog ({ db }: BenchService, bench: Bench, { count, tenant, priority }: { count: number, tenant: string, priority: Priority }): Promise<void> {
  const dispatcher = createDispatcher(db, { onError: (error) => bench.note(error.message) })
  const request = buildJobRequest(DEFAULT_LIMIT_POLICY, []).parse({ code: NO_OP, priority })
  for (let done = 0; done < count && !bench.signal.aborted; done += STEP) {
    const accepted = await Promise.all(Array.from({ length: STEP }, () => accept(db, { id: newId('job'), tenant, request, traceparent: null })))
    await dispatcher.dispatch(accepted.flatMap((answer) => answer.type === 'accepted' ? answer.deals : []))
    if (done % (100 * STEP) === 0) bench.note(`  ${done} of ${count} jobs wait`)
  }
}
