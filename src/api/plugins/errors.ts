import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { FAILURES, JobError } from '../../core/failures.ts'
import { failSpan } from '../../telemetry/spans.ts'
import { drain, linger } from '../drain.ts'
import { buildProblemOf, PROBLEM_MEDIA_TYPE, type Problem } from '../problem.ts'
import { isStoreAway } from '../../store/store-away.ts'

const RETRY_AFTER_SECONDS = 1

/** Answers every failure of a request as a problem (RFC 9457). What was not expected is logged once and answered without detail. */
export const errors = fp(async (app) => {
  app.setErrorHandler<FastifyError | Error>(async (error, request, reply) => {
    const closes = reply.hasHeader('connection') || !reply.raw.shouldKeepAlive
    if (closes) await drain(request.raw)
    else linger(request.raw)
    return answerError(error, request, reply)
  })
}, { name: 'errors' })

/** Answers a failure; also those that Fastify meets before a request has its hooks, such as a malformed URL. */
export function answerError (error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const failure = toJobError(error, request)
  if (failure.code === 'INTERNAL') request.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
  if (failure.code === 'UNAVAILABLE') request.log.warn({ reason: error.message, route: request.routeOptions.url }, 'store is away')
  return sendProblem(request, reply, failure, buildProblemOf(failure))
}

function sendProblem (request: FastifyRequest, reply: FastifyReply, failure: JobError, problem: Problem): FastifyReply {
  const { status } = FAILURES[failure.code]
  if (status >= 500) failSpan(request.span, failure)
  if ((status === 503 || status === 429) && !reply.hasHeader('retry-after')) reply.header('retry-after', RETRY_AFTER_SECONDS)
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  const refusal = request.routeOptions.config?.refuse?.(problem, request, reply)
  if (refusal) return reply.code(refusal.status).type('application/json; charset=utf-8').send(JSON.stringify(refusal.body))
  const shaped = request.routeOptions.config?.shapeProblem?.(problem) ?? problem
  return reply.code(status).type(PROBLEM_MEDIA_TYPE).send(JSON.stringify(shaped))
}

function toJobError (error: FastifyError | Error, request: FastifyRequest): JobError {
  if (error instanceof JobError) return error
  if (isStoreAway(error)) return new JobError('UNAVAILABLE', 'Cannot reach the store: try again', { cause: error })
  const code = 'code' in error ? error.code : undefined
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return describeLargeBody(request)
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const seen = request.headers['content-type'] ?? 'none'
    const taken = request.routeOptions.schema?.consumes ?? ['application/json']
    return new JobError('UNSUPPORTED_MEDIA_TYPE', `Cannot read the body: its content type is ${JSON.stringify(seen.slice(0, 100))}, not ${taken.join(' or ')}`)
  }
  const status = 'statusCode' in error ? error.statusCode : undefined
  if (status !== undefined && status >= 400 && status < 500) return new JobError('BAD_REQUEST', `Cannot read the request: ${error.message}`, { cause: error })
  return new JobError('INTERNAL', 'Cannot answer the request: something failed inside; the log has it', { cause: error })
}

function describeLargeBody (request: FastifyRequest): JobError {
  const { bodyLimit } = request.routeOptions
  const length = request.headers['content-length']
  const seen = length === undefined ? 'more' : `${length} bytes, more`
  return new JobError('INPUT_TOO_LARGE', `Cannot take the body: it has ${seen} than the maximum of ${bodyLimit} bytes`)
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Adds what a route's own clients expect to its problems. */
    shapeProblem?: (problem: Problem) => Problem
    /** Answers in a route's own form instead. */
    refuse?: (problem: Problem, request: FastifyRequest, reply: FastifyReply) => { status: number, body: object }
  }
}
