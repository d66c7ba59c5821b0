import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { LogLevel, LogLine } from '../../core/events.ts'
import { findJob } from '../find-job.ts'
import type { JobService } from '../job-service.ts'
import { NDJSON } from '../ndjson.ts'
import { withProblems } from '../problem.ts'
import { readLogs } from '../read-logs.ts'
import { After, buildPageSize, JobParams } from '../schemas.ts'

const LINES_MAX = 10_000

const LogQuery = z.strictObject({
  after: After,
  limit: buildPageSize(LINES_MAX, 1000),
  level: LogLevel.default('trace').describe('Lowest level to answer'),
})
const LogAnswer = z.object({ data: z.array(LogLine), nextCursor: z.string().nullable().describe('Pass it as `after` for more; null at the end of what is stored so far') })

/** Answers log lines as a JSON page, or as NDJSON for clients that accept it. */
export const jobLogRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.get('/v1/jobs/:id/logs', {
    config: { access: 'jobs:read' },
    schema: {
      tags: ['jobs'],
      summary: 'Read the log of a job',
      params: JobParams,
      querystring: LogQuery,
      response: withProblems({
        200: { description: 'A page, or one line of NDJSON per log line', content: { 'application/json': { schema: LogAnswer }, [NDJSON]: { schema: z.string().describe('One log line as JSON per line') } } },
      }, 'NOT_FOUND', 'GONE'),
    },
  }, async ({ caller, params: { id }, query, headers }, reply) => {
    const job = await findJob(jobs.db, caller.tenant, id)
    const { lines, next } = await readLogs(jobs.db, job, query)
    reply.header('cache-control', 'no-store')
    if (!headers.accept?.includes(NDJSON)) return reply.type('application/json').send({ data: lines, nextCursor: next === null ? null : String(next) })
    if (next !== null) reply.header('link', `</v1/jobs/${id}/logs?${writeQuery({ ...query, after: next })}>; rel="next"`)
    return reply.type(NDJSON).send(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  })
}

function writeQuery (query: Readonly<Record<string, string | number>>): string {
  return new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString()
}
