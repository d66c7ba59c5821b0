import cors from '@fastify/cors'
import fp from 'fastify-plugin'

/** How long browsers may remember that a request is allowed. */
const PREFLIGHT_SECONDS = 600
/** Headers of answers that pages may read, beside those that they always may. Source: Fetch, CORS-safelisted response-header names. */
const READABLE = ['Batchbox-Serialization', 'Location', 'ETag', 'Link', 'Retry-After', 'RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset', 'Preference-Applied', 'Content-Disposition', 'Content-Encoding', 'Content-Range', 'Accept-Ranges', 'Repr-Digest', 'Upload-Complete', 'Upload-Length', 'Upload-Limit', 'Upload-Offset', 'WWW-Authenticate']

/**
 * Lets pages of the named origins use the API, with keys that they send themselves: there are no cookies to protect. Refusals can be read as well. Must come before
 * authentication: a browser asks first, without a key. The policy on cross-origin resources stays as it is: it is not about requests that CORS allows.
 */
export const crossOrigin = fp<{ origins: readonly string[] }>(async (app, { origins }) => {
  if (origins.length === 0) return
  await app.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: READABLE,
    maxAge: PREFLIGHT_SECONDS,
    strictPreflight: false, // it would answer in plain text
  })
}, { name: 'cross-origin' })
