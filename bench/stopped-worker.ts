import type { Priority } from '../src/core/job-request.ts'
import { createJobClient } from './jobs.ts'
import type { Bench } from './row.ts'
import { startService, type BenchService } from './service.ts'

/** A service whose worker stands still but while it is measured, so that of two that are compared neither takes processors from the other. */
export interface StoppedService {
  service: BenchService
  /** Runs that many no-ops; answers the milliseconds it took. */
  run (jobs: number): Promise<number>
}

/** Starts one, and runs some no-ops first. `closing` stops it. */
export async function startStopped (bench: Bench, closing: AsyncDisposableStack, options: { warmUpJobs: number, priority?: Priority }): Promise<StoppedService> {
  const { warmUpJobs, ...job } = options
  const service = await startService(bench, closing)
  const client = createJobClient(service, job)
  closing.defer(() => client.close())
  await client.runMany(warmUpJobs)
  const { worker } = service.pids
  process.kill(worker, 'SIGSTOP')
  closing.defer(() => { process.kill(worker, 'SIGCONT') }) // or it could not be asked to end
  return {
    service,
    async run (jobs) {
      process.kill(worker, 'SIGCONT')
      const ms = await client.runMany(jobs)
      process.kill(worker, 'SIGSTOP')
      return ms
    },
  }
}
