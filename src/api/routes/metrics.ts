import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { METRICS_MEDIA_TYPE, type Metrics } from '../../telemetry/metrics.ts'
import { withProblems } from '../problem.ts'

export interface MetricsRoutesOptions extends Pick<Metrics, 'scrape'> {
  /** Everybody may read them. */
  open: boolean
}

/** `/metrics`: this process and the whole service, in Prometheus's text form. They are about all tenants, and name none. */
export const metricsRoutes: FastifyPluginAsyncZod<MetricsRoutesOptions> = async (app, { scrape, open }) => {
  app.get('/metrics', {
    config: { access: open ? 'open' : 'metrics:read' },
    schema: {
      tags: ['health'],
      summary: 'Metrics for Prometheus',
      ...(open ? { security: [] } : {}),
      response: withProblems({ 200: z.string().describe('Prometheus text format') }),
    },
  }, async (_request, reply) => reply.type(METRICS_MEDIA_TYPE).send(await scrape()))
}
