import { z } from 'zod'
import { TenantName } from '../core/api-key.ts'
import { WAIT_MAX_SECONDS } from './prefer.ts'

/** Ids are looked at by the route: a malformed one is as unknown as any, not an invalid request. */
export const JobParams = z.object({ id: z.string().describe('Id of a job') })

export const BatchParams = z.object({ id: z.string().describe('Id of a batch') })

/** Seconds to wait for the end; more than the bound counts as the bound. */
export const Wait = z.coerce.number().int().min(0).default(0)
  .transform((seconds) => Math.min(seconds, WAIT_MAX_SECONDS))
  .describe(`Seconds to wait for the end, at most ${WAIT_MAX_SECONDS}`)

/** An event's number that a reader has already seen. */
export const After = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0).describe('Number of the last event already seen')

/** Builds the schema of a page's size. */
export function buildPageSize (max: number, fallback: number) {
  return z.coerce.number().int().min(1).max(max).default(fallback).describe('Most entries to answer')
}

/** Which tenant a list is of. */
export const OfTenant = TenantName.optional().describe("Another tenant than the key's own; needs the scope `operator`")
