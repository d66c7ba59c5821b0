import { z } from 'zod'
import { DEFAULT_LIMIT_POLICY, JOB_LIMITS, type LimitName, type LimitPolicy, type Limits } from '../core/limits.ts'
import type { ModuleSettings } from '../core/module-variables.ts'
import type { PoolSettings } from './pool-settings.ts'
import type { WearLimits } from './wear.ts'

/** Limits by name; those left out stay as they are by default. */
export type LimitSettings = Readonly<Partial<Record<LimitName, number>>>

/** How an engine is to be. All of it has defaults, those of a worker. */
export interface CreateConfig {
  /** Runs at one time. More than that wait. */
  lanes?: number
  /** Runner processes kept warm beside those that are in use. */
  spares?: number
  /** How many runner processes are kept when there is little to do, for how long more are, and whether each serves one run alone. */
  pool?: Partial<PoolSettings>
  /** When a runner process is replaced, as soon as another is idle: after so many runs, milliseconds, or megabytes. */
  recycle?: Partial<WearLimits>
  /** Bound on the start of a runner, in milliseconds. */
  bootTimeoutMs?: number
  /** What a request has that asks for nothing, and the most that one may ask for. */
  limits?: { defaults?: LimitSettings, maxima?: LimitSettings }
  /** Tools of one's own, as in `BATCHBOX_TOOLS`: names and modules, `rates=./rates.ts`, with commas between them. */
  tools?: string
  /** Settings of tools, by their names. */
  toolConfig?: Readonly<Record<string, unknown>>
  /** Values that code may be granted by name. */
  env?: Readonly<Record<string, string>>
  /** Packages that code may import beside those that are shipped. */
  modules?: Partial<ModuleSettings>
  /** Has each run's log begin with what is remarkable about its permissions. */
  strict?: boolean
  /**
   * Folder for what is compiled once and kept: for nobody but this user to write. Without it, where Node keeps what it compiled of the program, or else
   * `.cache/batchbox` in the user's home. Where it cannot be written, everything is slower. The first engine of a process decides for all.
   */
  cacheFolder?: string
  /** Hears of errors that end no run. To standard error unless given. */
  onError? (error: Error): void
}

const HOUR_MS = 3_600_000
const count = (least: number, most: number) => z.int().min(least).max(most).optional()
/** The keys of a closed table. */
const LIMIT_NAMES = Object.keys(JOB_LIMITS) as LimitName[]
const LimitValues = z.strictObject(Object.fromEntries(LIMIT_NAMES.map((name) => [name, count(JOB_LIMITS[name].min, JOB_LIMITS[name].ceiling)]))).optional()

const Config = z.strictObject({
  lanes: count(1, 64),
  spares: count(0, 16),
  pool: z.strictObject({ least: count(1, 256), idleMs: count(1, 24 * HOUR_MS), checkMs: count(1, HOUR_MS), fresh: z.boolean().optional() }).optional(),
  recycle: z.strictObject({ runs: count(1, 1_000_000), ageMs: count(1, 24 * HOUR_MS), rssMb: count(1, 65_536) }).optional(),
  bootTimeoutMs: count(1, 300_000),
  limits: z.strictObject({ defaults: LimitValues, maxima: LimitValues }).optional(),
  tools: z.string().optional(),
  toolConfig: z.record(z.string(), z.unknown()).optional(),
  env: z.record(z.string(), z.string()).optional(),
  modules: z.strictObject({ folder: z.string().optional(), extra: z.array(z.string()).optional(), maxSize: count(1, 100_000_000) }).optional(),
  strict: z.boolean().optional(),
  cacheFolder: z.string().min(1).optional(),
  onError: z.custom((value) => typeof value === 'function', 'Expected a function').optional(),
} satisfies Record<keyof CreateConfig, z.ZodType>)

/** Throws a TypeError that says what is not valid, and where: a limit whose name is misspelt would hold nobody. */
export function checkConfig (config: CreateConfig): void {
  const { error } = Config.safeParse(config)
  if (error) throw new TypeError(`Cannot create an engine: config is not valid\n${z.prettifyError(error)}`)
}

/** Builds the limits that are in force: those of a service but for what was set. A default above its maximum is lowered to it. */
export function buildPolicy ({ defaults = {}, maxima = {} }: NonNullable<CreateConfig['limits']> = {}): LimitPolicy {
  const most: Limits = { ...DEFAULT_LIMIT_POLICY.maxima, ...maxima }
  const asked: Limits = { ...DEFAULT_LIMIT_POLICY.defaults, ...defaults }
  const lowered = Object.fromEntries(LIMIT_NAMES.map((name) => [name, Math.min(asked[name], most[name])])) as Limits // each of the names
  return { ...DEFAULT_LIMIT_POLICY, maxima: most, defaults: lowered }
}
