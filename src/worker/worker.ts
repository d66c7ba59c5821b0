import { hostname } from 'node:os'
import type { Meter } from '@opentelemetry/api'
import type { Logger } from 'pino'
import { openCgroups } from '../engine/cgroup.ts'
import { COMPILER_FILE } from '../engine/compiler-process.ts'
import { createEngine, type Engine, type EngineConfig } from '../engine/engine.ts'
import { loadPlugins } from '../engine/load-plugins.ts'
import { killOrphans } from '../engine/orphans.ts'
import { defaultLanes } from '../engine/pool-settings.ts'
import { RUNNER_FILE } from '../engine/runner-command.ts'
import { loadFileSettings } from '../core/file-variables.ts'
import { loadModuleSettings } from '../core/module-variables.ts'
import { openFiles } from '../files/files.ts'
import { createConsumer, type Consumer } from '../queue/consumer.ts'
import { createDispatcher } from '../queue/dispatcher.ts'
import { JOBS } from '../queue/messages.ts'
import { checkEncryption } from '../store/encryption/check.ts'
import { openDb, type Db } from '../store/db.ts'
import { createDurability } from '../store/durability.ts'
import { readFigures } from '../store/figures.ts'
import { START_ALLOWANCE_MS } from '../store/moves/begin.ts'
import { appendTrace } from '../store/trace.ts'
import { createWorkerListener } from '../store/worker-listener.ts'
import { observeFlowLanes } from '../telemetry/metrics/flow.ts'
import { createRunMetrics } from '../telemetry/metrics/runs.ts'
import { observeStore } from '../telemetry/metrics/store.ts'
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.ts'
import { ActiveRuns } from './active-runs.ts'
import type { WorkerConfig } from './config.ts'
import { createFlowLanes } from './flow/lanes.ts'
import { createEpochWatch } from './epoch-watch.ts'
import { createHoldCheck } from './hold-check.ts'
import { createMetricsListener, type MetricsListener } from './metrics-listener.ts'
import { createOverdueWatch, OVERDUE_GRACE_MS } from './overdue.ts'
import { createPoolReporter } from './pool-reporter.ts'
import { createReaper } from './reaper.ts'
import { createReconciler } from './reconciler.ts'
import { RecentEnds } from './recent-ends.ts'
import { createReleaser } from './releaser.ts'
import { runJob } from './run-job.ts'
import { runnerBounds } from './runner-bounds.ts'
import { createSweeper } from './sweeper.ts'
import { buildToolConfig } from './tool-config.ts'
import { openToolServices } from './tool-services.ts'
import { createWebhooks } from './webhooks/webhooks.ts'

/** How long stopping runs and handing their jobs back may take; Redis may be away. */
export const HAND_BACK_MS = 2000

export interface WorkerOptions {
  config: WorkerConfig
  logger: Logger
  version: string
}

export interface BatchboxWorker {
  readonly lanes: number
  /** Flow calls at one time, beside those. */
  readonly flowLanes: number
  readonly runnerPids: () => number[]
  /** Where its metrics are served; undefined where nobody asked for them. */
  readonly metricsUrl: string | undefined
  /** Takes no more jobs, lets those running finish within the drain time, hands the others back, and closes everything. */
  close (): Promise<void>
}

/** Starts a worker with its runners, compiler and reaper; resolves when it takes jobs. */
export async function createWorker ({ config, logger, version }: WorkerOptions): Promise<BatchboxWorker> {
  const onError = (error: unknown) => logger.warn({ err: error }, 'worker met an error')
  const worker = `${hostname()}-${process.pid}`
  const orphans = killOrphans([RUNNER_FILE, COMPILER_FILE])
  if (orphans.length > 0) logger.warn({ pids: orphans }, 'killed processes that workers before had left')
  const db = openDb({ url: config.REDIS_URL, prefix: config.BATCHBOX_PREFIX, encryptionKeys: config.BATCHBOX_ENCRYPTION_KEYS, failFast: false, onError })
  logger.info(await checkEncryption(db))
  const files = openFiles(db, loadFileSettings(config))
  if (files.isConfigured) await files.ready()
  const dispatcher = createDispatcher(db, { onError })
  const traceBounds = { maxBytes: config.BATCHBOX_TRACE_BYTES, ttlMs: config.BATCHBOX_TRACE_RETENTION_MS }
  const telemetry = await createTelemetry({
    serviceName: 'batchbox-worker',
    serviceVersion: version,
    instanceId: worker,
    sampleRatio: config.BATCHBOX_TRACE_SAMPLE_RATIO,
    otlpEndpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    async keepSpans (jobId, chunk) { await appendTrace(db, jobId, chunk, traceBounds) },
    withMetrics: config.BATCHBOX_METRICS_PORT !== undefined,
    onError,
  })
  const { meter } = telemetry.metrics
  const exposed = await openMetrics(config, { db, telemetry, onError })
  const metrics = createRunMetrics(meter)
  const durability = createDurability(db, {
    replicas: config.BATCHBOX_ACK_REPLICAS, fsync: config.BATCHBOX_ACK_FSYNC === '1', timeoutMs: config.BATCHBOX_ACK_MS, onError,
  })
  const tools = openToolServices(db, { url: config.REDIS_URL, encryptionKeys: config.BATCHBOX_ENCRYPTION_KEYS, onError })
  const engine = await startEngine(config, { meter, logger, services: tools.services, onError })
  const lanes = config.BATCHBOX_LANES ?? defaultLanes()
  const flowLanes = config.BATCHBOX_FLOW_LANES ?? defaultLanes()
  const active = new ActiveRuns()
  metrics.observe(lanes, () => active.size)
  const ends = new RecentEnds()
  const holdCheck = createHoldCheck(db, active, onError)
  const epoch = await createEpochWatch({
    db,
    logger,
    metrics,
    async reconcile () {
      consumer.doubtLeases()
      await holdCheck.ask()
      const reclaimed = await ends.reclaim(db, config.BATCHBOX_RETENTION_MS)
      if (reclaimed > 0) logger.warn({ runs: reclaimed }, 'put jobs back whose ends Redis has forgotten')
    },
    onError,
  })
  const { whenTrusted, whenAdmitted } = epoch
  const webhooks = await createWebhooks({ config, db, version, tracer: telemetry.tracer, meter, whenTrusted: whenAdmitted, onError })
  const listener = await createWorkerListener(db, { onCancel: (jobId) => active.stop(jobId, 'cancel'), onWebhooks: () => webhooks.relay.wake(), onError })
  const retention = { retentionMs: config.BATCHBOX_RETENTION_MS, deadRetentionMs: config.BATCHBOX_DEAD_RETENTION_MS }
  const releaser = createReleaser({ db, dispatcher, whenTrusted: whenAdmitted, onError })
  const keep = { dead: config.BATCHBOX_DEAD_LETTERS_MAX, others: config.BATCHBOX_RETENTION_COUNT }
  const reaper = createReaper({ db, dispatcher, raiseAfterMs: config.BATCHBOX_RAISE_AFTER_MS, everyMs: config.BATCHBOX_REAP_EVERY_MS, ...retention, keep, batchIdleMs: config.BATCHBOX_BATCH_IDLE_MS, metrics, files, whenTrusted: whenAdmitted, onError })
  const overdueWatch = createOverdueWatch({ db, ...retention, metrics, whenTrusted: whenAdmitted, onError })
  const reconciler = createReconciler({ db, dispatcher, webhooks, files, everyMs: config.BATCHBOX_RECONCILE_MS, logger, metrics, whenTrusted: whenAdmitted, onError })
  const pace = { perSecond: config.BATCHBOX_REPLAY_PER_SECOND, inFlight: config.BATCHBOX_REPLAY_IN_FLIGHT }
  const sweeper = createSweeper({ db, dispatcher, pace, eraseQuietMs: config.BATCHBOX_ERASE_QUIET_MS, whenTrusted: whenAdmitted, onError })
  const recordBounds = { contentBytes: config.BATCHBOX_MAX_CONTENT_BYTES, ratio: config.BATCHBOX_MAX_CONTENT_RATIO, zstdWindowLog: config.BATCHBOX_MAX_ZSTD_WINDOW_LOG }
  const context = { db, maxJobsWaiting: config.BATCHBOX_TENANT_JOBS_WAITING, engine, files, maxFileInputBytes: config.BATCHBOX_MAX_FILE_INPUT_BYTES, recordBounds, durability, whenTrusted, whenAdmitted, dispatcher, releaser, active, ends, tracer: telemetry.tracer, metrics, logger, worker, ...retention, ...tenantBounds(config), usage: { everyMs: config.BATCHBOX_USAGE_EVERY_MS, warnShare: config.BATCHBOX_WARN_SHARE }, allowanceMs: startAllowanceMs(config), onError }
  const consumer = createConsumer({
    channel: JOBS,
    url: config.REDIS_URL,
    prefix: config.BATCHBOX_PREFIX,
    concurrency: lanes,
    lockMs: config.BATCHBOX_LOCK_MS,
    stalledMs: config.BATCHBOX_STALLED_MS,
    handle: (ref, claim) => runJob(context, ref, claim),
    onError,
  })
  const flow = await createFlowLanes({
    store: { url: config.REDIS_URL, prefix: config.BATCHBOX_PREFIX, encryptionKeys: config.BATCHBOX_ENCRYPTION_KEYS, onError },
    worker, lanes: flowLanes, engine, tracer: telemetry.isExporting ? telemetry.tracer : undefined, ...tenantBounds(config), onError,
  })
  observeFlowLanes(meter, flowLanes, () => flow.active)
  const reporter = createPoolReporter({ db, worker, read: engine.poolFigures, onError })

  return {
    lanes,
    flowLanes,
    runnerPids: engine.runnerPids,
    metricsUrl: exposed?.url,
    async close () {
      await Promise.all([drain(consumer, active, config.BATCHBOX_DRAIN_MS), flow.close(config.BATCHBOX_DRAIN_MS), webhooks.drain(config.BATCHBOX_DRAIN_MS)])
      reporter.close()
      holdCheck.close()
      epoch.close()
      await Promise.all([reaper, overdueWatch, reconciler, releaser, sweeper, webhooks].map((each) => each.close()))
      await Promise.all([engine.close(), listener.close(), exposed?.close(), telemetry.close()])
      await Promise.all([dispatcher.close(), tools.close(), durability.close(), files.close()])
      await db.close()
    },
  }
}

/** Its store is looked at only where somebody can read of it. */
async function openMetrics (config: WorkerConfig, { db, telemetry, onError }: { db: Db, telemetry: Telemetry, onError (error: unknown): void }): Promise<MetricsListener | undefined> {
  if (config.BATCHBOX_METRICS_PORT === undefined) return undefined
  const { meter, scrape } = telemetry.metrics
  const listener = await createMetricsListener({
    host: config.BATCHBOX_METRICS_HOST,
    port: config.BATCHBOX_METRICS_PORT,
    token: config.BATCHBOX_METRICS_TOKEN ?? null,
    open: config.BATCHBOX_METRICS_OPEN === '1',
    scrape,
    onError,
  })
  const stopObserving = observeStore(meter, { read: () => readFigures(db), ping: () => db.redis.ping() })
  return {
    url: listener.url,
    async close () {
      stopObserving()
      await listener.close()
    },
  }
}

async function startEngine (config: WorkerConfig, { meter, logger, services, onError }: { meter: Meter, logger: Logger, services: NonNullable<EngineConfig['services']>, onError (error: unknown): void }): Promise<Engine> {
  const bounds = runnerBounds(config)
  return createEngine({
    meter,
    tools: { own: config.BATCHBOX_TOOLS, config: buildToolConfig(config) },
    env: config.BATCHBOX_JOB_ENV,
    services,
    strict: config.BATCHBOX_STRICT === '1',
    ...(config.BATCHBOX_AUDIT_RUNS === '1' ? { onAudit: (audit) => logger.info({ audit }, 'run was audited') } : {}),
    onToolError: onError,
    supervisor: {
      lanes: (config.BATCHBOX_LANES ?? defaultLanes()) + (config.BATCHBOX_FLOW_LANES ?? defaultLanes()),
      spares: config.BATCHBOX_SPARE_RUNNERS,
      pool: { least: config.BATCHBOX_LEAST_RUNNERS, idleMs: config.BATCHBOX_RUNNER_IDLE_MS, checkMs: config.BATCHBOX_RUNNER_CHECK_MS, fresh: config.BATCHBOX_FRESH_RUNNERS === '1' },
      wear: { runs: config.BATCHBOX_RECYCLE_RUNS, ageMs: config.BATCHBOX_RECYCLE_MS, rssMb: config.BATCHBOX_RECYCLE_MB },
      threads: config.BATCHBOX_RUNNER_THREADS,
      memoryMb: config.BATCHBOX_WARM_MEMORY_MB,
      bootTimeoutMs: config.BATCHBOX_RUNNER_BOOT_MS,
      missedBeats: config.BATCHBOX_RUNNER_MISSED_BEATS,
      resources: bounds.resources,
      createCgroup: openCgroups(bounds.cgroup),
      onError,
    },
    modules: loadModuleSettings(config),
    plugins: await loadPlugins(config.BATCHBOX_PLUGINS),
    compiler: {
      processes: config.BATCHBOX_COMPILERS,
      timeoutMs: config.BATCHBOX_COMPILE_MS,
      memoryMb: config.BATCHBOX_COMPILE_MEMORY_MB,
      cacheBytes: config.BATCHBOX_COMPILE_CACHE_BYTES,
      onError,
    },
  })
}

/** Waits for the jobs that run. Those that are not over in time are stopped and handed back; those that cannot even be handed back are left. */
async function drain (consumer: Consumer, active: ActiveRuns, drainMs: number): Promise<void> {
  active.leaveAll()
  const late = setTimeout(() => active.stopAll('shutdown'), drainMs)
  const tooLate = setTimeout(() => { void consumer.close({ force: true }) }, drainMs + HAND_BACK_MS)
  await consumer.close()
  clearTimeout(late)
  clearTimeout(tooLate)
}

/** What keeps a tenant whose code fails from using up workers. */
function tenantBounds (config: WorkerConfig) {
  const perMinute = config.BATCHBOX_TENANT_RETRIES_PER_MINUTE
  return {
    quarantineCrashes: config.BATCHBOX_QUARANTINE_CRASHES,
    quarantineMs: config.BATCHBOX_QUARANTINE_MS,
    retryEveryMs: perMinute === 0 ? 0 : 60_000 / perMinute,
  }
}

/** A run that has to wait for a runner to boot and for its code to be compiled must not look overdue meanwhile. */
function startAllowanceMs (config: WorkerConfig): number {
  return Math.max(START_ALLOWANCE_MS, config.BATCHBOX_RUNNER_BOOT_MS + config.BATCHBOX_COMPILE_MS - OVERDUE_GRACE_MS + 1000)
}
