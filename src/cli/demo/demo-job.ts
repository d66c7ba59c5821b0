import type { JobView } from '../../core/job.ts'
import type { Terminal } from '../terminal.ts'
import type { ApiClient, NewJob } from './api-client.ts'

/** One job of the demo, and how to tell that the service got it right. */
export interface DemoJob {
  /** Its file in `examples/`. */
  file: string
  /** What a person learns from it, in a few words. */
  shows: string
  /** The rest of the request. */
  request: Omit<NewJob, 'code'>
  /** Answers lines that show what came out. Throws a WrongAnswer when it is not right. */
  check(job: JobView, api: ApiClient, terminal: Terminal): Promise<string[]> | string[]
}
