import { context, SpanKind, SpanStatusCode, trace, type Span, type Tracer } from '@opentelemetry/api'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { contextFromTraceparent, contextOf } from '../../telemetry/spans.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The server span of the request; one that records nothing in open routes. */
    readonly span: Span
  }
}

export interface TracingOptions {
  tracer: Tracer
}

const NO_SPAN = trace.wrapSpanContext({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 })

/** Makes a server span per request, joined to its `traceparent`. Health checks and documentation are not traced. Source: OpenTelemetry HTTP conventions, stable. */
export const tracing = fp<TracingOptions>(async (app, { tracer }) => {
  const spans = new WeakMap<FastifyRequest, Span>()
  app.decorateRequest('span', { getter (this: FastifyRequest) { return spans.get(this) ?? NO_SPAN } })

  app.addHook('onRequest', (request, _reply, done) => {
    if (request.routeOptions.config?.access === 'open') return done()
    const span = startSpan(tracer, request)
    spans.set(request, span)
    context.with(contextOf(span), done)
  })

  app.addHook('onResponse', (request, reply, done) => {
    request.span.setAttribute('http.response.status_code', reply.statusCode)
    if (reply.statusCode >= 500) request.span.setStatus({ code: SpanStatusCode.ERROR })
    request.span.end()
    done()
  })
}, { name: 'tracing' })

function startSpan (tracer: Tracer, request: FastifyRequest): Span {
  const { method, protocol, url } = request
  const route = request.routeOptions.url
  const header = request.headers['traceparent']
  return tracer.startSpan(route === undefined ? method : `${method} ${route}`, {
    kind: SpanKind.SERVER,
    attributes: {
      'http.request.method': method,
      'url.scheme': protocol,
      'url.path': url.split('?', 1)[0] ?? '',
      ...(route === undefined ? {} : { 'http.route': route }),
    },
  }, contextFromTraceparent(typeof header === 'string' ? header : null))
}
