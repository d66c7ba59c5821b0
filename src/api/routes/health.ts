import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { withProblems } from '../problem.ts'

const Health = z.object({ status: z.literal('ok') })

export interface HealthOptions {
  /** Throws UNAVAILABLE, within a bound, while a job should not be posted here. */
  checkReady (): Promise<void>
}

/**
 * `/healthz`: the process answers. `/readyz`: it is of use, since Redis takes writes and it is not about to stop. New jobs may be refused for want of memory all the same: the
 * results of those that were accepted are still to be read here.
 */
export const healthRoutes: FastifyPluginAsyncZod<HealthOptions> = async (app, { checkReady }) => {
  app.get('/healthz', {
    config: { access: 'open' },
    schema: { tags: ['health'], summary: 'Liveness', security: [], response: withProblems({ 200: Health }) },
  }, async () => ({ status: 'ok' as const }))

  app.get('/readyz', {
    config: { access: 'open' },
    schema: { tags: ['health'], summary: 'Readiness: requests may be sent here', security: [], response: withProblems({ 200: Health }, 'UNAVAILABLE') },
  }, async () => {
    await checkReady()
    return { status: 'ok' as const }
  })
}
