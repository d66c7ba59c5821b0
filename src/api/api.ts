import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { z } from 'zod'
import { JobError } from '../core/failures.ts'
import { loadLimitPolicy } from '../core/limits.ts'
import { loadFileSettings } from '../core/file-variables.ts'
import { loadModuleSettings } from '../core/module-variables.ts'
import { openFiles } from '../files/files.ts'
import { createModuleList } from '../modules/list-modules.ts'
import { createDispatcher } from '../queue/dispatcher.ts'
import { checkEncryption } from '../store/encryption/check.ts'
import { openDb, type Db } from '../store/db.ts'
import { createDurability } from '../store/durability.ts'
import { createFeed } from '../store/feed/feed.ts'
import { readFigures } from '../store/figures.ts'
import { findKey } from '../store/keys.ts'
import { listToolNames } from '../tools/registry.ts'
import { readMemory } from '../store/memory.ts'
import { createSubscriber } from '../store/subscriber.ts'
import { appendTrace } from '../store/trace.ts'
import { createJobWaiter } from '../store/wait.ts'
import { observeStore } from '../telemetry/metrics/store.ts'
import { createTelemetry } from '../telemetry/telemetry.ts'
import { buildCallers } from './access.ts'
import { createApp } from './app.ts'
import { buildCheckReady } from './check-ready.ts'
import type { ApiConfig } from './config.ts'
import { createFlowCalls } from './flow/calls.ts'
import { buildCheckRoom } from './shedding.ts'

const CONNECT_WITHIN_MS = 5000
const EXECUTE_GRACE_MS = 10_000

export interface ApiOptions {
  config: Readonly<z.infer<typeof ApiConfig>>
  logger: Logger
  version: string
  /** Longest to wait for the store before the API is built without it; requests then answer UNAVAILABLE until it is there. */
  connectWithinMs?: number
  /** See `JobService`; 10 s without it, as row ISO-1 has it. */
  executeGraceMs?: number
}

export interface Api {
  readonly app: FastifyInstance
  /** Rejects where something is found that stops a boot, once the store is there for the first time: whoever started it is to end. */
  readonly failed: Promise<never>
  /**
   * Says that it is not ready, goes on for BATCHBOX_UNREADY_MS, takes no more connections, answers what comes on those that are open and closes
   * them, the idle ones after BATCHBOX_LINGER_MS. Waits answer with what there is.
   */
  close (): Promise<void>
}

/** Builds the API of a configuration with its real collaborators. It does not listen. */
export async function createApi ({ config, logger, version, connectWithinMs = CONNECT_WITHIN_MS, executeGraceMs = EXECUTE_GRACE_MS }: ApiOptions): Promise<Api> {
  const listModules = createModuleList(loadModuleSettings(config))
  const onError = (error: unknown) => logger.warn({ err: error }, 'store connection failed')
  const db = openDb({ url: config.REDIS_URL, prefix: config.BATCHBOX_PREFIX, encryptionKeys: config.BATCHBOX_ENCRYPTION_KEYS, failFast: true, onError })
  const connected = waitForStore(db, connectWithinMs)
  const callers = buildCallers({ admin: config.BATCHBOX_ADMIN_KEY, metrics: config.BATCHBOX_METRICS_TOKEN }, (token) => findKey(db, token))
  const subscriber = createSubscriber(db, { onError })
  subscriber.listen(db.keys.apiKeysChannel, (keyId) => callers.forget(keyId || undefined)) // none: a tenant was bounded, or words were missed
  const dispatcher = createDispatcher(db, { onError })
  const fileSettings = loadFileSettings(config)
  const files = openFiles(db, fileSettings)
  const waiter = createJobWaiter(db, subscriber)
  const feed = createFeed(db, {
    subscriber,
    tagLogs: { keepMs: config.BATCHBOX_TAG_LOG_MS, events: config.BATCHBOX_TAG_LOG_EVENTS, perTenant: config.BATCHBOX_TENANT_TAG_LOGS },
  })
  const durability = createDurability(db, {
    replicas: config.BATCHBOX_ACK_REPLICAS, fsync: config.BATCHBOX_ACK_FSYNC === '1', timeoutMs: config.BATCHBOX_ACK_MS, onError,
  })
  const bounds = { maxBytes: config.BATCHBOX_TRACE_BYTES, ttlMs: config.BATCHBOX_TRACE_RETENTION_MS }
  const telemetry = await createTelemetry({
    serviceName: 'batchbox-api',
    serviceVersion: version,
    instanceId: `${hostname()}-${process.pid}`,
    sampleRatio: config.BATCHBOX_TRACE_SAMPLE_RATIO,
    otlpEndpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    async keepSpans (jobId, chunk) { await appendTrace(db, jobId, chunk, bounds) },
    withMetrics: true,
    onError: (error) => logger.warn({ err: error }, 'spans or metrics were not kept'),
  })
  const flowCalls = createFlowCalls({
    store: { url: config.REDIS_URL, prefix: config.BATCHBOX_PREFIX, encryptionKeys: config.BATCHBOX_ENCRYPTION_KEYS, onError },
    meter: telemetry.metrics.meter, subscriber, perProcess: config.BATCHBOX_FLOW_CALLS, perTenant: config.BATCHBOX_TENANT_FLOW_CALLS, chars: config.BATCHBOX_FLOW_CHARS, startMs: config.BATCHBOX_FLOW_START_MS,
  })
  const stopObserving = observeStore(telemetry.metrics.meter, { read: () => readFigures(db), ping: () => db.redis.ping() })
  await connected
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {}) // nobody may wait for it yet
  await tellOfEncryption(db, logger, failed.reject)
  if (files.isConfigured) files.ready().catch((error: unknown) => logger.error({ err: error }, 'files cannot be used'))
  await warnOfMemory(db, logger)
  const stopping = new AbortController()
  const app = await createApp({
    jobs: {
      db,
      files,
      dispatcher,
      waiter,
      feed,
      durability,
      checkRoom: buildCheckRoom(db, config.BATCHBOX_SHED_AT),
      tracer: telemetry.tracer,
      logger,
      policy: loadLimitPolicy(config),
      toolNames: listToolNames({ own: config.BATCHBOX_TOOLS }),
      retentionMs: config.BATCHBOX_RETENTION_MS,
      idempotencyMs: config.BATCHBOX_IDEMPOTENCY_MS,
      batches: { maxItems: config.BATCHBOX_BATCH_ITEMS, maxBodyBytes: config.BATCHBOX_BATCH_BYTES },
      tenantBounds: {
        jobsWaiting: config.BATCHBOX_TENANT_JOBS_WAITING,
        storedBytes: config.BATCHBOX_TENANT_STORED_BYTES,
        codes: config.BATCHBOX_TENANT_CODES,
        idempotencyKeys: config.BATCHBOX_TENANT_IDEMPOTENCY_KEYS,
      },
      audit: { maxEntries: config.BATCHBOX_AUDIT_ENTRIES, maxAgeMs: config.BATCHBOX_AUDIT_RETENTION_MS },
      executeGraceMs,
    },
    callers,
    keyBounds: { perTenant: config.BATCHBOX_KEYS_PER_TENANT, graceMs: config.BATCHBOX_KEY_GRACE_MS },
    secrets: { perTenant: config.BATCHBOX_TENANT_SECRETS },
    functions: { bounds: { perTenant: config.BATCHBOX_TENANT_FUNCTIONS, bytes: config.BATCHBOX_TENANT_FUNCTION_BYTES } },
    webhooks: { perTenant: config.BATCHBOX_TENANT_WEBHOOKS },
    files: {
      settings: fileSettings,
      transfers: { perProcess: config.BATCHBOX_FILE_TRANSFERS, perTenant: config.BATCHBOX_TENANT_FILE_TRANSFERS, stallMs: config.BATCHBOX_FILE_STALL_MS },
    },
    flow: { calls: flowCalls, times: { defaultMs: config.BATCHBOX_DEFAULT_FLOW_TIMEOUT_MS, maxMs: config.BATCHBOX_MAX_FLOW_TIMEOUT_MS, answerMs: config.BATCHBOX_FLOW_ANSWER_MS } },
    checkReady: buildCheckReady(db, stopping.signal),
    listModules,
    streams: {
      perProcess: config.BATCHBOX_STREAMS,
      perTenant: config.BATCHBOX_TENANT_STREAMS,
      heartbeatMs: config.BATCHBOX_HEARTBEAT_MS,
      socket: {
        subscriptions: config.BATCHBOX_SOCKET_SUBSCRIPTIONS,
        tenantSubscriptions: config.BATCHBOX_TENANT_SUBSCRIPTIONS,
        bufferedBytes: config.BATCHBOX_SOCKET_BUFFER_BYTES,
        slowMs: config.BATCHBOX_SOCKET_SLOW_MS,
      },
    },
    corsOrigins: config.BATCHBOX_CORS_ORIGINS,
    metrics: { ...telemetry.metrics, open: config.BATCHBOX_METRICS_OPEN === '1' },
    logger,
    version,
    lingerMs: config.BATCHBOX_LINGER_MS,
  })
  return {
    app,
    failed: failed.promise,
    async close () {
      stopping.abort()
      if (config.BATCHBOX_UNREADY_MS > 0) await delay(config.BATCHBOX_UNREADY_MS)
      await app.close()
      stopObserving()
      await telemetry.close()
      waiter.close()
      feed.close()
      await flowCalls.close()
      await Promise.all([subscriber.close(), durability.close(), dispatcher.close(), files.close()])
      await db.close()
    },
  }
}

/** A wrong key stops the boot; where the store is not there yet, it is looked at when it is, and fails then. */
async function tellOfEncryption (db: Db, logger: Logger, onWrongKey: (error: JobError) => void): Promise<void> {
  const tell = () => checkEncryption(db).then((said) => logger.info(said)).catch((error: unknown) => {
    if (error instanceof JobError) throw error
    logger.error({ err: error }, 'encryption keys could not be held against those of the store')
  })
  if (db.redis.status === 'ready') return tell()
  db.redis.once('ready', () => { tell().catch(onWrongKey) })
}

/** A Redis that evicts loses jobs; one without a limit takes jobs until the machine has no memory left. */
async function warnOfMemory (db: Db, logger: Logger): Promise<void> {
  const memory = await readMemory(db).catch(() => undefined) // away, which is said elsewhere
  if (memory?.isEvicting) logger.warn('Redis may throw jobs away when its memory is full: set its maxmemory-policy to noeviction')
  if (memory?.maxBytes === 0) logger.info('Redis has no maxmemory: no job will be refused before the machine is out of memory')
}

async function waitForStore ({ redis }: Db, withinMs: number): Promise<void> {
  if (redis.status === 'ready') return
  const connected = Promise.withResolvers<void>()
  const timer = setTimeout(connected.resolve, withinMs)
  redis.once('ready', connected.resolve)
  await connected.promise
  clearTimeout(timer)
  redis.off('ready', connected.resolve)
}
