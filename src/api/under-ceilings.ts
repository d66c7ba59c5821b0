import { Readable } from 'node:stream'
import type { preValidationAsyncHookHandler } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { z } from 'zod'
import { NO_CEILINGS, type Ceilings } from '../core/api-key.ts'
import type { Caller } from './access.ts'
import { validatorCompiler } from './validation.ts'

/** What was built is kept, by its ceilings: a schema takes some milliseconds. */
const CACHE_MAX = 1000
const NONE = JSON.stringify(NO_CEILINGS)

/** Builds once for each set of ceilings what depends on them, and answers it by caller. */
export function buildUnderCeilings<T extends object> (build: (ceilings?: Ceilings) => T): (caller: Pick<Caller, 'ceilings'>) => T {
  const unbounded = build()
  const cache = new LRUCache<string, T>({ max: CACHE_MAX })
  return ({ ceilings }) => {
    if (isUnbounded({ ceilings })) return unbounded
    const name = JSON.stringify(ceilings)
    const known = cache.get(name) ?? build(ceilings)
    cache.set(name, known)
    return known
  }
}

/**
 * Builds a hook that reads a body under the ceilings of the caller's key, before the route's own schema sees it: what is beyond them is INVALID and
 * named, and what was left out is filled in with defaults that are not.
 */
export function checkUnderCeilings (schemaOf: (caller: Caller) => z.ZodType): preValidationAsyncHookHandler {
  return async (request) => {
    if (isUnbounded(request.caller) || request.body instanceof Readable) return // a stream is looked at as it is read
    const read = validatorCompiler({ schema: schemaOf(request.caller), httpPart: 'body', method: request.method, url: request.url })(request.body ?? null)
    if (typeof read === 'object' && 'error' in read && read.error) throw read.error
    if (typeof read === 'object' && 'value' in read) request.body = read.value
  }
}

function isUnbounded ({ ceilings }: Pick<Caller, 'ceilings'>): boolean {
  return JSON.stringify(ceilings) === NONE
}
