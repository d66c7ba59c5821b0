import type { JobView } from '../../core/job.ts'
import type { ApiClient } from './api-client.ts'
import { expectEqual, resultOf } from './check.ts'

const POSTING_AT_ONCE = 16
const WAITING_AT_ONCE = 16

export interface ManyReport {
  /** The last one that ended, for its trace. */
  last: JobView
  postedPerSecond: number
  finishedPerSecond: number
  wallMs: number
}

/**
 * Posts that many small jobs, waits for all and checks every result. `onProgress` gets how many were posted and how many ended.
 * Throws a WrongAnswer for the first that is not right.
 */
export async function runMany (api: ApiClient, options: { code: string, count: number, onProgress(posted: number, ended: number): void }): Promise<ManyReport> {
  const { code, count, onProgress } = options
  const numbers = Array.from({ length: count }, (_, i) => i + 1)
  const posted: { id: string, input: number }[] = []
  const ended: JobView[] = []
  const started = performance.now()
  let postedMs = 0

  // Waiting starts while the rest is still being posted.
  const arrivals = numbers.map(() => Promise.withResolvers<{ id: string, input: number }>())
  const posting = eachAtOnce(POSTING_AT_ONCE, numbers, async (input, index) => {
    const { id } = await api.post({ code, input, tags: { demo: 'many' } })
    postedMs = performance.now() - started
    posted.push({ id, input })
    onProgress(posted.length, ended.length)
    arrivals[index]?.resolve({ id, input })
  })
  const waiting = eachAtOnce(WAITING_AT_ONCE, arrivals, async ({ promise }) => {
    const { id, input } = await promise
    const job = await api.waitFor(id)
    expectEqual(`the result for ${input}`, resultOf(job), collatzSteps(input))
    ended.push(job)
    onProgress(posted.length, ended.length)
  })
  await Promise.all([posting, waiting])
  const wallMs = performance.now() - started

  const last = ended.at(-1)
  if (!last) throw new RangeError('Cannot run many jobs: the count is zero')
  return { last, postedPerSecond: perSecond(count, postedMs), finishedPerSecond: perSecond(count, wallMs), wallMs }
}

/** The same figure in another arithmetic than the job's: big integers and shifts. */
function collatzSteps (start: number): number {
  let rest = BigInt(start)
  let steps = 0
  while (rest > 1n) {
    rest = (rest & 1n) === 0n ? rest >> 1n : (rest << 1n) + rest + 1n
    steps += 1
  }
  return steps
}

async function eachAtOnce<T> (lanes: number, items: readonly T[], act: (item: T, index: number) => Promise<void>): Promise<void> {
  const queue = items.entries()
  await Promise.all(Array.from({ length: lanes }, async () => {
    for (const [index, item] of queue) await act(item, index)
  }))
}

function perSecond (count: number, ms: number): number {
  return Math.round(count / (ms / 1000))
}
