import { z } from 'zod'
import { TenantName } from '../core/api-key.ts'
import { FAILURES, type FailureCode } from '../core/failures.ts'
import { TAG_BOUNDS } from '../core/job-request.ts'
import { WAIT_MAX_SECONDS } from './prefer.ts'

/** Ids are looked at by the route: a malformed one is as unknown as any, not an invalid request. */
export const JobParams = z.object({ id: z.string().describe('Id of a job') })

export const WebhookParams = z.object({ id: z.string().describe('Id of an endpoint') })

export const BatchParams = z.object({ id: z.string().describe('Id of a batch') })

/** Headers of requests that make a job. */
export const PostHeaders = z.object({
  'idempotency-key': z.string().optional().describe('Repeats with this key and the same body answer the first job'),
  prefer: z.string().optional().describe('`wait=N` (RFC 7240) waits up to N seconds for the end of the job'),
  traceparent: z.string().optional().describe('W3C Trace Context to join'),
})

/** Seconds to wait for the end; more than the bound counts as the bound. */
export const Wait = z.coerce.number().int().min(0).default(0)
  .transform((seconds) => Math.min(seconds, WAIT_MAX_SECONDS))
  .describe(`Seconds to wait for the end, at most ${WAIT_MAX_SECONDS}`)

/** Where a reader of events goes on. */
export const EventCursor = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).describe('Cursor of the last event already seen')

/** An event's number that a reader of a history has already seen. */
export const After = EventCursor.default(0)

const TAG_MAX_CHARS = TAG_BOUNDS.keyChars + 1 + TAG_BOUNDS.valueChars
const CURSOR_MAX_CHARS = 512
const ID_MAX_CHARS = 64

/** A tag that jobs are chosen by. */
export const Tag = z.string().max(TAG_MAX_CHARS).regex(/^[^:]+:/, 'Expected key:value').transform((text) => {
  const colon = text.indexOf(':')
  return { name: text.slice(0, colon), value: text.slice(colon + 1) }
}).describe('`key:value`, matched exactly; the key ends at the first colon')

/** A time, in milliseconds of the Unix epoch once it is read. */
export const Time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))

/** Members that choose dead letters by what they are. */
export const DEAD_FILTER = {
  code: z.enum(Object.keys(FAILURES) as [FailureCode, ...FailureCode[]]).optional().describe('Code of the failure that the job is dead of'), // the keys of a closed, non-empty table
  tag: Tag.optional(),
  batch: z.string().max(ID_MAX_CHARS).optional().describe('Id of the batch that the job is an item of'),
  since: Time.optional().describe('Made at this time or later'),
  until: Time.optional().describe('Made at this time or before'),
}

/** Where a list goes on. */
export const Cursor = z.string().max(CURSOR_MAX_CHARS).optional().describe('`nextCursor` of the page before')

/** Builds the schema of a page's size. */
export function buildPageSize (max: number, fallback: number) {
  return z.coerce.number().int().min(1).max(max).default(fallback).describe('Most entries to answer')
}

/** Which tenant a list is of. */
export const OfTenant = TenantName.optional().describe("Another tenant than the key's own; needs the scope `operator`")
