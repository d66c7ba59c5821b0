import { Readable } from 'node:stream'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { BatchResult } from '../../core/batch.ts'
import type { BatchRecord } from '../../store/batches/read.ts'
import { readItems, type Item } from '../../store/batches/results.ts'
import type { Db } from '../../store/db.ts'
import { findBatch } from '../batch-view.ts'
import type { JobService } from '../job-service.ts'
import { NDJSON } from '../ndjson.ts'
import { withProblems } from '../problem.ts'
import { BatchParams } from '../schemas.ts'

type Status = z.infer<typeof BatchResult>['status']

const ResultQuery = z.strictObject({
  after: z.coerce.number().int().min(-1).max(Number.MAX_SAFE_INTEGER).default(-1).describe('Index of the last line already read'),
  limit: z.coerce.number().int().min(1).optional().describe('Most lines to answer; without it, all'),
  status: BatchResult.shape.status.optional().describe('Only items in that state'),
})

/** Answers the items of a batch in the order they were posted, as they are now, as fast as the client reads. */
export const batchResultRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.get('/v1/batches/:id/results', {
    config: { access: 'jobs:read' },
    schema: {
      tags: ['batches'],
      summary: 'Read the results of a batch',
      params: BatchParams,
      querystring: ResultQuery,
      response: withProblems({
        200: { description: 'One line of NDJSON per item', content: { [NDJSON]: { schema: BatchResult } } },
      }, 'NOT_FOUND', 'GONE'),
    },
  }, async ({ caller: { tenant }, params: { id }, query }, reply) => {
    const batch = await findBatch(jobs.db, tenant, id)
    const lines = Readable.from(writeLines(jobs.db, batch, query), { objectMode: false })
    return reply.header('cache-control', 'no-store').type(NDJSON).send(lines as unknown as z.infer<typeof BatchResult>) // such lines, one after the other
  })
}

async function * writeLines (db: Db, batch: BatchRecord, { after, limit = Infinity, status }: z.output<typeof ResultQuery>): AsyncGenerator<string> {
  let left = limit
  for await (const item of readItems(db, batch, after)) {
    if (left <= 0) return
    const is = statusOf(item)
    if (status !== undefined && is !== status) continue
    left -= 1
    yield `${writeItem(item, is)}\n`
  }
}

function statusOf ({ exception, job }: Item): Status {
  if (exception?.type === 'refused') return 'refused'
  return job?.status ?? 'removed'
}

/**
 * The result is put in as the text it was stored as. Throws a SyntaxError for one that is not JSON, which could forge what stands around it; line ends in it
 * can only stand between its tokens.
 */
function writeItem ({ index, jobId, exception, job, result }: Item, status: Status): string {
  const error = exception?.type === 'refused' ? exception.refusal : job?.error
  const head = JSON.stringify({ index, jobId, status, ...(error ? { error } : {}) })
  if (result === undefined) return head
  JSON.parse(result)
  const form = job?.spec.serialization === 'structured' ? ',"serialization":"structured"' : ''
  return `${head.slice(0, -1)}${form},"result":${result.replaceAll(/[\r\n]/g, ' ')}}`
}
