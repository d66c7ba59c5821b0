import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { withProblems } from '../problem.ts'

const Health = z.object({ status: z.literal('ok') })

export interface HealthOptions {
  /** Throws UNAVAILABLE, within a bound, while a job should not be posted here. */
  checkReady (): Promise<void>
}

/** `/healthz`: the process answers. `/readyz`: a job posted now would be accepted. */
export const healthRoutes: FastifyPluginAsyncZod<HealthOptions> = async (app, { checkReady }) => {
  app.get('/healthz', {
    config: { access: 'open' },
    schema: { tags: ['health'], summary: 'Liveness', security: [], response: withProblems({ 200: Health }) },
  }, async () => ({ status: 'ok' as const }))

  app.get('/readyz', {
    config: { access: 'open' },
    schema: { tags: ['health'], summary: 'Readiness: a job posted now would be accepted', security: [], response: withProblems({ 200: Health }, 'UNAVAILABLE') },
  }, async () => {
    await checkReady()
    return { status: 'ok' as const }
  })
}
