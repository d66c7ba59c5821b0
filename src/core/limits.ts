import { z } from 'zod'

interface Bound {
  default: number
  /** Most a job may ask for, unless the operator raises or lowers it. */
  max: number
  /** What an operator may set the maximum to at the most. */
  ceiling: number
  min: number
  unit: 'ms' | 'MB' | 'bytes' | 'lines' | 'timers' | 'calls' | 'characters'
  description: string
}

const MB = 1_048_576
const GB = 1024 * MB
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** What a job may ask for, by the name it has in `limits`. */
export const JOB_LIMITS = {
  timeoutMs: { default: 30_000, max: 60 * MINUTE_MS, ceiling: 24 * 60 * MINUTE_MS, min: 1, unit: 'ms', description: 'Wall time from the first instruction of user code' },
  cpuMs: { default: 10_000, max: 10 * MINUTE_MS, ceiling: 24 * 60 * MINUTE_MS, min: 1, unit: 'ms', description: 'CPU time of user code; waiting is free' },
  memoryMb: { default: 128, max: 1024, ceiling: 8192, min: 16, unit: 'MB', description: 'Memory of the isolate' },
  logBytes: { default: MB, max: 16 * MB, ceiling: 256 * MB, min: 0, unit: 'bytes', description: 'Log text kept; the rest is cut and counted' },
  logLines: { default: 1000, max: 100_000, ceiling: 1_000_000, min: 0, unit: 'lines', description: 'Log lines kept; the rest is cut and counted' },
  resultBytes: { default: 5 * MB, max: 64 * MB, ceiling: 256 * MB, min: 2, unit: 'bytes', description: 'Result as UTF-8 JSON' },
  timers: { default: 1000, max: 1000, ceiling: 100_000, min: 0, unit: 'timers', description: 'Timers pending at one time' },
  toolCalls: { default: 1000, max: 100_000, ceiling: 1_000_000, min: 0, unit: 'calls', description: 'Calls of tools in one run' },
  concurrentToolCalls: { default: 64, max: 64, ceiling: 1024, min: 1, unit: 'calls', description: 'Calls of tools that wait for their answer at one time' },
  outputBytes: { default: 4 * GB, max: 64 * GB, ceiling: 16_384 * GB, min: 0, unit: 'bytes', description: 'Files that the job makes, as they are stored, taken together' },
} as const satisfies Record<string, Bound>

/** What a request may weigh; no job asks for more, only an operator. */
export const REQUEST_LIMITS = {
  codeChars: { default: 100_000, max: 100_000, ceiling: 1_000_000, min: 1, unit: 'characters', description: 'Code of one job, in UTF-16 code units' },
  inputBytes: { default: 2 * MB, max: 2 * MB, ceiling: 64 * MB, min: 2, unit: 'bytes', description: 'Input of one job as UTF-8 JSON' },
} as const satisfies Record<string, Bound>

/** Wall and CPU time of a transform, which may go on for as long as its data: instead of those of other jobs. */
const TRANSFORM_MS = { default: HOUR_MS, max: 24 * HOUR_MS, ceiling: 7 * 24 * HOUR_MS } as const
const TRANSFORM_VARIABLE = 'BATCHBOX_MAX_TRANSFORM_MS'

export type LimitName = keyof typeof JOB_LIMITS
export type Limits = Readonly<Record<LimitName, number>>
export type RequestLimitName = keyof typeof REQUEST_LIMITS

/** Defaults and maxima in force for one service. */
export interface LimitPolicy {
  readonly defaults: Limits
  readonly maxima: Limits
  readonly request: Readonly<Record<RequestLimitName, number>>
  /** Limits whose maxima are the ceilings of an API key, lower than those of the service. */
  readonly ceilings: ReadonlySet<LimitName>
  /** Longest that a transform may run and compute, in milliseconds. */
  readonly transformMs: number
}

const variable = (kind: 'MAX' | 'DEFAULT', name: string) => `BATCHBOX_${kind}_${name.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}`
const names = Object.keys(JOB_LIMITS) as LimitName[] // the keys of a closed table
const requestNames = Object.keys(REQUEST_LIMITS) as RequestLimitName[] // likewise

/** The environment variables that set every default and maximum, as members of a process's configuration schema. */
export const LIMIT_VARIABLES: Record<string, z.ZodType<number, unknown>> = Object.fromEntries([
  ...names.flatMap((name) => {
    const { min, max, ceiling, description, unit, default: fallback } = JOB_LIMITS[name]
    const bounded = z.coerce.number().int().min(min).max(ceiling)
    return [
      [variable('DEFAULT', name), bounded.default(fallback).describe(`${description}, when a job does not say (${unit})`)],
      [variable('MAX', name), bounded.default(max).describe(`${description}, at the most (${unit})`)],
    ] as const
  }),
  ...requestNames.map((name) => {
    const { min, max, ceiling, description, unit } = REQUEST_LIMITS[name]
    return [variable('MAX', name), z.coerce.number().int().min(min).max(ceiling).default(max).describe(`${description}, at the most (${unit})`)] as const
  }),
  [TRANSFORM_VARIABLE, z.coerce.number().int().min(1).max(TRANSFORM_MS.ceiling).default(TRANSFORM_MS.max).describe('Wall time of a transform, and its CPU time, at the most (ms)')] as const,
])

/** Reads the policy from a configuration parsed with `LIMIT_VARIABLES`. A default above its maximum is lowered to it. */
export function loadLimitPolicy (config: Readonly<Record<string, unknown>>): LimitPolicy {
  const read = (kind: 'MAX' | 'DEFAULT', name: string) => Number(config[variable(kind, name)])
  const maxima = Object.fromEntries(names.map((name) => [name, read('MAX', name)])) as Limits
  const defaults = Object.fromEntries(names.map((name) => [name, Math.min(read('DEFAULT', name), maxima[name])])) as Limits
  const request = Object.fromEntries(requestNames.map((name) => [name, read('MAX', name)])) as LimitPolicy['request']
  return Object.freeze({ defaults, maxima, request, ceilings: new Set<LimitName>(), transformMs: Number(config[TRANSFORM_VARIABLE]) })
}

/** Lowers a policy to the ceilings of an API key, the defaults too. */
export function lowerPolicy (policy: LimitPolicy, ceilings: Readonly<Partial<Record<LimitName, number | undefined>>>): LimitPolicy {
  const lowered = names.filter((name) => (ceilings[name] ?? Infinity) < policy.maxima[name])
  const lower = (limits: Limits): Limits => Object.fromEntries(names.map((name) => [name, Math.min(limits[name], ceilings[name] ?? Infinity)])) as Limits // each of the names
  return { ...policy, defaults: lower(policy.defaults), maxima: lower(policy.maxima), ceilings: new Set(lowered) }
}

/** The policy for the transforms of a service: their times are bounded by the most that a transform may have. */
export function policyOfTransforms ({ defaults, maxima, transformMs, ...rest }: LimitPolicy): LimitPolicy {
  const times = (ms: number) => ({ timeoutMs: ms, cpuMs: ms })
  return { ...rest, transformMs, defaults: { ...defaults, ...times(Math.min(TRANSFORM_MS.default, transformMs)) }, maxima: { ...maxima, ...times(transformMs) } }
}

/** Says what the maximum of a limit is, for who asked for more. */
export function describeMaximum ({ maxima, ceilings }: Pick<LimitPolicy, 'maxima' | 'ceilings'>, name: LimitName): string {
  return `${ceilings.has(name) ? `the API key's ceiling (ceilings.limits.${name})` : 'the maximum'} of ${maxima[name]} ${JOB_LIMITS[name].unit}`
}

/** The policy of a service whose operator set nothing. */
export const DEFAULT_LIMIT_POLICY: LimitPolicy = loadLimitPolicy(z.object(LIMIT_VARIABLES).parse({}))
