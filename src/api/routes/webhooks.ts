import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JobError } from '../../core/failures.ts'
import { isId } from '../../core/ids.ts'
import { buildEndpointChange, buildEndpointRequest, describeUrl } from '../../core/webhook.ts'
import { createEndpoint, deleteEndpoint, listEndpoints, readEndpoint, updateEndpoint, type Endpoint } from '../../store/webhooks/endpoints.ts'
import { readCircuit } from '../../store/webhooks/trial.ts'
import type { Db } from '../../store/db.ts'
import { confirm } from '../confirm.ts'
import type { JobService } from '../job-service.ts'
import { logAct } from '../log-act.ts'
import { TAKES_BODY, withProblems } from '../problem.ts'
import { buildPageSize, WebhookParams } from '../schemas.ts'
import { buildUnderCeilings, checkUnderCeilings } from '../under-ceilings.ts'
import { EndpointView, NewEndpointView, viewCircuit, viewEndpoint, WatchedEndpoint } from '../webhook-view.ts'

const LIMIT_MAX = 200

export interface WebhookRoutesOptions {
  jobs: JobService
  /** Endpoints that a tenant may have. */
  perTenant: number
}

const ListQuery = z.strictObject({
  limit: buildPageSize(LIMIT_MAX, 50),
  cursor: z.string().refine((text) => isId('webhook', text), 'Expected the nextCursor of a page').optional().describe('`nextCursor` of the page before'),
})

/** Makes, lists, reads, changes and deletes endpoints, which are told of events of all jobs and batches of their tenant. */
export const webhookRoutes: FastifyPluginAsyncZod<WebhookRoutesOptions> = async (app, { jobs, perTenant }) => {
  const { db, audit, logger } = jobs
  const access = 'webhooks:write'
  const tags = ['webhooks']

  app.post('/v1/webhooks', {
    config: { access },
    preValidation: checkUnderCeilings(buildUnderCeilings((ceilings) => buildEndpointRequest(ceilings?.webhooks))),
    schema: {
      tags,
      summary: 'Make an endpoint',
      body: buildEndpointRequest().meta({ example: { url: 'https://example.com/hooks/batchbox', events: ['job.failed', 'job.dead'], description: 'alerts' } }),
      response: withProblems({ 201: NewEndpointView }, ...TAKES_BODY, 'TENANT_ERASING'),
    },
  }, async ({ caller, body }, reply) => {
    const { tenant } = caller
    const { endpoint, secret: { secret } } = await createEndpoint(db, { tenant, ...body }, { actor: caller, audit, maxEndpoints: perTenant })
    logAct(logger, { tenant, act: 'webhook.created', actor: caller, target: endpoint.id, details: { url: describeUrl(endpoint.url), events: endpoint.events } })
    await confirmThat(jobs, endpoint.id, 1)
    return reply.code(201).headers({ 'location': `/v1/webhooks/${endpoint.id}`, 'cache-control': 'no-store' }).send({ ...viewEndpoint(endpoint), secret })
  })

  app.get('/v1/webhooks', {
    config: { access: 'jobs:read' },
    schema: { tags, summary: 'List endpoints, newest first', querystring: ListQuery, response: withProblems({ 200: z.object({ data: z.array(EndpointView), nextCursor: z.string().nullable() }) }) },
  }, async ({ caller, query }) => {
    const { endpoints, nextCursor } = await listEndpoints(db, caller.tenant, query)
    return { data: endpoints.map(viewEndpoint), nextCursor }
  })

  app.get('/v1/webhooks/:id', {
    config: { access: 'jobs:read' },
    schema: { tags, summary: 'Read an endpoint, and how it does', params: WebhookParams, response: withProblems({ 200: WatchedEndpoint }, 'NOT_FOUND') },
  }, async ({ caller: { tenant }, params: { id } }) => {
    const endpoint = await findEndpoint(db, tenant, id)
    return { ...viewEndpoint(endpoint), circuit: viewCircuit(await readCircuit(db, tenant, id)) }
  })

  app.patch('/v1/webhooks/:id', {
    config: { access },
    preValidation: checkUnderCeilings(buildUnderCeilings((ceilings) => buildEndpointChange(ceilings?.webhooks))),
    schema: {
      tags,
      summary: 'Change an endpoint, or enable it again',
      params: WebhookParams,
      body: buildEndpointChange().meta({ example: { enabled: true } }),
      response: withProblems({ 200: EndpointView }, ...TAKES_BODY, 'NOT_FOUND', 'TENANT_ERASING'),
    },
  }, async ({ caller, params: { id }, body }) => {
    const { tenant } = caller
    await findEndpoint(db, tenant, id)
    const changed = await updateEndpoint(db, tenant, id, body, { actor: caller, audit })
    if (!changed) throw missingEndpoint(id)
    logAct(logger, { tenant, act: 'webhook.updated', actor: caller, target: id, details: { members: Object.keys(body) } })
    await confirmThat(jobs, id, 1)
    return viewEndpoint(changed)
  })

  app.delete('/v1/webhooks/:id', {
    config: { access },
    schema: { tags, summary: 'Delete an endpoint; what it was not sent yet is given up', params: WebhookParams, response: withProblems({ 204: z.null().describe('Deleted') }, ...TAKES_BODY, 'NOT_FOUND') },
  }, async ({ caller, params: { id } }, reply) => {
    const { tenant } = caller
    await findEndpoint(db, tenant, id)
    if (!await deleteEndpoint(db, tenant, id, { actor: caller, audit })) throw missingEndpoint(id)
    logAct(logger, { tenant, act: 'webhook.deleted', actor: caller, target: id, details: {} })
    await confirmThat(jobs, id, 0)
    return reply.code(204).send(null)
  })
}

/** Reads an endpoint of a tenant. Throws NOT_FOUND for any other. */
export async function findEndpoint (db: Db, tenant: string, id: string): Promise<Endpoint> {
  const endpoint = isId('webhook', id) ? await readEndpoint(db, tenant, id) : undefined
  if (!endpoint) throw missingEndpoint(id)
  return endpoint
}

export function missingEndpoint (id: string): JobError {
  return new JobError('NOT_FOUND', `Cannot find webhook ${JSON.stringify(id.slice(0, 64))}`)
}

function confirmThat (jobs: JobService, id: string, exists: 0 | 1): Promise<void> {
  return confirm(jobs, 'change of webhooks', async (redis) => await redis.exists(jobs.db.keys.webhook(id)) === exists)
}
