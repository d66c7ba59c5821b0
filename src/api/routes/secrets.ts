import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JobError } from '../../core/failures.ts'
import { SECRET_BOUNDS, SecretName } from '../../core/secret.ts'
import { deleteSecret, listSecrets, putSecret, type Secret } from '../../store/secrets/secrets.ts'
import { chooseTenant } from '../choose-tenant.ts'
import { confirm } from '../confirm.ts'
import type { JobService } from '../job-service.ts'
import { formatTime } from '../job-view.ts'
import { logAct } from '../log-act.ts'
import { TAKES_BODY, withProblems } from '../problem.ts'
import { OfTenant } from '../schemas.ts'

export interface SecretRoutesOptions {
  jobs: JobService
  /** Secrets that a tenant may have. */
  perTenant: number
}

const SecretParams = z.object({ name: SecretName })
const SecretQuery = z.strictObject({ tenant: OfTenant })
const SecretRequest = z.strictObject({
  value: z.string().min(SECRET_BOUNDS.minChars, `Expected ${SECRET_BOUNDS.minChars} characters or more: what is shorter cannot be kept out of logs`)
    .refine((text) => Buffer.byteLength(text) <= SECRET_BOUNDS.maxBytes, `Expected at most ${SECRET_BOUNDS.maxBytes} bytes of UTF-8`)
    .refine((text) => text.isWellFormed(), 'Expected no half of a surrogate pair')
    .describe('Stored encrypted, and never answered again'),
})
const time = z.iso.datetime()
const SecretView = z.object({ name: z.string(), createdAt: time, updatedAt: time }).meta({ id: 'Secret' })

/** Stores, lists and deletes secrets, which jobs may be given. Their values are answered to nobody. */
export const secretRoutes: FastifyPluginAsyncZod<SecretRoutesOptions> = async (app, { jobs, perTenant }) => {
  const { db, audit, logger } = jobs
  const config = { access: 'secrets:write' } as const

  app.put('/v1/secrets/:name', {
    config,
    schema: { tags: ['secrets'], summary: 'Store a secret', params: SecretParams, querystring: SecretQuery, body: SecretRequest, response: withProblems({ 200: SecretView }, ...TAKES_BODY, 'TENANT_ERASING') },
  }, async ({ caller, params: { name }, query, body }) => {
    const tenant = chooseTenant(caller, query.tenant)
    const secret = await putSecret(db, body.value, { tenant, name, actor: caller, audit, maxSecrets: perTenant })
    logAct(logger, { tenant, act: 'secret.stored', actor: caller, target: name, details: {} })
    await confirm(jobs, 'change of secrets', async (redis) => await redis.hexists(db.keys.sealed(tenant), name) === 1)
    return viewSecret(secret)
  })

  app.get('/v1/secrets', {
    config,
    schema: { tags: ['secrets'], summary: 'List secrets by their names', querystring: SecretQuery, response: withProblems({ 200: z.object({ data: z.array(SecretView) }) }) },
  }, async ({ caller, query }) => ({ data: (await listSecrets(db, chooseTenant(caller, query.tenant))).map(viewSecret) }))

  app.delete('/v1/secrets/:name', {
    config,
    schema: { tags: ['secrets'], summary: 'Delete a secret', params: SecretParams, querystring: SecretQuery, response: withProblems({ 204: z.null().describe('Deleted') }, ...TAKES_BODY, 'NOT_FOUND') },
  }, async ({ caller, params: { name }, query }, reply) => {
    const tenant = chooseTenant(caller, query.tenant)
    if (!await deleteSecret(db, { tenant, name, actor: caller, audit })) throw new JobError('NOT_FOUND', `Cannot find secret "${name}"`)
    logAct(logger, { tenant, act: 'secret.deleted', actor: caller, target: name, details: {} })
    await confirm(jobs, 'change of secrets', async (redis) => await redis.hexists(db.keys.sealed(tenant), name) === 0)
    return reply.code(204).send(null)
  })
}

function viewSecret ({ name, createdAt, updatedAt }: Secret): z.infer<typeof SecretView> {
  return { name, createdAt: formatTime(createdAt), updatedAt: formatTime(updatedAt) }
}
