export { createClient, type Client } from './client.ts'
export type { ClientOptions, RequestOptions, Retry } from './options.ts'
export type { RunOptions } from './run.ts'
export type { Job, JobQuery, Jobs, ListedJob, LogQuery, WaitOptions } from './jobs.ts'
export type { Listing, Page } from './http/pages.ts'
export type { Call, Query, Requester, Upload } from './http/requester.ts'
export type { FollowOptions, LiveOptions } from './live/options.ts'
export {
  ApiError, AuthenticationError, BatchboxError, CancelledError, CodeError, ConflictError, ConnectionError, ExpiredError, ForbiddenError, InvalidRequestError,
  JobLostError, LimitError, NotFoundError, ProtocolError, RateLimitedError, RequestTimeoutError, RunError, ServiceError, WaitTimeoutError, type Fault,
} from './errors.ts'
export type * from './api-types.ts'
