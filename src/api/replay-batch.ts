import { createHash } from 'node:crypto'
import type { Span } from '@opentelemetry/api'
import { JobError } from '../core/failures.ts'
import type { JobSpec } from '../core/job-request.ts'
import { buildReplayBounds, buildReplaySpec, type ReplayBounds, type ReplayChange } from '../core/replay-request.ts'
import type { JobStatus } from '../core/status.ts'
import { isWithinHosts } from '../core/webhook.ts'
import type { BatchRecord } from '../store/batches/read.ts'
import { createItemReader, readEndedItems } from '../store/batches/stored-items.ts'
import type { ListedRecord } from '../store/listed-record.ts'
import { templateOf, type JobTemplate } from '../store/moves/new-job.ts'
import type { Caller } from './access.ts'
import { refuseItem, type ItemSource, type WeighedItem } from './batch-items.ts'
import type { JobService } from './job-service.ts'
import type { RequestIdempotency } from './plugins/idempotency.ts'
import { submitBatch } from './submit-batch.ts'

export interface BatchReplay {
  caller: Pick<Caller, 'tenant' | 'bounds' | 'ceilings'>
  batch: BatchRecord
  /** Items that ended in one of these are made again. */
  statuses: readonly JobStatus[]
  change: Omit<ReplayChange, 'again'>
  span: Span
  idempotency: RequestIdempotency | undefined
}

/**
 * Makes a batch of the items of one that has ended: each a job of the same code and input. Answers its id. Throws NOT_FINISHED for a batch that goes on, INVALID
 * where no item ended so, and whatever `submitBatch` throws.
 */
export function replayBatch (jobs: JobService, { caller, batch, statuses, change, span, idempotency }: BatchReplay): Promise<string> {
  if (batch.finishedAt === null) throw new JobError('NOT_FINISHED', `Cannot replay batch "${batch.id}": it has not ended; cancel it, or wait for its end`)
  if (statuses.every((status) => batch.counts[status] === 0)) throw new JobError('INVALID', `Cannot replay batch "${batch.id}": none of its items is ${statuses.join(' or ')}`)
  if (batch.unreadable) throw batch.unreadable
  if (batch.webhook && !isWithinHosts(batch.webhook.url, caller.ceilings.webhooks)) throw new JobError('INVALID', `Cannot replay batch "${batch.id}": the host of its webhook, ${JSON.stringify(new URL(batch.webhook.url).host)}, is beyond the API key's ceiling (ceilings.webhooks)`)
  const source = readReplayedItems(jobs, { batch, statuses, change, bounds: buildReplayBounds(jobs.policy, caller.ceilings) })
  return submitBatch(jobs, { caller, source, span, idempotency, replayOf: batch.id })
}

function readReplayedItems ({ db, files }: JobService, { batch, statuses, change, bounds }: Pick<BatchReplay, 'batch' | 'statuses' | 'change'> & { bounds: ReplayBounds }): ItemSource {
  const hash = createHash('sha256')
  let last: { spec: string, codeHash: string, template: JobTemplate } | undefined
  /** Items of one request share what is stored of them. */
  const templateFor = (spec: JobSpec, codeHash: string, code: Buffer): JobTemplate => {
    const text = JSON.stringify(spec)
    if (last?.spec !== text || last.codeHash !== codeHash) last = { spec: text, codeHash, template: templateOf(spec, codeHash, code) }
    return last.template
  }
  const readItem = createItemReader(db)
  const toItem = async (job: ListedRecord): Promise<WeighedItem> => {
    const { code, input } = await readItem(job)
    if (!code || !input) throw new JobError('GONE', `Cannot replay job "${job.id}": its code or its input was removed`)
    const { fileId: file } = job
    if (file !== null && !await files.find(job.tenant, file, { dropped: true })) throw new JobError('FILE_GONE', `Cannot replay job "${job.id}": file "${file}", its input, was removed or replaced`)
    const template = templateFor(buildReplaySpec(job.spec, change, bounds), job.codeHash, code)
    return { item: { type: 'job', template, input, file: file ?? undefined, replayOf: job.id }, bytes: input.field.length + (input.body?.length ?? 0) }
  }
  async function * items (): AsyncGenerator<WeighedItem> {
    for await (const job of readEndedItems(db, batch, new Set(statuses))) {
      hash.update(job.id)
      yield refuseItem(() => toItem(job))
    }
  }
  return { items: items(), digest: () => hash.copy().digest('hex'), total: undefined, webhook: batch.webhook ?? undefined }
}
