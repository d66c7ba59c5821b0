import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { readSecrets, rotateSecret } from '../../store/webhooks/secrets.ts'
import { confirm } from '../confirm.ts'
import { logAct } from '../log-act.ts'
import type { JobService } from '../job-service.ts'
import { TAKES_BODY, withProblems } from '../problem.ts'
import { WebhookParams } from '../schemas.ts'
import { SecretsView, viewSecrets } from '../webhook-view.ts'
import { findEndpoint, missingEndpoint } from './webhooks.ts'

const DAY_MS = 86_400_000
/** As long as receivers may take to be told of another secret. */
const GRACE_MS = { default: DAY_MS, max: 30 * DAY_MS } as const

const Rotation = z.strictObject({
  graceMs: z.number().int().min(0).max(GRACE_MS.max).default(GRACE_MS.default).describe('How long the former secrets go on signing beside the new one'),
}).nullable().transform((rotation) => rotation ?? { graceMs: GRACE_MS.default }).meta({ example: { graceMs: 3_600_000 } })

/** Answers and rotates the secrets that deliveries are signed with: each endpoint's own, and the tenant's, which signs for the webhooks of jobs and batches. */
export const webhookSecretRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  const { db, audit, logger } = jobs
  const config = { access: 'webhooks:write' } as const
  const schema = { tags: ['webhooks'] }
  /** A receiver is told of a secret once: it is to be there for good. */
  const confirmSecrets = (tenant: string, id: string | null) => confirm(jobs, 'change of webhooks', async (redis) => await redis.exists(db.keys.webhookSecrets(tenant, id)) === 1)

  app.get('/v1/webhooks/secret', {
    config,
    schema: { ...schema, summary: "Read the tenant's secret, which signs for webhooks of jobs and batches", response: withProblems({ 200: SecretsView }, 'TENANT_ERASING') },
  }, async ({ caller: { tenant } }, reply) => {
    const secrets = await readSecrets(db, tenant, null)
    await confirmSecrets(tenant, null)
    return reply.header('cache-control', 'no-store').send(viewSecrets(secrets))
  })

  app.post('/v1/webhooks/secret/rotate', {
    config,
    schema: { ...schema, summary: "Give the tenant another secret for webhooks of jobs and batches", body: Rotation, response: withProblems({ 200: SecretsView }, ...TAKES_BODY, 'TENANT_ERASING') },
  }, async ({ caller, body: { graceMs } }, reply) => {
    const { tenant } = caller
    const secrets = await rotateSecret(db, tenant, null, { graceMs, actor: caller, audit })
    logAct(logger, { tenant, act: 'webhook.rotated', actor: caller, target: tenant, details: { graceMs } })
    await confirmSecrets(tenant, null)
    return reply.header('cache-control', 'no-store').send(viewSecrets(secrets ?? []))
  })

  app.get('/v1/webhooks/:id/secret', {
    config,
    schema: { ...schema, summary: "Read an endpoint's secret", params: WebhookParams, response: withProblems({ 200: SecretsView }, 'NOT_FOUND') },
  }, async ({ caller: { tenant }, params: { id } }, reply) => {
    await findEndpoint(db, tenant, id)
    return reply.header('cache-control', 'no-store').send(viewSecrets(await readSecrets(db, tenant, id)))
  })

  app.post('/v1/webhooks/:id/rotate', {
    config,
    schema: { ...schema, summary: 'Give an endpoint another secret', params: WebhookParams, body: Rotation, response: withProblems({ 200: SecretsView }, ...TAKES_BODY, 'NOT_FOUND', 'TENANT_ERASING') },
  }, async ({ caller, params: { id }, body: { graceMs } }, reply) => {
    const { tenant } = caller
    await findEndpoint(db, tenant, id)
    const secrets = await rotateSecret(db, tenant, id, { graceMs, actor: caller, audit })
    if (!secrets) throw missingEndpoint(id)
    logAct(logger, { tenant, act: 'webhook.rotated', actor: caller, target: id, details: { graceMs } })
    await confirmSecrets(tenant, id)
    return reply.header('cache-control', 'no-store').send(viewSecrets(secrets))
  })
}
