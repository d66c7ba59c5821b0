import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ACTS, isAuditCursor, listActs } from '../../store/audit.ts'
import type { JobService } from '../job-service.ts'
import { formatTime } from '../job-view.ts'
import { withProblems } from '../problem.ts'
import { buildPageSize, OfTenant } from '../schemas.ts'
import { chooseTenant } from '../choose-tenant.ts'

const LIMIT_MAX = 1000

const AuditQuery = z.strictObject({
  tenant: OfTenant,
  limit: buildPageSize(LIMIT_MAX, 100),
  cursor: z.string().refine(isAuditCursor, 'Expected the nextCursor of a page').optional().describe('`nextCursor` of the page before'),
})

const AuditEntry = z.object({
  id: z.string(),
  time: z.iso.datetime(),
  act: z.string().describe(`What was done: ${ACTS.join(', ')}`),
  actor: z.string().describe('Id of the key that did it; `operator` for the configured one'),
  target: z.string().describe('Id of what it was done to'),
  details: z.record(z.string(), z.unknown()),
})

/** Answers what administrators of a tenant did, newest first, as far back as it is kept. */
export const auditRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.get('/v1/audit', {
    config: { access: 'admin' },
    schema: {
      tags: ['keys'],
      summary: 'List what administrators did',
      querystring: AuditQuery,
      response: withProblems({ 200: z.object({ data: z.array(AuditEntry), nextCursor: z.string().nullable() }) }),
    },
  }, async ({ caller, query: { tenant, limit, cursor } }) => {
    const { entries, nextCursor } = await listActs(jobs.db, chooseTenant(caller, tenant), { limit, cursor, maxAgeMs: jobs.audit.maxAgeMs })
    return { data: entries.map(({ id, time, act, actor, target, details }) => ({ id, time: formatTime(time), act, actor, target, details })), nextCursor }
  })
}
