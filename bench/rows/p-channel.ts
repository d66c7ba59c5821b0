import { postJob, type FollowedJob } from '../followed-job.ts'
import type { Bench, Row } from '../row.ts'
import { LANES, startService } from '../service.ts'
import { median, percentile } from '../statistics.ts'

const WARM_UP_TRIPS = 200
const TRIPS = 2000
const JOB = { tools: ['channel'], permissions: { hrtime: true }, limits: { timeoutMs: 600_000, cpuMs: 600_000, toolCalls: 100_000 } }

/** Says back what it hears, until it is cancelled. */
const ANSWER = 'export default async () => { await channel.on("there", (n) => { channel.emit("back", n) }); console.log("listens"); await new Promise(() => {}) }'
/** Fills a lane. */
const REST = 'export default async () => { console.log("rests"); await new Promise(() => {}) }'
/** A message goes there and another one comes back: half of that is the time of one. */
const ASK = `export default async () => {
  const times = []
  let come
  await channel.on('back', () => come())
  for (let i = 0; i < ${WARM_UP_TRIPS + TRIPS}; i++) {
    const begun = performance.now()
    await new Promise((resolve) => { come = resolve; channel.emit('there', i) })
    if (i >= ${WARM_UP_TRIPS}) times.push(Math.round((performance.now() - begun) * 500) / 1000)
  }
  return times
}`

/** From a job's isolate over its worker, Redis and another worker into another job's isolate. */
export const channel: Row = {
  id: 'p',
  title: 'A message from one job to another, in another worker',
  async measure (bench: Bench) {
    await using closing = new AsyncDisposableStack()
    const service = await startService(bench, closing)
    const there = await postJob(service, { ...JOB, code: ANSWER })
    // The first worker is full, so that the second one has the job that asks.
    const others = await Promise.all(Array.from({ length: LANES - 1 }, () => postJob(service, { ...JOB, code: REST })))
    await Promise.all([there, ...others].map((job) => job.waitFor('job.log')))
    await service.startWorker()
    const here = await postJob(service, { ...JOB, code: ASK })
    await here.waitFor('job.succeeded')

    const times = (await here.read()).result as number[] // what the code above returns
    if (await workerOf(here) === await workerOf(there)) throw new Error('Cannot use measurement: both jobs were in one worker')
    await Promise.all([there, ...others].map((job) => job.cancel()))
    return [
      { name: 'from job to job, p50', value: median(times), unit: 'ms' },
      { name: 'from job to job, p99', value: percentile(times, 0.99), unit: 'ms' },
    ]
  },
}

async function workerOf (job: FollowedJob): Promise<string | undefined> {
  return (await job.read()).attempts[0]?.worker
}
