import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JobError } from '../../core/failures.ts'
import { withProblems } from '../problem.ts'

const Health = z.object({ status: z.literal('ok') })

export interface HealthOptions {
  /** Rejects, within a bound, while a job posted now would not be accepted. */
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
    await checkReady().catch((cause: unknown) => {
      throw new JobError('UNAVAILABLE', 'Cannot accept jobs: the store takes no writes', { cause })
    })
    return { status: 'ok' as const }
  })
}
