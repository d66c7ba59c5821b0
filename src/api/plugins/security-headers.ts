import helmet from '@fastify/helmet'
import fp from 'fastify-plugin'

/**
 * Whatever is answered may hold what a user wrote: nothing of it may run, be framed, or be taken for another type. No route
 * answers text/html but the documentation, which has a policy of its own. HSTS is left to the proxy that ends TLS.
 */
export const securityHeaders = fp(async (app) => {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'base-uri': ["'none'"], 'form-action': ["'none'"], 'frame-ancestors': ["'none'"], sandbox: [] },
    },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
  })
}, { name: 'security-headers' })
