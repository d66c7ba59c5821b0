import type { BatchView } from '../../core/batch.ts'
import { linkJob, type JobView } from '../../core/job.ts'
import { isTerminal } from '../../core/status.ts'
import { TEST_EVENT, type BatchWebhook, type JobWebhook } from '../../core/webhook.ts'
import { readBatch } from '../../store/batches/read.ts'
import type { Db } from '../../store/db.ts'
import { readJob, type JobRecord } from '../../store/read.ts'
import { placeOf, unpackSealed } from '../../store/sealing.ts'
import { readAddress } from '../../store/webhooks/endpoints.ts'
import type { WebhookTry } from '../../store/webhooks/tries.ts'

/** Bytes of JSON up to which a result stands in what is sent; of a longer one there is the link. */
export const WEBHOOK_RESULT_BYTES = 20_480

/** What is sent, and where. */
export interface Composed {
  url: string
  headers: Record<string, string>
  body: Buffer
}

/**
 * Composes what one try sends: what the one before sent, where that is kept. An event of a job tells of the job as it is by then: most are of its end, after which it changes no
 * more. Undefined where the job, the batch or the address is not there any more.
 */
export async function compose (db: Db, begun: WebhookTry): Promise<Composed | undefined> {
  const { deliveryId, tenant, target, address, body } = begun
  const subject = address && body ? undefined : await describeSubject(db, begun)
  const to = address ? await readAddress(db, { tenant, id: target }, address) : subject?.webhook
  const bytes = body ? await unpackSealed(db, body, placeOf('delivery', tenant, deliveryId)) : subject && writeBody(begun, subject.data)
  return to && bytes ? { url: to.url, headers: to.headers, body: bytes } : undefined
}

function writeBody ({ type, eventAt }: WebhookTry, data: string): Buffer {
  const head = JSON.stringify({ type, timestamp: formatTime(eventAt), version: 1 })
  return Buffer.from(`${head.slice(0, -1)},"data":${data}}`)
}

async function describeSubject (db: Db, { tenant, subject, type, target }: WebhookTry): Promise<{ data: string, webhook: JobWebhook | BatchWebhook | undefined } | undefined> {
  if (type === TEST_EVENT) return { data: JSON.stringify({ webhookId: target }), webhook: undefined }
  if (type === 'batch.completed') return describeBatch(db, tenant, subject)
  const job = await readJob(db, tenant, subject)
  return job && { data: writeJobData(job), webhook: job.spec.webhook }
}

async function describeBatch (db: Db, tenant: string, id: string): Promise<{ data: string, webhook: BatchWebhook | undefined } | undefined> {
  const batch = await readBatch(db, tenant, id)
  if (!batch) return undefined
  if (batch.unreadable) throw batch.unreadable
  const self = `/v1/batches/${id}`
  const { status, total, counts, incomplete, createdAt, finishedAt, expiresAt, replayOf, shardsOf } = batch
  const data: Omit<BatchView, 'webhook'> = {
    id, status, total, counts, incomplete,
    createdAt: formatTime(createdAt), finishedAt: formatOptional(finishedAt), expiresAt: formatOptional(expiresAt), replayOf, shardsOf,
    links: { self, results: `${self}/results`, events: `${self}/events`, jobs: `/v1/jobs?batch=${id}` },
  }
  return { data: JSON.stringify(data), webhook: batch.webhook ?? undefined }
}

/** Members of a job as the API answers it, but for its attempts, of which there may be many. The result is put in as the text it was stored as: it may nest deeper than this process can write. */
function writeJobData (job: JobRecord): string {
  const { id, status, error, usage, progress, batchId, shards, replayOf, traceId, attempt, spec: { priority, tags, serialization = 'json' } } = job
  const data: Omit<JobView, 'attempts' | 'deadlineAt' | 'result' | 'webhook'> & { attempt: number } = {
    id, status,
    createdAt: formatTime(job.createdAt), startedAt: formatOptional(job.startedAt), finishedAt: formatOptional(job.finishedAt), expiresAt: formatOptional(job.expiresAt),
    attempt, serialization, error, usage: usage ? { ...usage, queueMs: job.queueMs ?? 0 } : null, progress, priority, tags, batchId, shards, replayOf, traceId,
    links: linkJob(id),
  }
  const head = JSON.stringify(data)
  const result = job.result?.json
  if (!isTerminal(status) || typeof result !== 'string' || job.result === null || job.result.bytes > WEBHOOK_RESULT_BYTES) return head
  JSON.parse(result) // what is not JSON could forge the members around it
  return `${head.slice(0, -1)},"result":${result}}`
}

function formatTime (ms: number): string {
  return new Date(ms).toISOString()
}

function formatOptional (ms: number | null): string | null {
  return ms === null ? null : formatTime(ms)
}
