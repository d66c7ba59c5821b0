import { z } from 'zod'
import type { Ceilings } from './api-key.ts'
import { JobError } from './failures.ts'
import { buildOtherLimits, describeExcessLogs, Priority, type JobSpec } from './job-request.ts'
import { describeMaximum, JOB_LIMITS, lowerPolicy, policyOfTransforms, type LimitName, type LimitPolicy, type Limits } from './limits.ts'
import { findBeyond, type PermissionsRequest } from './permissions.ts'
import { RetryPolicy } from './retry.ts'
import { isWithinHosts } from './webhook.ts'

/** Builds the members of a replay that say what is to be other than in the jobs that it is made from. */
export function buildReplayChange (policy: LimitPolicy) {
  return {
    limits: buildOtherLimits(policy).describe('Limits to have instead; those that are not named stay'),
    retry: RetryPolicy.optional().describe('Retry policy to have instead, as a whole'),
    priority: Priority.optional(),
    again: z.boolean().default(false).describe('Also where the job was replayed before'),
  }
}

export type ReplayChange = z.infer<z.ZodObject<ReturnType<typeof buildReplayChange>>>

/** The most that a replay may ask for. JSON keeps it. */
export interface ReplayBounds {
  maxima: Limits
  /** Limits whose maxima are the ceilings of the API key. */
  ceilings: LimitName[]
  /** The same for transforms. Orders from before there were any have none. */
  transforms?: Pick<ReplayBounds, 'maxima' | 'ceilings'>
  /** Tools of the API key's ceiling; null for any. */
  tools: string[] | null
  /** Permissions of the API key's ceiling; null for any. Orders of versions before have none. */
  permissions?: PermissionsRequest | null
  /** Secrets of it; null for any. Orders from before there were secrets have none. */
  secrets?: string[] | null
  /** Hosts that webhooks may lead to; null for any. Orders from before there were webhooks have none. */
  webhooks?: string[] | null
}

/** The bounds of a service, for jobs that are replayed with an API key of those ceilings. */
export function buildReplayBounds (policy: LimitPolicy, { limits, tools, permissions, secrets, webhooks }: Ceilings): ReplayBounds {
  const bounds = (service: LimitPolicy) => {
    const { maxima, ceilings } = lowerPolicy(service, limits)
    return { maxima, ceilings: [...ceilings] }
  }
  return { ...bounds(policy), transforms: bounds(policyOfTransforms(policy)), tools, permissions, secrets, webhooks }
}

/**
 * Makes the request of a replay from that of the job. It is due at once, whatever the job had waited for. Throws INVALID where the result is no request that
 * the service would take of this caller: its maxima may have been lowered since, and the job may be another key's.
 */
export function buildReplaySpec ({ runAt: _, ...spec }: JobSpec, { limits: others, retry = spec.retry, priority = spec.priority }: Omit<ReplayChange, 'again'>, bounds: ReplayBounds): JobSpec {
  const { tools, permissions = null, secrets = [], webhooks = null } = bounds
  const { maxima, ceilings } = spec.transform && bounds.transforms ? bounds.transforms : bounds
  const limits = { ...spec.limits }
  for (const name of Object.keys(JOB_LIMITS) as LimitName[]) { // the keys of a closed table
    limits[name] = others[name] ?? limits[name]
    if (!(limits[name] > maxima[name])) continue // jobs of versions before may lack one
    throw refuse(`/limits/${name}`, `limits.${name} is ${limits[name]} ${JOB_LIMITS[name].unit}, more than ${describeMaximum({ maxima, ceilings: new Set(ceilings) }, name)}`)
  }
  const excess = describeExcessLogs(limits, retry)
  if (excess !== undefined) throw refuse('/retry/attempts', excess)
  const beyond = tools === null ? undefined : spec.tools.find((name) => !tools.includes(name))
  if (beyond !== undefined) throw refuse('/tools', `tool ${JSON.stringify(beyond)} is beyond the API key's ceiling (ceilings.tools)`)
  const forbidden = findBeyond(spec.permissions ?? 'none', permissions) // jobs of versions before have none
  if (forbidden !== undefined) throw refuse('/permissions', `${forbidden} is beyond the API key's ceiling (ceilings.permissions)`)
  const withheld = secrets === null ? undefined : (spec.secrets ?? []).find((name) => !secrets.includes(name)) // jobs of versions before have none
  if (withheld !== undefined) throw refuse('/secrets', `secret ${JSON.stringify(withheld)} is beyond the API key's ceiling (ceilings.secrets)`)
  if (spec.webhook && !isWithinHosts(spec.webhook.url, webhooks)) throw refuse('/webhook/url', `host ${JSON.stringify(new URL(spec.webhook.url).host)} is beyond the API key's ceiling (ceilings.webhooks)`)
  return { ...spec, limits, retry, priority, delayMs: 0 }
}

function refuse (pointer: string, message: string): JobError {
  return new JobError('INVALID', `Cannot replay the job: ${message}`, { errors: [{ pointer, message }] })
}
