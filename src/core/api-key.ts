import { z } from 'zod'
import { JOB_LIMITS, type LimitName } from './limits.ts'
import { findBeyond, meetPermissions, NetEntry, Permissions } from './permissions.ts'
import { SecretName } from './secret.ts'

/** What a key may do within its tenant. `admin` implies the others. */
export const TENANT_SCOPES = ['jobs:read', 'jobs:write', 'dead-letters:write', 'secrets:write', 'functions:write', 'webhooks:write', 'files:read', 'files:write', 'admin'] as const
/** What reaches beyond a tenant, so that `admin` does not imply it. `operator` implies everything, for every tenant. */
export const SERVICE_SCOPES = ['metrics:read', 'operator'] as const

export const Scope = z.enum([...TENANT_SCOPES, ...SERVICE_SCOPES])
export type Scope = z.infer<typeof Scope>

/** Without a colon, which ends a tenant in the names of keys in Redis: `acme:queued` would own the index of acme's queued jobs. */
export const TenantName = z.string().regex(/^[\w-]{1,64}$/, 'Expected 1 to 64 letters, digits, hyphens and underscores')

const TOOL_NAME_MAX_CHARS = 256
const TOOLS_MAX = 64
const SECRETS_MAX = 1000
const WEBHOOK_HOSTS_MAX = 100
/** Most that a bound may be: far above what one service does. */
const BOUND_MAX = { requestsPerSecond: 100_000, jobs: 10_000_000 } as const

const limits = Object.fromEntries(Object.entries(JOB_LIMITS).map(([name, { min, ceiling, unit, description }]) => [
  name, z.number().int().min(min).max(ceiling).optional().describe(`${description} (${unit})`),
])) as Record<LimitName, z.ZodOptional<z.ZodNumber>> // the keys of a closed table

/** The most that jobs of a key may ask for. What is left out or null is bounded by the service alone. */
export const Ceilings = z.strictObject({
  limits: z.strictObject(limits).default({}),
  tools: z.array(z.string().min(1).max(TOOL_NAME_MAX_CHARS)).max(TOOLS_MAX).nullable().default(null).describe('Tools that a job may name; null for any'),
  permissions: Permissions.nullable().default(null).describe('The most that a job may ask to touch; null for anything'),
  secrets: z.array(SecretName).max(SECRETS_MAX).nullable().default(null).describe('Secrets that a job may name; null for any'),
  webhooks: z.array(NetEntry).max(WEBHOOK_HOSTS_MAX).nullable().default(null).describe('Hosts that webhooks may lead to: `host` (ports 80 and 443), `host:port`, `host:*`, `*.suffix`; null for any'),
})
export type Ceilings = z.infer<typeof Ceilings>

/** Those of a key that is to be made: it has the secrets that it is given, and no others. */
export const KeyCeilings = Ceilings.extend({ secrets: Ceilings.shape.secrets.unwrap().default([]).describe('Secrets that a job may name: none unless they are given; null for any') })

/** How much a key may use at one time; null for no bound of its own. */
export const KeyBounds = z.strictObject({
  requestsPerSecond: z.number().int().min(1).max(BOUND_MAX.requestsPerSecond).nullable().default(null).describe('Requests in one second, by this key and those that were made with it together'),
  jobsWaiting: z.number().int().min(0).max(BOUND_MAX.jobs).nullable().default(null).describe('No job is taken while so many of the tenant are queued or scheduled'),
})
export type KeyBounds = z.infer<typeof KeyBounds>

/** How much all keys of a tenant may use at one time, null for no bound of its own, and what their jobs may ask for. */
export const TenantBounds = z.strictObject({
  jobsWaiting: z.number().int().min(0).max(BOUND_MAX.jobs).nullable().describe('No job is taken while so many are queued or scheduled'),
  jobsRunning: z.number().int().min(0).max(BOUND_MAX.jobs).nullable().describe('Jobs that may run at one time; others wait'),
  ceilings: Ceilings.prefault({}).describe('The most that jobs may ask for, whatever their key has; effective within 5 s'),
})
export type TenantBounds = z.infer<typeof TenantBounds>

/** What the holder of a key may do, and how much of it. */
export interface KeyRights {
  tenant: string
  scopes: readonly string[]
  ceilings: Ceilings
  bounds: KeyBounds
  /** Milliseconds of the Unix epoch; null for a key that does not expire. */
  expiresAt: number | null
  /** Id of the key whose count of requests this one shares: its own, unless a bounded key made it. */
  rateGroup: string
}

export const NO_CEILINGS: Ceilings = Ceilings.parse({})
export const NO_BOUNDS: KeyBounds = KeyBounds.parse({})

/** What the ceilings of a key and of its tenant both have room for. */
export function meetCeilings (one: Ceilings, other: Ceilings): Ceilings {
  const names = [...new Set([...Object.keys(one.limits), ...Object.keys(other.limits)])] as LimitName[] // each is the name of a limit
  return {
    limits: Object.fromEntries(names.map((name) => [name, Math.min(one.limits[name] ?? Infinity, other.limits[name] ?? Infinity)])),
    tools: meetNames(one.tools, other.tools),
    permissions: meetPermissions(one.permissions, other.permissions),
    secrets: meetNames(one.secrets, other.secrets),
    webhooks: meetHosts(one.webhooks, other.webhooks),
  }
}

function meetHosts (one: string[] | null, other: string[] | null): string[] | null {
  if (one === null || other === null) return one ?? other
  const met = meetPermissions({ net: one }, { net: other })
  return met !== null && met !== 'none' && Array.isArray(met.net) ? met.net : []
}

function meetNames (one: string[] | null, other: string[] | null): string[] | null {
  return one === null || other === null ? one ?? other : one.filter((name) => other.includes(name))
}

/** Tells whether scopes allow what needs that one. */
export function hasScope ({ scopes }: Pick<KeyRights, 'scopes'>, scope: Scope): boolean {
  if (scopes.includes('operator') || scopes.includes(scope)) return true
  return scopes.includes('admin') && TENANT_SCOPES.some((each) => each === scope)
}

/** The rights of a key that is made with another one: what was not asked for is as the maker has it. */
export function inheritRights (maker: KeyRights, asked: Omit<KeyRights, 'rateGroup'>, id: string): KeyRights {
  if (hasScope(maker, 'operator')) return { ...asked, rateGroup: id }
  const { ceilings, bounds } = asked
  return {
    ...asked,
    ceilings: {
      limits: { ...maker.ceilings.limits, ...ceilings.limits },
      tools: ceilings.tools ?? maker.ceilings.tools,
      permissions: ceilings.permissions ?? maker.ceilings.permissions,
      secrets: ceilings.secrets ?? maker.ceilings.secrets,
      webhooks: ceilings.webhooks ?? maker.ceilings.webhooks,
    },
    bounds: {
      requestsPerSecond: bounds.requestsPerSecond ?? maker.bounds.requestsPerSecond,
      jobsWaiting: bounds.jobsWaiting ?? maker.bounds.jobsWaiting,
    },
    expiresAt: asked.expiresAt ?? maker.expiresAt,
    rateGroup: maker.bounds.requestsPerSecond === null ? id : maker.rateGroup,
  }
}

/**
 * Names the first right that a key has beyond those of another; undefined where there is none. Nobody may make a key, or come to have its
 * token, that may do more than their own.
 */
export function findGrowth (holder: KeyRights, wanted: KeyRights): string | undefined {
  if (hasScope(holder, 'operator')) return undefined
  if (wanted.tenant !== holder.tenant) return `tenant is ${JSON.stringify(wanted.tenant)}, not the key's own`
  const scope = wanted.scopes.find((each) => !holder.scopes.includes(each) && !hasScope(holder, each as Scope)) // one that is unknown is not implied
  if (scope !== undefined) return `scopes has "${scope}"`
  return findHigher('ceilings.limits.', holder.ceilings.limits, wanted.ceilings.limits)
    ?? findOther('ceilings.tools', holder.ceilings.tools, wanted.ceilings.tools)
    ?? findOther('ceilings.secrets', holder.ceilings.secrets, wanted.ceilings.secrets)
    ?? findPermission(holder.ceilings, wanted.ceilings)
    ?? findHost(holder.ceilings, wanted.ceilings)
    ?? findHigher('bounds.', holder.bounds, wanted.bounds)
    ?? findHigher('', { expiresAt: holder.expiresAt }, { expiresAt: wanted.expiresAt })
    ?? (holder.bounds.requestsPerSecond !== null && holder.rateGroup !== wanted.rateGroup ? 'bounds.requestsPerSecond counts apart from the key\'s own' : undefined)
}

type Numbers = Readonly<Record<string, number | null | undefined>>

function findHigher (path: string, own: Numbers, wanted: Numbers): string | undefined {
  for (const [name, most] of Object.entries(own)) {
    const asked = wanted[name] ?? null
    if (most === null || most === undefined || (asked !== null && asked <= most)) continue
    return `${path}${name} is ${asked ?? 'without a bound'}, more than ${most}`
  }
  return undefined
}

/** Lists of names; null for any. */
function findOther (path: string, own: readonly string[] | null, wanted: readonly string[] | null): string | undefined {
  if (own === null) return undefined
  if (wanted === null) return `${path} is without a bound`
  const other = wanted.find((each) => !own.includes(each))
  return other === undefined ? undefined : `${path} has ${JSON.stringify(other)}`
}

function findPermission (own: Ceilings, wanted: Ceilings): string | undefined {
  if (own.permissions === null) return undefined
  if (wanted.permissions === null) return 'ceilings.permissions is without a bound'
  const beyond = findBeyond(wanted.permissions, own.permissions)
  return beyond === undefined ? undefined : `ceilings.permissions has ${beyond}`
}

function findHost (own: Ceilings, wanted: Ceilings): string | undefined {
  if (own.webhooks === null) return undefined
  if (wanted.webhooks === null) return 'ceilings.webhooks is without a bound'
  const beyond = findBeyond({ net: wanted.webhooks }, { net: own.webhooks })
  return beyond === undefined ? undefined : `ceilings.webhooks has ${beyond.replace('net: ', '')}`
}
