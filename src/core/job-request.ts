import { z } from 'zod'
import type { Ceilings } from './api-key.ts'
import { FileInput } from './file.ts'
import { describeMaximum, JOB_LIMITS, lowerPolicy, policyOfTransforms, type LimitName, type LimitPolicy, type Limits } from './limits.ts'
import { ISOLATION_LEVELS } from './outcome.ts'
import { findBeyond, Permissions, type PermissionsRequest } from './permissions.ts'
import { RetryPolicy } from './retry.ts'
import { findNameFault, SOURCE_BOUNDS } from './source-names.ts'
import { SECRET_BOUNDS, SecretName } from './secret.ts'
import { Serialization } from './structured.ts'
import { TransformSettings } from './transform.ts'
import { buildJobWebhook } from './webhook.ts'

/** Tags are bounded and matched exactly; they never become metric labels. */
export const TAG_BOUNDS = { count: 16, keyChars: 64, valueChars: 256 } as const
export const ENTRY_MAX_CHARS = 256
const DAY_MS = 86_400_000
export const DELAY_MAX_MS = 365 * DAY_MS
export const TTL_BOUNDS = { min: 1, max: 365 * DAY_MS } as const
const TOOLS_MAX = 64
const TOOL_CONFIG_MAX_CHARS = 16_384
/** Logs of all attempts of one job: each has the whole budget, and all of them are kept. */
const ALL_LOGS_MAX_BYTES = 268_435_456

export const Priority = z.enum(['low', 'normal', 'high', 'critical'])
export type Priority = z.infer<typeof Priority>

export const Tags = z.record(
  z.string().min(1).max(TAG_BOUNDS.keyChars),
  z.string().max(TAG_BOUNDS.valueChars),
).refine((tags) => Object.keys(tags).length <= TAG_BOUNDS.count, `At most ${TAG_BOUNDS.count} tags`)

export const RequireIsolation = z.array(z.enum(ISOLATION_LEVELS)).max(ISOLATION_LEVELS.length)
  .refine((levels) => new Set(levels).size === levels.length, 'Each level once')
  .default([])
  .describe('Levels of isolation without which the code is not to run; a worker that cannot reach one ends the attempt with UNAVAILABLE')

function limitSchema (policy: LimitPolicy, name: LimitName) {
  const { min, description } = JOB_LIMITS[name]
  return z.number().int()
    .min(min)
    .max(policy.maxima[name], { error: (issue) => describeExcess(policy, name, issue.input) })
    .default(policy.defaults[name])
    .describe(description)
}

/** Limits that are others for transforms. */
const TIMES = ['timeoutMs', 'cpuMs'] as const

/** Builds the schema of a limit that has another default and another maximum where the job is a transform: `findExcessTimes` holds it to the one that counts. */
function timeSchema ([policy, transforms]: readonly [LimitPolicy, LimitPolicy], name: typeof TIMES[number]) {
  const { min, description } = JOB_LIMITS[name]
  const maximum = Math.max(policy.maxima[name], transforms.maxima[name])
  const bounds = `${policy.defaults[name]} unless given, at most ${policy.maxima[name]}; of a transform ${transforms.defaults[name]} and ${transforms.maxima[name]}`
  return z.number().int().min(min).optional().meta({ description: `${description}: ${bounds}`, maximum })
}

/** Builds the schema of limits that a job is to have instead of those it has. */
export function buildOtherLimits (policy: LimitPolicy) {
  const names = Object.keys(JOB_LIMITS) as LimitName[] // the keys of a closed table
  const policies = [policy, policyOfTransforms(policy)] as const
  const shape = Object.fromEntries(names.map((name) => [name, name === 'timeoutMs' || name === 'cpuMs' ? timeSchema(policies, name) : limitSchema(policy, name).unwrap().optional()]))
  return z.strictObject(shape as Record<LimitName, z.ZodOptional<z.ZodNumber>>).prefault({}) // each of the names has one
}

/** Finds times that are over the maximum of a policy, as issues of a schema. */
export function findExcessTimes (limits: Readonly<Partial<Record<LimitName, number | undefined>>>, policy: LimitPolicy): { path: string[], message: string }[] {
  return TIMES.filter((name) => (limits[name] ?? 0) > policy.maxima[name])
    .map((name) => ({ path: ['limits', name], message: describeExcess(policy, name, limits[name]) }))
}

function describeExcess (policy: Pick<LimitPolicy, 'maxima' | 'ceilings'>, name: LimitName, value: unknown): string {
  return `limits.${name} is ${String(value)} ${JOB_LIMITS[name].unit}, more than ${describeMaximum(policy, name)}`
}

/** Says what is wrong where all attempts of a job could log more than is kept of one job. */
export function describeExcessLogs ({ logBytes }: Pick<Limits, 'logBytes'>, { attempts }: Pick<RetryPolicy, 'attempts'>): string | undefined {
  const bytes = logBytes * attempts
  return bytes <= ALL_LOGS_MAX_BYTES ? undefined : `retry.attempts times limits.logBytes is ${bytes} bytes of logs, more than the maximum of ${ALL_LOGS_MAX_BYTES} bytes`
}

/** Builds the schema of the tools that a job asks for, by their names: any that the service has, or those of a key's ceiling. */
export function buildTools (toolNames: readonly string[], ceiling: readonly string[] | null = null) {
  const known = new Set(toolNames)
  const Tool = z.string().max(ENTRY_MAX_CHARS).refine((name) => known.has(name), {
    error: (issue) => `Unknown tool ${JSON.stringify(issue.input)}; known: ${toolNames.join(', ') || 'none'}`,
  })
  const Allowed = ceiling === null ? Tool : Tool.refine((name) => ceiling.includes(name), {
    error: (issue) => `Tool ${JSON.stringify(issue.input)} is beyond the API key's ceiling (ceilings.tools): ${ceiling.join(', ') || 'none'}`,
  })
  return z.array(Allowed).max(TOOLS_MAX)
    .refine((names) => new Set(names).size === names.length, 'Each tool is named once')
    .default([]).describe('Tools that the code is given, each as a global of its name')
}

function describeBeyond (asked: PermissionsRequest, ceiling: PermissionsRequest | null): string | undefined {
  const beyond = findBeyond(asked, ceiling)
  return beyond === undefined ? undefined : `${beyond} is beyond the API key's ceiling (ceilings.permissions): ${JSON.stringify(ceiling)}`
}

/** Builds the schema of what a job asks to touch; with the ceiling of an API key, nothing beyond it is valid. */
export function buildPermissions (ceiling: PermissionsRequest | null = null) {
  return Permissions.superRefine((asked, context) => {
    const message = describeBeyond(asked, ceiling)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  }).default('none').describe('What the code may touch; tools may bring permissions of their own along')
}

/** What a job may say of its tools, by their names: each holds the operator's configuration to less. A worker checks it against that. */
export const ToolConfig = z.record(z.string().max(ENTRY_MAX_CHARS), z.record(z.string().max(ENTRY_MAX_CHARS), z.unknown())) // a body is JSON; z.json() refers to itself, which the reference cannot show
  .refine((configs) => JSON.stringify(configs).length <= TOOL_CONFIG_MAX_CHARS, `At most ${TOOL_CONFIG_MAX_CHARS} characters as JSON`)
  .default({})
  .describe('Narrower configuration of tools, by their names: lower numbers, parts of lists, false instead of true')

/** Builds the schema of the secrets that a job asks for, by their names; with the ceiling of an API key, none beyond it is valid. */
export function buildSecretNames (ceiling: readonly string[] | null = null) {
  const Allowed = ceiling === null ? SecretName : SecretName.refine((name) => ceiling.includes(name), {
    error: (issue) => `Secret ${JSON.stringify(issue.input)} is beyond the API key's ceiling (ceilings.secrets): ${ceiling.join(', ') || 'none'}`,
  })
  return z.array(Allowed).max(SECRET_BOUNDS.perJob)
    .refine((names) => new Set(names).size === names.length, 'Each secret is named once')
    .default([]).describe('Secrets that the code may get, with the tool `secrets`')
}

/** Builds the schema of the files that a job's code brings along. How long they may be is the API's to answer, with the code. */
export function buildFiles () {
  return z.record(z.string(), z.string())
    .superRefine((files, context) => {
      const names = Object.keys(files)
      if (names.length > SOURCE_BOUNDS.count) return context.addIssue({ code: 'custom', message: `At most ${SOURCE_BOUNDS.count} files` })
      for (const name of names) {
        const fault = findNameFault(name)
        if (fault !== undefined) context.addIssue({ code: 'custom', path: [name], message: `Not a name of a file: ${fault}` })
      }
    })
    .default({})
    .describe('Files that the code can import, by their names: relative paths that end in .ts, .mts, .js, .mjs or .json. The code imports `lib/a.ts` as `./lib/a.ts`. All characters count towards the limit of the code')
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const CodeBase64 = z.base64().min(1).transform((text, context) => {
  try {
    return DECODER.decode(Buffer.from(text, 'base64'))
  } catch {
    context.addIssue({ code: 'custom', message: 'codeBase64 does not decode to UTF-8 text' })
    return z.NEVER
  }
})

/**
 * Builds the schema of `POST /v1/jobs` for one service's limits. Unknown members are refused. `code` and `codeBase64` exclude
 * each other, and the parsed request always has `code`. Whether the code is too long is the API's to answer (413), not the schema's. With
 * the ceilings of an API key, nothing beyond them is valid, and defaults are lowered to them.
 */
export function buildJobRequest (service: LimitPolicy, toolNames: readonly string[], ceilings?: Ceilings) {
  const lower = (policy: LimitPolicy) => ceilings ? lowerPolicy(policy, ceilings.limits) : policy
  const [policy, transforms] = [lower(service), lower(policyOfTransforms(service))]
  const shape = {
    timeoutMs: timeSchema([policy, transforms], 'timeoutMs'),
    cpuMs: timeSchema([policy, transforms], 'cpuMs'),
    memoryMb: limitSchema(policy, 'memoryMb'),
    logBytes: limitSchema(policy, 'logBytes'),
    logLines: limitSchema(policy, 'logLines'),
    resultBytes: limitSchema(policy, 'resultBytes'),
    timers: limitSchema(policy, 'timers'),
    toolCalls: limitSchema(policy, 'toolCalls'),
    concurrentToolCalls: limitSchema(policy, 'concurrentToolCalls'),
    outputBytes: limitSchema(policy, 'outputBytes'),
  } satisfies Record<LimitName, unknown>

  return z.strictObject({
    code: z.string().min(1).optional().describe('JavaScript or TypeScript, an ES module'),
    codeBase64: CodeBase64.optional().describe('The same as UTF-8 in base64, instead of `code`'),
    files: buildFiles(),
    input: z.unknown().default(null).describe('Any JSON value; the first argument of the entry. `{"$file": "…"}` stands for the content of that file, by its name or its id; that of a transform is such a file, or an array of records'),
    serialization: Serialization.optional().describe('How the input and the result are written: `json`, unless given, or `structured`, the form of docs/values.md, which has Date, Map, Set, BigInt, bytes, undefined, cycles and more. Transforms, checkpoints and tools have JSON'),
    transform: TransformSettings.optional().describe('Makes the job a transform: its code gets the records of the input, one by one, and what it makes of them becomes a file of the job'),
    entry: z.string().min(1).max(ENTRY_MAX_CHARS).default('default').describe('Export to call'),
    tools: buildTools(toolNames, ceilings?.tools),
    toolConfig: ToolConfig,
    permissions: buildPermissions(ceilings?.permissions),
    secrets: buildSecretNames(ceilings?.secrets),
    limits: z.strictObject(shape).prefault({}),
    requireIsolation: RequireIsolation,
    retry: RetryPolicy.prefault({}),
    priority: Priority.default('normal'),
    delayMs: z.number().int().min(0).max(DELAY_MAX_MS).default(0).describe('Wait before the first run'),
    runAt: z.iso.datetime({ offset: true }).optional().describe('Instead of `delayMs`: not to run before that time, at most a year ahead; one that has passed means at once'),
    ttlMs: z.number().int().min(TTL_BOUNDS.min).max(TTL_BOUNDS.max).optional().describe('The job expires if it has not started by then'),
    tags: Tags.default({}),
    webhook: buildJobWebhook(ceilings?.webhooks).optional(),
  }).superRefine(({ input, delayMs, runAt, limits, retry, serialization, transform }, context) => {
    const file = FileInput.safeParse(input)
    const unread = file.success ? describeBeyond({ read: [file.data.$file] }, ceilings?.permissions ?? null) : undefined // what may not be read by code may not be its input
    if (unread !== undefined) context.addIssue({ code: 'custom', path: ['input', '$file'], message: unread })
    for (const issue of findExcessTimes(limits, transform ? transforms : policy)) context.addIssue({ code: 'custom', ...issue })
    if (transform && serialization === 'structured') context.addIssue({ code: 'custom', path: ['serialization'], message: 'Records are JSON: leave it out, or leave out transform' })
    if (transform?.combine !== undefined && transform.shards === 1) context.addIssue({ code: 'custom', path: ['transform', 'combine'], message: 'Combine is called with the values of shards: ask for more than one (transform.shards)' })
    if (runAt !== undefined && delayMs > 0) context.addIssue({ code: 'custom', path: ['runAt'], message: 'At most one of runAt and delayMs is taken' })
    const excess = describeExcessLogs(limits, retry)
    if (excess !== undefined) context.addIssue({ code: 'custom', path: ['retry', 'attempts'], message: excess })
  }).transform(({ code, codeBase64, limits: { timeoutMs, cpuMs, ...limits }, ...rest }, context) => {
    const text = code ?? codeBase64
    const { defaults } = rest.transform ? transforms : policy
    const times = { timeoutMs: timeoutMs ?? defaults.timeoutMs, cpuMs: cpuMs ?? defaults.cpuMs }
    if (text !== undefined && (code === undefined || codeBase64 === undefined)) return { ...rest, limits: { ...times, ...limits }, code: text }
    context.addIssue({ code: 'custom', path: ['code'], message: 'Exactly one of code and codeBase64 is needed' })
    return z.NEVER
  })
}

export type JobRequest = z.output<ReturnType<typeof buildJobRequest>>

/** The part of a request that is stored with the job; code and input are stored as payloads. */
export type JobSpec = Omit<JobRequest, 'code' | 'files' | 'input'> & {
  /** What is stored as its code holds files besides. */
  hasFiles?: true
}

/** Bytes an HTTP body with the largest allowed request may have: code escaped as JSON, input, and room for the rest. */
export function maxBodyBytes (policy: LimitPolicy): number {
  const BYTES_PER_ESCAPED_CHAR = 6
  const REST_BYTES = 131_072 // names of files may be half of it
  return policy.request.codeChars * BYTES_PER_ESCAPED_CHAR + policy.request.inputBytes + REST_BYTES
}
