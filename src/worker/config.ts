import { z } from 'zod'
import { JOB_LIMITS } from '../core/limits.ts'
import { EnvName } from '../core/permissions.ts'
import { SHARED_VARIABLES } from '../core/shared-variables.ts'
import { DEFAULT_MISSED_BEATS } from '../engine/heartbeat.ts'
import { DEFAULT_POOL, LANES } from '../engine/pool-settings.ts'
import { DEFAULT_WEAR } from '../engine/wear.ts'
import { LOCK_MS, STALLED_MS } from '../queue/consumer.ts'
import { RECORD_BOUNDS } from '../records/bounds.ts'
import { QUARANTINE_MS } from '../store/moves/settle.ts'
import { WEBHOOK_VARIABLES } from './webhooks/config.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

const JobEnv = z.string().default('{}').transform((text, context): Readonly<Record<string, string>> => {
  const values = parseJson(text)
  const read = z.record(EnvName, z.string()).safeParse(values)
  if (read.success) return read.data
  context.addIssue({ code: 'custom', message: 'Expected a JSON object of texts, its names of letters, digits and underscores' })
  return z.NEVER
})

/** Configuration of a worker process, by environment variable. */
export const WorkerConfig = z.object({
  BATCHBOX_LANES: z.coerce.number().int().min(1).max(64).optional().describe(`Jobs that a worker runs at one time, each in a runner process of its own unless BATCHBOX_RUNNER_THREADS says otherwise; by default one per processor, ${LANES.least} to ${LANES.most}`),
  BATCHBOX_FLOW_LANES: z.coerce.number().int().min(0).max(64).optional().describe(`Flow calls that a worker runs at one time, beside its jobs and in runner processes beside theirs; by default as many as it runs jobs without BATCHBOX_LANES, \`0\` for none`),
  BATCHBOX_RUNNER_THREADS: z.coerce.number().int().min(1).max(16).default(1).describe('Runs of one tenant that a runner process has at one time; with more than one it is not always known whose fault the death of a process is'),
  BATCHBOX_SPARE_RUNNERS: z.coerce.number().int().min(0).max(16).default(1).describe('Warm runner processes beside those that are in use, for the next run and to replace one that is killed at once; there are as many as lanes and spares at the most'),
  BATCHBOX_LEAST_RUNNERS: z.coerce.number().int().min(1).max(256).default(DEFAULT_POOL.least).describe('Runner processes that a worker keeps however little there is to do, up to as many as it may have; more are started as jobs come'),
  BATCHBOX_RUNNER_IDLE_MS: z.coerce.number().int().min(1000).max(DAY_MS).default(DEFAULT_POOL.idleMs).describe('How long runner processes that are not needed are kept, beyond those'),
  BATCHBOX_RUNNER_CHECK_MS: z.coerce.number().int().min(100).max(60 * MINUTE_MS).default(DEFAULT_POOL.checkMs).describe('How often idle runner processes are looked over: whether there are too many, and whether one is too old or holds too much memory'),
  BATCHBOX_FRESH_RUNNERS: z.enum(['0', '1']).default('0').describe('`1` ends each runner process after one run: no run meets anything of another, at the cost of a start for each. A spare for each lane hides what it takes'),
  BATCHBOX_RUNNER_BOOT_MS: z.coerce.number().int().min(1000).max(5 * MINUTE_MS).default(12_000).describe('How long a runner may take to start and lock itself down'),
  BATCHBOX_RUNNER_MEMORY_MB: z.coerce.number().int().min(512).max(1_048_576).optional().describe('Memory that the kernel allows a runner process where the worker can give it a control group; by default what the largest job may take with the default maxima, in each thread. Raise it with them'),
  BATCHBOX_RUNNER_DATA_MB: z.coerce.number().int().min(3072).max(1_048_576).optional().describe('Private memory that a runner process may reserve, touched or not (RLIMIT_DATA); by default 4096 and as much again for each thread'),
  BATCHBOX_RUNNER_MISSED_BEATS: z.coerce.number().int().min(2).max(3600).default(DEFAULT_MISSED_BEATS).describe('Seconds for which a thread of a runner may give no sign of life before the process is killed; the run in it is charged with a crash'),
  BATCHBOX_RECYCLE_RUNS: z.coerce.number().int().min(1).max(1_000_000).default(DEFAULT_WEAR.runs).describe('Runs after which a runner process is replaced by a fresh one'),
  BATCHBOX_RECYCLE_MS: z.coerce.number().int().min(1000).max(24 * 60 * MINUTE_MS).default(DEFAULT_WEAR.ageMs).describe('Age at which a runner process is replaced by a fresh one'),
  BATCHBOX_RECYCLE_MB: z.coerce.number().int().min(128).max(65_536).default(DEFAULT_WEAR.rssMb).describe('Resident memory at which a runner process is replaced by a fresh one'),
  BATCHBOX_WARM_MEMORY_MB: z.coerce.number().int().min(JOB_LIMITS.memoryMb.min).max(JOB_LIMITS.memoryMb.ceiling).default(JOB_LIMITS.memoryMb.default).describe('Memory limit of isolates made ahead of time; jobs with another limit wait for one of their own'),
  BATCHBOX_COMPILERS: z.coerce.number().int().min(1).max(8).default(2).describe('Compiler processes'),
  BATCHBOX_COMPILE_MS: z.coerce.number().int().min(100).max(MINUTE_MS).default(2000).describe('How long one source may take to compile'),
  BATCHBOX_COMPILE_MEMORY_MB: z.coerce.number().int().min(128).max(8192).default(512).describe('Resident memory of a compiler process'),
  BATCHBOX_COMPILE_CACHE_BYTES: z.coerce.number().int().min(1_048_576).max(4_294_967_296).default(67_108_864).describe('Compiled code kept in the memory of a worker'),
  BATCHBOX_TOOL_CONFIG: z.string().default('{}').describe('Configuration of tools, as JSON: an object for each by its name'),
  BATCHBOX_PLUGINS: z.string().default('').describe('Plugins of your own: paths of ES modules whose default export is a plugin of the engine or a list of them (docs/engine.md), separated by commas'),
  DATABASE_URL: z.string().regex(/^postgres(?:ql)?:\/\//, 'Expected postgres://user:password@host:port/database').optional().describe('PostgreSQL of the tool `db`, as `postgres://user:password@host:port/database`: what its user may do, jobs that name the tool may do. More databases by BATCHBOX_TOOL_CONFIG'),
  BATCHBOX_SCHEMAS: z.string().min(1).optional().describe('Folder of the files that export its tables, as Drizzle has them'),
  BATCHBOX_MAX_FILE_INPUT_BYTES: z.coerce.number().int().min(2).max(268_435_456).default(67_108_864).describe('Bytes of a file that is the input of a job (`"input": {"$file": …}`) without its compression, at the most; transforms read files of any size'),
  BATCHBOX_MAX_CONTENT_BYTES: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).default(RECORD_BOUNDS.contentBytes).describe('Bytes of the input of a transform without its compression, at the most'),
  BATCHBOX_MAX_CONTENT_RATIO: z.coerce.number().int().min(1).max(1_000_000).default(RECORD_BOUNDS.ratio).describe('How many times as long as what is stored that may be, beyond its first 16 MiB'),
  BATCHBOX_MAX_ZSTD_WINDOW_LOG: z.coerce.number().int().min(10).max(27).default(RECORD_BOUNDS.zstdWindowLog).describe('Largest window of zstd that is decompressed, as a power of two: so much memory each input of it takes'),
  BATCHBOX_JOB_ENV: JobEnv.describe('Values that jobs may be granted by name (`permissions.env`), as JSON: an object of texts. Not for secrets: what code is given it can print'),
  BATCHBOX_STRICT: z.enum(['0', '1']).default('0').describe('`1` has the log of a job begin with warnings of permissions for wildcards, more than ten hosts and local hosts'),
  BATCHBOX_AUDIT_RUNS: z.enum(['0', '1']).default('0').describe('`1` has a worker log the tools, permissions, duration and receipt of every run'),
  BATCHBOX_METRICS_PORT: z.coerce.number().int().min(0).max(65_535).optional().describe('Port of a worker for `/metrics` and `/healthz`; 0 picks a free one, without it the worker listens nowhere and counts nothing'),
  BATCHBOX_METRICS_HOST: z.string().min(1).default('127.0.0.1').describe('Address of that port; beyond this machine it needs BATCHBOX_METRICS_TOKEN or BATCHBOX_METRICS_OPEN'),
  BATCHBOX_USAGE_EVERY_MS: z.coerce.number().int().min(0).max(60 * MINUTE_MS).default(1000).describe('How often the history of a running job tells what it takes (`job.usage`), while it is young; at most a hundred times a run, ever more rarely. `0` for never'),
  BATCHBOX_WARN_SHARE: z.coerce.number().min(0).max(1).default(0.8).describe('Share of a limit from which on the history of a running job warns of it (`job.warning`), once a run; `0` for never'),
  BATCHBOX_DRAIN_MS: z.coerce.number().int().min(0).max(60 * MINUTE_MS).default(20_000).describe('How long running jobs may take to finish when the worker is told to stop; the others are handed back'),
  BATCHBOX_LOCK_MS: z.coerce.number().int().min(1000).max(10 * MINUTE_MS).default(LOCK_MS).describe('How long a worker that says nothing keeps its messages'),
  BATCHBOX_STALLED_MS: z.coerce.number().int().min(500).max(10 * MINUTE_MS).default(STALLED_MS).describe('How often messages of workers that are gone are looked for'),
  BATCHBOX_RAISE_AFTER_MS: z.coerce.number().int().min(1000).max(24 * 60 * MINUTE_MS).default(MINUTE_MS).describe('How long a job that was handed out waits for a worker before it is taken for one of the next priority, so that none waits for ever'),
  BATCHBOX_REAP_EVERY_MS: z.coerce.number().int().min(100).max(60 * MINUTE_MS).default(5000).describe('How often a worker pays owed messages and removes what expired'),
  BATCHBOX_RECONCILE_MS: z.coerce.number().int().min(1000).max(7 * 24 * 60 * MINUTE_MS).default(6 * 60 * MINUTE_MS).describe('How often a worker compares everything in Redis with the records of jobs, and removes what belongs to none; also done when workers start'),
  BATCHBOX_BATCH_IDLE_MS: z.coerce.number().int().min(1000).max(24 * 60 * MINUTE_MS).default(15 * MINUTE_MS).describe('How long a batch whose client stopped in the middle of posting items waits for it to come back; then it is closed with the items that it has'),
  BATCHBOX_RETENTION_COUNT: z.coerce.number().int().min(0).max(1_000_000_000).default(0).describe('Jobs that ended which are kept of a tenant, the newest ones, without those that are dead; `0` for any number'),
  BATCHBOX_QUARANTINE_CRASHES: z.coerce.number().int().min(0).max(1_000_000).default(30).describe('Deaths of runners, more than runs that ended otherwise took off again, after which a tenant\'s code is not run any more and its jobs end as dead; `0` for never'),
  BATCHBOX_QUARANTINE_MS: z.coerce.number().int().min(1000).max(24 * 60 * MINUTE_MS).default(QUARANTINE_MS).describe('How long after the last of them'),
  BATCHBOX_TENANT_RETRIES_PER_MINUTE: z.coerce.number().int().min(0).max(10_000_000).default(6000).describe('Retries of a tenant; more wait until there is room. `0` for any number'),
  BATCHBOX_DEAD_RETENTION_MS: z.coerce.number().int().min(1000).max(3650 * DAY_MS).default(30 * DAY_MS).describe('How long a dead job is kept: longer than others, since somebody is to look at it'),
  BATCHBOX_DEAD_LETTERS_MAX: z.coerce.number().int().min(0).max(1_000_000_000).default(100_000).describe('Dead jobs that are kept of a tenant, the newest ones; `0` for any number'),
  BATCHBOX_REPLAY_PER_SECOND: z.coerce.number().int().min(1).max(10_000).default(100).describe('Jobs made in a second by each replay of many dead letters, by all workers together'),
  BATCHBOX_REPLAY_IN_FLIGHT: z.coerce.number().int().min(1).max(10_000).default(200).describe('Jobs of such a replay that have not ended, at the most: the next ones are made as these end, so that new work comes through'),
  BATCHBOX_ERASE_QUIET_MS: z.coerce.number().int().min(0).max(60 * MINUTE_MS).default(130_000).describe('How long an erased tenant\'s name goes on to be refused after its keys were revoked: longer than a request may be under way, so that none that was let in before makes anything after'),
  ...WEBHOOK_VARIABLES,
  ...SHARED_VARIABLES,
})
export type WorkerConfig = Readonly<z.infer<typeof WorkerConfig>>

function parseJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
