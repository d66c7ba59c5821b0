import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { serializerCompiler } from 'fastify-type-provider-zod'
import type { FileSettings } from '../core/file-variables.ts'
import { maxBodyBytes } from '../core/job-request.ts'
import type { ModuleList } from '../modules/list-modules.ts'
import type { Pools } from '../store/pools.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Callers } from './access.ts'
import { answerClientError } from './client-error.ts'
import type { JobService } from './job-service.ts'
import { createOpenStreams, type StreamBounds } from './open-streams.ts'
import { isListed } from './origins.ts'
import { authentication } from './plugins/authentication.ts'
import { body } from './plugins/body.ts'
import { crossOrigin } from './plugins/cross-origin.ts'
import { documentation, DOCS_PATH } from './plugins/documentation.ts'
import { answerError, errors } from './plugins/errors.ts'
import { httpMetrics } from './plugins/http-metrics.ts'
import { idempotency } from './plugins/idempotency.ts'
import { leaving } from './plugins/leaving.ts'
import { rateLimit } from './plugins/rate-limit.ts'
import { securityHeaders } from './plugins/security-headers.ts'
import { tracing } from './plugins/tracing.ts'
import { unknownPaths } from './plugins/unknown-paths.ts'
import { waiting } from './plugins/waiting.ts'
import { webSockets } from './plugins/web-sockets.ts'
import { auditRoutes } from './routes/audit.ts'
import { batchCancelRoutes } from './routes/batch-cancel.ts'
import { batchReplayRoutes } from './routes/batch-replay.ts'
import { batchResultRoutes } from './routes/batch-results.ts'
import { batchRoutes } from './routes/batches.ts'
import { deadLetterRoutes } from './routes/dead-letters.ts'
import { eventRoutes } from './routes/events.ts'
import { executeRoutes } from './routes/execute.ts'
import { fileUploadRoutes } from './routes/file-uploads.ts'
import { fileRoutes } from './routes/files.ts'
import { flowRoutes, type FlowRoutesOptions } from './routes/flow.ts'
import { flowStateRoutes } from './routes/flow-state.ts'
import { functionRoutes, type FunctionRoutesOptions } from './routes/functions.ts'
import { healthRoutes } from './routes/health.ts'
import { jobCancelRoutes } from './routes/job-cancel.ts'
import { jobCheckpointRoutes } from './routes/job-checkpoint.ts'
import { jobDeleteRoutes } from './routes/job-delete.ts'
import { jobFileRoutes } from './routes/job-files.ts'
import { jobListRoutes } from './routes/job-list.ts'
import { jobLogRoutes } from './routes/job-logs.ts'
import { jobReplayRoutes } from './routes/job-replay.ts'
import { jobResultRoutes } from './routes/job-result.ts'
import { jobTraceRoutes } from './routes/job-trace.ts'
import { jobRoutes } from './routes/jobs.ts'
import { keyRoutes, type KeyRoutesOptions } from './routes/keys.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { moduleRoutes } from './routes/modules.ts'
import { secretRoutes, type SecretRoutesOptions } from './routes/secrets.ts'
import { statsRoutes } from './routes/stats.ts'
import { streamRoutes, type StreamRoutesOptions } from './routes/stream.ts'
import { sweepRoutes } from './routes/sweeps.ts'
import { tenantRoutes } from './routes/tenants.ts'
import { uploadRoutes } from './routes/uploads.ts'
import { webhookDeliveryRoutes } from './routes/webhook-deliveries.ts'
import { webhookSecretRoutes } from './routes/webhook-secrets.ts'
import { webhookRoutes, type WebhookRoutesOptions } from './routes/webhooks.ts'
import { isUpgrade } from './stream/handshake.ts'
import { createTransfers, type TransferBounds } from './transfers.ts'
import { validatorCompiler } from './validation.ts'

/** Longest that a client may take to send a request. */
const REQUEST_TIMEOUT_MS = 120_000

/** Longest part of a path that may be a parameter: a little more than any that is taken, so that what is wrong with it can be told. */
const PARAM_MAX_CHARS = 1024

export interface AppOptions {
  jobs: JobService
  callers: Callers
  keyBounds: KeyRoutesOptions['bounds']
  secrets: Omit<SecretRoutesOptions, 'jobs'>
  functions: Omit<FunctionRoutesOptions, 'jobs'>
  webhooks: Omit<WebhookRoutesOptions, 'jobs'>
  files: { settings: FileSettings, transfers: TransferBounds }
  flow: Omit<FlowRoutesOptions, 'jobs'>
  checkReady (): Promise<Pools>
  listModules (): Promise<ModuleList>
  /** `open` answers them to everybody. */
  metrics: Pick<Metrics, 'meter' | 'scrape'> & { open: boolean }
  /** `heartbeatMs` is how long nothing is sent on a stream before it says that it is there. */
  streams: StreamBounds & { heartbeatMs: number, socket: StreamRoutesOptions['bounds'] }
  /** Web origins whose pages may use the API. */
  corsOrigins: readonly string[]
  logger: FastifyBaseLogger
  version: string
  /** See `LeavingOptions`. */
  lingerMs: number
}

/** Builds the HTTP application. It does not listen; `close` ends the requests that wait and then those in flight. */
export async function createApp ({ jobs, callers, keyBounds, secrets, functions, webhooks, files, flow, checkReady, listModules, metrics, streams, corsOrigins, logger, version, lingerMs }: AppOptions): Promise<FastifyInstance> {
  const transfers = createTransfers(files.transfers)
  const app = fastify({
    loggerInstance: logger,
    childLoggerFactory: (parent) => parent, // lines are tied to their request by the trace id
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: maxBodyBytes(jobs.policy),
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { shouldUpgradeCallback: isUpgrade },
    return503OnClosing: false,
    pluginTimeout: 0, // closing counts as well, and has bounds of its own
    routerOptions: { maxParamLength: PARAM_MAX_CHARS, ignoreTrailingSlash: false },
    frameworkErrors: (error, request, reply) => answerError(error, request, reply.header('x-content-type-options', 'nosniff')),
    clientErrorHandler: (error, socket) => answerClientError(error, socket, transfers),
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  await app.register(securityHeaders)
  await app.register(waiting, { onForget: callers.onForget })
  await app.register(webSockets)
  await app.register(httpMetrics, { meter: metrics.meter })
  await app.register(tracing, { tracer: jobs.tracer })
  await app.register(errors)
  await app.register(crossOrigin, { origins: corsOrigins })
  await app.register(authentication, { findCaller: callers.find, openPath: DOCS_PATH })
  await app.register(rateLimit, { db: jobs.db })
  await app.register(unknownPaths)
  await app.register(body)
  await app.register(idempotency)
  await app.register(leaving, { lingerMs })
  await app.register(documentation, { version })
  await app.register(healthRoutes, { checkReady })
  await app.register(metricsRoutes, metrics)
  for (const routes of [
    jobRoutes, jobListRoutes, jobCancelRoutes, jobDeleteRoutes, jobReplayRoutes, jobResultRoutes, jobLogRoutes, jobTraceRoutes, jobCheckpointRoutes,
    batchRoutes, batchResultRoutes, batchCancelRoutes, batchReplayRoutes, deadLetterRoutes, sweepRoutes, executeRoutes, auditRoutes, tenantRoutes, statsRoutes,
    webhookSecretRoutes, webhookDeliveryRoutes,
  ]) {
    await app.register(routes, { jobs })
  }
  await app.register(flowRoutes, { jobs, ...flow })
  await app.register(flowStateRoutes, { jobs, ...flow })
  await app.register(moduleRoutes, { listModules })
  const following = { jobs, streams: createOpenStreams(metrics.meter, streams), findCaller: callers.find, heartbeatMs: streams.heartbeatMs }
  await app.register(eventRoutes, following)
  await app.register(streamRoutes, { ...following, bounds: streams.socket, isAllowedOrigin: (origin) => isListed(corsOrigins, origin) })
  await app.register(secretRoutes, { jobs, ...secrets })
  await app.register(functionRoutes, { jobs, ...functions })
  await app.register(webhookRoutes, { jobs, ...webhooks })
  const fileService = { jobs, files: jobs.files, transfers, findCaller: callers.find }
  await app.register(fileRoutes, { service: fileService })
  await app.register(fileUploadRoutes, { service: fileService, settings: files.settings })
  await app.register(uploadRoutes, { service: fileService, settings: files.settings })
  await app.register(jobFileRoutes, { jobs, service: fileService })
  await app.register(keyRoutes, { jobs, forget: callers.forget, bounds: keyBounds })
  return app
}
