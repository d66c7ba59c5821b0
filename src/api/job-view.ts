import { INLINE_RESULT_BYTES, linkJob, type JobView } from '../core/job.ts'
import type { JobWebhook, WebhookView } from '../core/webhook.ts'
import type { JobRecord } from '../store/read.ts'

type JobHead = Omit<JobView, 'result'>

/** What is shown of a stored job. */
export type ShownJob = Pick<JobRecord,
  | 'id' | 'status' | 'sequence' | 'createdAt' | 'startedAt' | 'finishedAt' | 'deadlineAt' | 'expiresAt'
  | 'result' | 'error' | 'attempts' | 'usage' | 'queueMs' | 'progress' | 'traceId' | 'batchId' | 'shards' | 'replayOf'> & { spec: Pick<JobRecord['spec'], 'priority' | 'tags' | 'webhook' | 'serialization'> }

/**
 * Writes a job as clients read it, as JSON text. The result is put in as the text it was stored as: it may nest deeper than
 * this process can write. Throws a SyntaxError for a stored result that is not JSON, which could forge the members around it.
 */
export function writeJob (job: ShownJob): string {
  const head = JSON.stringify(buildJobHead(job))
  const result = job.result?.json
  if (typeof result !== 'string' || job.result === null || job.result.bytes > INLINE_RESULT_BYTES) return head
  JSON.parse(result)
  return `${head.slice(0, -1)},"result":${result}}`
}

/** A job without its result, as lists answer it. */
export function buildJobHead (job: ShownJob): JobHead {
  return {
    id: job.id,
    status: job.status,
    createdAt: formatTime(job.createdAt),
    startedAt: formatOptional(job.startedAt),
    finishedAt: formatOptional(job.finishedAt),
    deadlineAt: formatOptional(job.deadlineAt),
    expiresAt: formatOptional(job.expiresAt),
    serialization: job.spec.serialization ?? 'json',
    error: job.error,
    attempts: job.attempts,
    usage: job.usage ? { ...job.usage, queueMs: job.queueMs ?? 0 } : null,
    progress: job.progress,
    priority: job.spec.priority,
    tags: job.spec.tags,
    batchId: job.batchId,
    shards: job.shards,
    replayOf: job.replayOf,
    webhook: job.spec.webhook ? viewWebhook(job.spec.webhook) : null,
    traceId: job.traceId,
    links: linkJob(job.id),
  }
}

/** A webhook without the values of its headers. */
export function viewWebhook ({ url, events, headers }: Pick<JobWebhook, 'url' | 'headers'> & Pick<WebhookView, 'events'>): WebhookView {
  return { url, events, headers: Object.keys(headers) }
}

/** Names the state of a job, as an entity tag (RFC 9110): every change that clients can see is an event, and events are numbered. */
export function writeEtag (job: ShownJob): string {
  return `"${job.id}-${job.sequence}"`
}

/** Tells whether an `If-None-Match` header names that entity tag. Compared weakly, as RFC 9110 has it. */
export function matchesEtag (header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}

export function formatTime (ms: number): string {
  return new Date(ms).toISOString()
}

function formatOptional (ms: number | null): string | null {
  return ms === null ? null : formatTime(ms)
}
