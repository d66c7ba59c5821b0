import type { ApiKey, ApiKeyWithToken, NewKey } from './api-types.ts'
import { buildListing, type Listing } from './http/pages.ts'
import type { Requester } from './http/requester.ts'
import type { RequestOptions } from './options.ts'

const ROOT = 'v1/keys'

/** What administrators do with keys. */
export interface Keys {
  /** The answer has the token, this once. It is not repeated where the answer was lost: there may be a key then that nobody knows. */
  create (key: NewKey, options?: RequestOptions): Promise<ApiKeyWithToken>
  list (query?: { tenant?: string, limit?: number, cursor?: string }, options?: RequestOptions): Listing<ApiKey>
  get (id: string, options?: RequestOptions): Promise<ApiKey>
  /** Gives a key another token; the former one goes on for `graceMs`. */
  rotate (id: string, change?: { graceMs?: number }, options?: RequestOptions): Promise<ApiKeyWithToken>
  /** Revokes a key at once. */
  delete (id: string, options?: RequestOptions): Promise<void>
}

export function buildKeys (requester: Requester): Keys {
  const { json } = requester
  return {
    create: (key, options) => json({ method: 'POST', path: ROOT, json: key, ...options }),
    list: (query, options) => buildListing(requester, ROOT, { query, options }),
    get: (id, options) => json({ path: [ROOT, id], ...options }),
    rotate: (id, change = {}, options) => json({ method: 'POST', path: [ROOT, id, 'rotate'], json: change, ...options }),
    delete: (id, options) => json({ method: 'DELETE', path: [ROOT, id], ...options }),
  }
}
