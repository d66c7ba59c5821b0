import type { Meter } from '@opentelemetry/api'
import type { Figures } from '../../core/figures.ts'

const PING_EVERY_MS = 1000
/** A store that takes longer for its figures is as good as away. */
const READ_WITHIN_MS = 1000
const PING_SECONDS = [0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]

export interface StoreMetricsOptions {
  /** Reads the figures, in a number of commands that does not grow. */
  read (): Promise<Figures>
  ping (): Promise<unknown>
}

/** Observes the store whenever somebody scrapes, and its latency every second. The answer stops that. */
export function observeStore (meter: Meter, { read, ping }: StoreMetricsOptions): () => void {
  const gauge = (name: string, unit: string, description: string) => meter.createObservableGauge(`batchbox.${name}`, { unit, description })
  const up = gauge('redis.up', '', 'Whether Redis answered this process at the scrape: 1 or 0')
  const jobs = gauge('queue.jobs', '{job}', 'Jobs that wait for a worker, for their time, or run; of the whole service')
  const oldest = gauge('queue.oldest.age', 's', 'How long the job that waits longest for a worker has been due; of the whole service')
  const archives = gauge('archives.owed', '{job}', 'Jobs that ended and are not archived yet; of the whole service')
  const used = gauge('redis.memory.used', 'By', 'Memory that Redis uses')
  const limit = gauge('redis.memory.limit', 'By', 'Memory that Redis may use (maxmemory); 0 for any')
  const accepted = meter.createObservableCounter('batchbox.jobs.accepted', { unit: '{job}', description: 'Jobs that were accepted; of the whole service' })
  const ended = meter.createObservableCounter('batchbox.jobs.ended', { unit: '{job}', description: 'Jobs that ended, by state and failure code; of the whole service' })
  const deliveries = gauge('webhook.deliveries', '{delivery}', 'Deliveries of webhooks that are to be made now, that wait for their next try, or are being made; of the whole service')
  const oldestDelivery = gauge('webhook.oldest.age', 's', 'How long ago the event was that waits longest to be delivered; of the whole service')
  const resting = gauge('webhook.receivers.resting', '{receiver}', 'Receivers of webhooks that are left alone, since they failed or asked for it; of the whole service')
  const tries = meter.createObservableCounter('batchbox.webhook.tries', { unit: '{try}', description: 'Tries of deliveries, by how they ended; of the whole service' })
  const delivered = meter.createObservableCounter('batchbox.webhook.deliveries.ended', { unit: '{delivery}', description: 'Deliveries that succeeded, or why they were given up; of the whole service' })
  const files = gauge('files', '{file}', 'Files, with uploads under way and outputs of jobs; of the whole service')
  const fileBytes = gauge('files.size', 'By', 'Bytes that they are charged with; of the whole service')
  const owedBlobs = gauge('blobs.owed', '{blob}', 'Blobs that no file has any more, and that are to be removed from the store; of the whole service')
  const latency = meter.createHistogram('batchbox.redis.ping.duration', { unit: 's', description: 'How long Redis took to answer a PING, once a second', advice: { explicitBucketBoundaries: PING_SECONDS } })
  let reading: Promise<Figures> | undefined
  let pinging: Promise<unknown> | undefined

  meter.addBatchObservableCallback(async (result) => {
    reading ??= read().finally(() => { reading = undefined })
    const figures = await within(READ_WITHIN_MS, reading)
    result.observe(up, figures ? 1 : 0)
    if (!figures) return
    for (const [state, count] of Object.entries(figures.queue)) result.observe(jobs, count, { state })
    result.observe(oldest, figures.oldestWaitMs / 1000)
    result.observe(archives, figures.owedArchives)
    result.observe(used, figures.memoryBytes.used)
    result.observe(limit, figures.memoryBytes.max)
    result.observe(accepted, figures.accepted)
    for (const { status, code, count } of figures.ended) result.observe(ended, count, { status, ...(code === null ? {} : { code }) })
    const { webhooks } = figures
    for (const [state, count] of Object.entries(webhooks.deliveries)) result.observe(deliveries, count, { state })
    result.observe(oldestDelivery, webhooks.oldestMs / 1000)
    result.observe(resting, webhooks.resting)
    for (const [outcome, count] of Object.entries(webhooks.tries)) result.observe(tries, count, { outcome })
    for (const [outcome, count] of Object.entries(webhooks.ended)) result.observe(delivered, count, { outcome })
    result.observe(files, figures.files.count)
    result.observe(fileBytes, figures.files.bytes)
    result.observe(owedBlobs, figures.files.owedBlobs)
  }, [up, jobs, oldest, archives, used, limit, accepted, ended, deliveries, oldestDelivery, resting, tries, delivered, files, fileBytes, owedBlobs])

  const timer = setInterval(() => {
    const askedAt = performance.now()
    pinging ??= ping().then(() => latency.record((performance.now() - askedAt) / 1000), () => {}).finally(() => { pinging = undefined })
  }, PING_EVERY_MS)
  return () => clearInterval(timer)
}

/** Undefined for what fails or takes longer: the scrape tells of the rest all the same. */
async function within<T> (ms: number, asked: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(late.resolve, ms, undefined)
  try {
    return await Promise.race([asked, late.promise])
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
  }
}
