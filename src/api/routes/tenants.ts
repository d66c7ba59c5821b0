import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { TenantBounds, TenantName } from '../../core/api-key.ts'
import { readTenantBounds, setTenantBounds } from '../../store/tenant-bounds.ts'
import { chooseTenant } from '../choose-tenant.ts'
import type { JobService } from '../job-service.ts'
import { logAct } from '../log-act.ts'
import { withProblems } from '../problem.ts'

const TenantParams = z.object({ tenant: TenantName })

/** Bounds tenants. An operator sets the bounds, administrators read their own. */
export const tenantRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.get('/v1/tenants/:tenant/bounds', {
    config: { access: 'admin' },
    schema: { tags: ['keys'], summary: 'Read the bounds of a tenant', params: TenantParams, response: withProblems({ 200: TenantBounds }) },
  }, async ({ caller, params: { tenant } }) => readTenantBounds(jobs.db, chooseTenant(caller, tenant)))

  app.put('/v1/tenants/:tenant/bounds', {
    config: { access: 'operator' },
    schema: { tags: ['keys'], summary: 'Bound a tenant', params: TenantParams, body: TenantBounds, response: withProblems({ 200: TenantBounds }, 'UNSUPPORTED_MEDIA_TYPE') },
  }, async ({ caller, params: { tenant }, body }) => {
    await setTenantBounds(jobs.db, tenant, body, { actor: caller, audit: jobs.audit })
    logAct(jobs.logger, { tenant, act: 'tenant.bounded', actor: caller, target: tenant, details: body })
    return body
  })
}
