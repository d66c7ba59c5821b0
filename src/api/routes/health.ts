import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { PoolFigures } from '../../core/pool-figures.ts'
import type { Pools } from '../../store/pools.ts'
import { withProblems } from '../problem.ts'

const Health = z.object({ status: z.literal('ok') })
const Readiness = Health.extend({
  workers: z.int().min(0).describe('That said something lately'),
  runners: PoolFigures.describe('The runner processes of all of them'),
})

export interface HealthOptions {
  /** Answers what there is to run jobs. Throws UNAVAILABLE, within a bound, while a job should not be posted here. */
  checkReady (): Promise<Pools>
}

/**
 * `/healthz`: the process answers. `/readyz`: it is of use, since Redis takes writes and it is not about to stop. New jobs may be refused for want of memory all the same: the
 * results of those that were accepted are still to be read here. Nor is it less ready where no worker is: jobs are accepted, and wait.
 */
export const healthRoutes: FastifyPluginAsyncZod<HealthOptions> = async (app, { checkReady }) => {
  app.get('/healthz', {
    config: { access: 'open' },
    schema: { tags: ['health'], summary: 'Liveness', security: [], response: withProblems({ 200: Health }) },
  }, async () => ({ status: 'ok' as const }))

  app.get('/readyz', {
    config: { access: 'open' },
    schema: { tags: ['health'], summary: 'Readiness: requests may be sent here, and what there is to run jobs', security: [], response: withProblems({ 200: Readiness }, 'UNAVAILABLE') },
  }, async () => ({ status: 'ok' as const, ...await checkReady() }))
}
