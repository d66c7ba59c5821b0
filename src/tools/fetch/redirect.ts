import { readTarget, type Target } from '../../net/target.ts'
import { ToolError } from '../tool.ts'
import { type HeaderList, joinValues, withoutBodyHeaders, withoutCredentials } from './headers.ts'
import type { Upload } from './upload.ts'

/** One request as it is sent, and once more for each redirect. */
export interface Hop {
  target: Target
  method: string
  headers: HeaderList
  /** `Upload`: comes in parts, and only once. */
  body: Buffer | Upload | null
  /** Of a body that comes in parts, where it is known. */
  length: number | null
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** Answers where a response redirects to, as it says; undefined for one that does not. Throws a ToolError when it says two things. */
export function findLocation (status: number, headers: HeaderList): string | undefined {
  if (!REDIRECTS.has(status)) return undefined
  const locations = headers.filter(([name]) => name === 'location')
  if (locations.length > 1) throw new ToolError('Cannot fetch: a redirect leads to two places')
  return locations.length === 0 ? undefined : Buffer.from(joinValues(locations, 'location'), 'latin1').toString()
}

/** Answers the request that follows a redirect. Throws a RefusedTarget, or a ToolError where the body cannot be sent again. Source: Fetch standard, "HTTP-redirect fetch". */
export function follow ({ target, method, headers, body, length }: Hop, status: number, location: string): Hop {
  const next = readTarget(location, target.url)
  if (status !== 303 && body !== null && !(body instanceof Buffer)) throw new ToolError(`Cannot fetch ${target.url.origin}: it redirects a body that was sent in parts, which cannot be sent again`)
  const kept = next.url.origin === target.url.origin ? headers : withoutCredentials(headers)
  const isGet = ((status === 301 || status === 302) && method === 'POST') || (status === 303 && method !== 'GET' && method !== 'HEAD')
  if (isGet) return { target: next, method: 'GET', headers: withoutBodyHeaders(kept), body: null, length: null }
  return { target: next, method, headers: kept, body, length }
}
