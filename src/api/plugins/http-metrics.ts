import type { Meter } from '@opentelemetry/api'
import fp from 'fastify-plugin'
import { createHttpMetrics } from '../../telemetry/metrics/http.ts'

/** What a client that left before its answer counts as; it was never sent. */
const CLIENT_LEFT = 499
/** A connection that became a WebSocket: no answer of ours was ever ended. */
const SWITCHING_PROTOCOLS = 101

/** Counts and times every request, also one that is refused, by the template of its route. Must come before whatever refuses. */
export const httpMetrics = fp<{ meter: Meter }>(async (app, { meter }) => {
  const metrics = createHttpMetrics(meter)
  app.addHook('onRequest', (request, reply, done) => {
    const { method, is404, routeOptions } = request
    metrics.came(method)
    reply.raw.once('close', () => metrics.served({ // it comes whatever becomes of the answer
      method,
      route: is404 ? undefined : routeOptions.url,
      status: reply.raw.writableEnded || reply.statusCode === SWITCHING_PROTOCOLS ? reply.statusCode : CLIENT_LEFT,
      waited: reply.hasWaited,
      durationMs: reply.elapsedTime,
    }))
    done()
  })
}, { name: 'http-metrics', dependencies: ['waiting'] })
