import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { TenantBounds, TenantName } from '../../core/api-key.ts'
import { JobError } from '../../core/failures.ts'
import { readErasure, STAGES, startErasure, type Erasure } from '../../store/erasure/erasures.ts'
import { readTenantBounds, setTenantBounds } from '../../store/tenant-bounds.ts'
import { chooseTenant } from '../choose-tenant.ts'
import { confirm } from '../confirm.ts'
import type { JobService } from '../job-service.ts'
import { logAct } from '../log-act.ts'
import { TAKES_BODY, withProblems } from '../problem.ts'

const TenantParams = z.object({ tenant: TenantName })
const Count = z.number().int()
const Time = z.iso.datetime()

/** How far the erasure of a tenant is. */
const ErasureView = z.object({
  tenant: z.string(),
  status: z.enum(['running', 'done']),
  stage: z.enum(STAGES).describe('keys: they are revoked. jobs: they are stopped and removed. names: whatever else there is is looked for. quiet: nothing is left; requests that were let in before are waited for'),
  running: Count.describe('Jobs that have not stopped yet'),
  removed: z.object({ keys: Count, jobs: Count, batches: Count, others: Count.describe('Entries of Redis that belong to none of these') }),
  startedAt: Time,
  finishedAt: Time.nullable(),
}).meta({ id: 'Erasure' })
type ErasureView = z.infer<typeof ErasureView>

/** Bounds and erases tenants, which operators do. Administrators read their own bounds. */
export const tenantRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.get('/v1/tenants/:tenant/bounds', {
    config: { access: 'admin' },
    schema: { tags: ['keys'], summary: 'Read the bounds of a tenant', params: TenantParams, response: withProblems({ 200: TenantBounds }) },
  }, async ({ caller, params: { tenant } }) => readTenantBounds(jobs.db, chooseTenant(caller, tenant)))

  app.put('/v1/tenants/:tenant/bounds', {
    config: { access: 'operator' },
    schema: { tags: ['keys'], summary: 'Bound a tenant', params: TenantParams, body: TenantBounds, response: withProblems({ 200: TenantBounds }, ...TAKES_BODY, 'TENANT_ERASING') },
  }, async ({ caller, params: { tenant }, body }) => {
    await setTenantBounds(jobs.db, tenant, body, { actor: caller, audit: jobs.audit })
    logAct(jobs.logger, { tenant, act: 'tenant.bounded', actor: caller, target: tenant, details: body })
    return body
  })

  app.delete('/v1/tenants/:tenant', {
    config: { access: 'operator' },
    schema: { tags: ['keys'], summary: 'Erase a tenant with everything it has', params: TenantParams, response: withProblems({ 202: ErasureView }, ...TAKES_BODY) },
  }, async ({ caller, params: { tenant } }, reply) => {
    if (tenant === caller.tenant) throw new JobError('FORBIDDEN', `Cannot erase tenant "${tenant}": it is the one of the request's key, whose log tells of erasures; use a key with the scope "operator" of another tenant`)
    await startErasure(jobs.db, tenant, { by: caller.tenant, actor: caller, audit: jobs.audit })
    logAct(jobs.logger, { tenant, act: 'tenant.erased', actor: caller, target: tenant, details: {} })
    await confirm(jobs, 'erasure', async (redis) => await redis.exists(jobs.db.keys.erasure(tenant)) === 1)
    return reply.code(202).header('location', `/v1/tenants/${tenant}/erasure`).send(await findErasure(jobs, tenant))
  })

  app.get('/v1/tenants/:tenant/erasure', {
    config: { access: 'operator' },
    schema: { tags: ['keys'], summary: 'Read how far the erasure of a tenant is', params: TenantParams, response: withProblems({ 200: ErasureView }, 'NOT_FOUND') },
  }, async ({ params: { tenant } }) => findErasure(jobs, tenant))
}

async function findErasure ({ db }: JobService, tenant: string): Promise<ErasureView> {
  const erasure = await readErasure(db, tenant)
  if (!erasure) throw new JobError('NOT_FOUND', `Cannot find an erasure of tenant "${tenant}": there was none within the last 7 days`)
  return viewErasure(tenant, erasure)
}

function viewErasure (tenant: string, { status, stage, running, removed, startedAt, finishedAt }: Erasure): ErasureView {
  const iso = (ms: number) => new Date(ms).toISOString()
  return { tenant, status, stage, running, removed, startedAt: iso(startedAt), finishedAt: finishedAt === null ? null : iso(finishedAt) }
}
