import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import { JobError } from '../../core/failures.ts'
import type { Db } from '../../store/db.ts'
import type { Caller } from '../access.ts'

const WINDOW_SECONDS = 1

/**
 * Refuses requests of a key beyond its bound with RATE_LIMITED, and tells in `RateLimit-*` headers how many are left. They are counted in Redis, in
 * windows of a second, so that it is one bound however many API processes there are. While Redis is away nothing that needs a key can be answered, and a request that
 * cannot be counted is UNAVAILABLE like the rest. Keys without a bound cost nothing. Must come after authentication.
 * Source: draft-ietf-httpapi-ratelimit-headers-07.
 */
export const rateLimit = fp<{ db: Db }>(async (app, { db }) => {
  // It counts; each key has its own bound to compare with.
  const counter = new RateLimiterRedis({ storeClient: db.redis, keyPrefix: db.keys.rates, points: Number.MAX_SAFE_INTEGER, duration: WINDOW_SECONDS })
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config?.access === 'open') return
    await count(counter, request.caller, reply)
  })
}, { name: 'rate-limit', dependencies: ['authentication'] })

async function count (counter: RateLimiterRedis, { bounds, rateGroup }: Caller, reply: FastifyReply): Promise<void> {
  const limit = bounds.requestsPerSecond
  if (limit === null) return
  const { consumedPoints, msBeforeNext } = await counter.consume(rateGroup)
  const resetSeconds = Math.ceil(msBeforeNext / 1000)
  void reply.headers({ 'ratelimit-limit': limit, 'ratelimit-remaining': Math.max(0, limit - consumedPoints), 'ratelimit-reset': resetSeconds })
  if (consumedPoints <= limit) return
  void reply.header('retry-after', Math.max(1, resetSeconds))
  throw new JobError('RATE_LIMITED', `Cannot take the request: the API key may make ${limit} requests in a second (bounds.requestsPerSecond)`)
}
