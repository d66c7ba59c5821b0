export { createClient, type Client } from './client.ts'
export type { ClientOptions, RequestOptions, Retry } from './options.ts'
export type { RunOptions } from './run.ts'
export type { Job, JobQuery, Jobs, ListedJob, LogQuery, WaitOptions } from './jobs.ts'
export type { Batches, BatchJob, BatchResult, BatchWebhook, NewBatch, ResultQuery } from './batches.ts'
export type { DeadLetterChoice, DeadLetterFilter, DeadLetters } from './dead-letters.ts'
export type { Keys } from './keys.ts'
export type { Secrets } from './secrets.ts'
export type { Tenants } from './tenants.ts'
export { verifyWebhook, WebhookVerificationError, type HeadersLike, type VerifyOptions, type WebhookMessage } from './verify-webhook.ts'
export type { Items } from './http/upload.ts'
export type { Listing, Page } from './http/pages.ts'
export type { Call, Query, Requester, Upload } from './http/requester.ts'
export { inBatches } from './live/batches.ts'
export { createDeduplication, type Deduplication, type DeduplicationWindow } from './live/deduplication.ts'
export type { Envelope } from './live/envelope.ts'
export type { Live } from './live/events.ts'
export type { LiveMetrics, Percentiles, TypeMetrics } from './live/metrics.ts'
export type {
  Codec, ConnectionState, Delivery, Follower, FollowOptions, Interceptor, LiveEvent, LiveOptions, LiveSignals, TransportName,
} from './live/options.ts'
export { createRouter, type Handler, type Middleware, type Router } from './live/router.ts'
export {
  ApiError, AuthenticationError, BatchboxError, CancelledError, CodeError, ConflictError, ConnectionError, ExpiredError, ForbiddenError, InvalidRequestError,
  JobLostError, LimitError, NotFoundError, ProtocolError, RateLimitedError, RequestTimeoutError, RunError, ServiceError, WaitTimeoutError, type Fault,
} from './errors.ts'
export { WorkerClient, type Execution, type WorkerClientOptions, type WorkerSignals } from './worker-client.ts'
export type * from './api-types.ts'
