import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { sha256 } from '../../core/digest.ts'
import { JobError } from '../../core/failures.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the request's `Idempotency-Key` stands for; undefined without one. */
    idempotency: RequestIdempotency | undefined
  }
}

/** A key as the client gave it, and a SHA-256 (hexadecimal) of the path and the body that it binds. */
export interface RequestIdempotency {
  readonly key: string
  readonly bodyHash: string
}

const HEADER = 'idempotency-key'
/** What a client may use as a key. */
export const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

/**
 * Reads the `Idempotency-Key` of requests that write. It is bound to the body as it was posted, before defaults are filled in: a repeat is the same request
 * also when a default has changed meanwhile. Neither white space nor the order of members counts. Throws INVALID for a key that is not 1 to 255
 * printable ASCII characters. Source of the header: draft-ietf-httpapi-idempotency-key-header.
 */
export const idempotency = fp(async (app) => {
  app.decorateRequest('idempotency')
  app.addHook('preValidation', async (request) => {
    const key = request.headers[HEADER]
    if (key === undefined || request.method !== 'POST') return
    if (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key)) throw new JobError('INVALID', 'Cannot take the header Idempotency-Key: expected 1 to 255 printable ASCII characters')
    request.idempotency = { key, bodyHash: hashRequest(request) }
  })
}, { name: 'idempotency' })

function hashRequest ({ url, body }: FastifyRequest): string {
  return hashBody(url.replace(/\?.*$/, ''), body)
}

/** Characters of JSON beyond which the order of members is not looked past: to sort them takes fifteen times as long as to read them. */
const SORTED_CHARS = 262_144

/** Hashes a body, bound to the path that it was posted to; the order of members makes no difference, unless there is very much of it. Of one that comes as a stream nothing is known yet: its reader compares what comes. */
export function hashBody (place: string, body: unknown): string {
  return sha256(`${place}\n${body instanceof Readable ? 'stream' : writeSorted(body)}`)
}

function writeSorted (body: unknown): string | undefined {
  const text = JSON.stringify(body) as string | undefined // what is no body has no JSON
  return text !== undefined && text.length > SORTED_CHARS ? text : JSON.stringify(body, sortMembers)
}

function sortMembers (_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
}
