import fp from 'fastify-plugin'

/** What browsers are told about every answer. Source: the OWASP HTTP headers cheat sheet, and what helmet 8 sends. */
const HEADERS = new Map([
  ['content-security-policy', "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none';sandbox"],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['origin-agent-cluster', '?1'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
  ['x-dns-prefetch-control', 'off'],
  ['x-download-options', 'noopen'],
  ['x-frame-options', 'DENY'],
  ['x-permitted-cross-domain-policies', 'none'],
  ['x-xss-protection', '0'],
])

/**
 * Whatever is answered may hold what a user wrote: nothing of it may run, be framed, or be taken for another type. No route
 * answers text/html but the documentation, which has a policy of its own. HSTS is left to the proxy that ends TLS.
 */
export const securityHeaders = fp(async (app) => {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.raw.setHeaders(HEADERS) // below Fastify's own, so that answers that are written without it have them, too
    done()
  })
}, { name: 'security-headers' })
