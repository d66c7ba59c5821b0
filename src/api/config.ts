import { z } from 'zod'
import { LIMIT_VARIABLES } from '../core/limits.ts'
import { SHARED_VARIABLES } from '../core/shared-variables.ts'
import { CorsOrigins } from './origins.ts'

const DAY_MS = 86_400_000
/** Longest that a rotation may leave a former token valid. */
export const KEY_GRACE_MAX_MS = 30 * DAY_MS

/** Configuration of the API process, by environment variable. */
export const ApiConfig = z.object({
  HOST: z.string().min(1).default('127.0.0.1').describe('Address that the API listens on'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8787).describe('Port that the API listens on; 0 picks a free one'),
  BATCHBOX_ADMIN_KEY: z.string().min(32).max(256).regex(/^\S+$/, 'Expected no spaces').describe('API key of the operator, at least 32 characters: it may do everything, for every tenant, and its own is `default`'),
  BATCHBOX_IDEMPOTENCY_MS: z.coerce.number().int().min(1000).max(30 * DAY_MS).default(DAY_MS).describe('How long an `Idempotency-Key` is remembered'),
  BATCHBOX_BATCH_ITEMS: z.coerce.number().int().min(1).max(1_000_000).default(100_000).describe('Most items of one batch'),
  BATCHBOX_BATCH_BYTES: z.coerce.number().int().min(1024).max(268_435_456).default(16_777_216).describe('Most bytes of a batch that is posted as JSON, which is read as a whole; one in NDJSON is read line by line and may have any'),
  BATCHBOX_KEYS_PER_TENANT: z.coerce.number().int().min(1).max(10_000).default(1000).describe('API keys that a tenant may have'),
  BATCHBOX_KEY_GRACE_MS: z.coerce.number().int().min(0).max(KEY_GRACE_MAX_MS).default(0).describe('How long the former token of an API key goes on after a rotation that does not say'),
  BATCHBOX_TENANT_STORED_BYTES: z.coerce.number().int().min(1_048_576).max(Number.MAX_SAFE_INTEGER).default(4_294_967_296).describe('Bytes that the jobs of a tenant may take in Redis, with their inputs, results, histories and code; further jobs are 429'),
  BATCHBOX_TENANT_CODES: z.coerce.number().int().min(1).max(100_000_000).default(100_000).describe('Pieces of code that a tenant may have stored, each counted once; further jobs are 429'),
  BATCHBOX_TENANT_IDEMPOTENCY_KEYS: z.coerce.number().int().min(1).max(100_000_000).default(1_000_000).describe('Idempotency keys of a tenant that are remembered; further ones are 429'),
  BATCHBOX_TENANT_SECRETS: z.coerce.number().int().min(1).max(1000).default(100).describe('Secrets that a tenant may have stored; further ones are 429'),
  BATCHBOX_TENANT_FUNCTIONS: z.coerce.number().int().min(1).max(10_000).default(1000).describe('Functions that a tenant may have stored; further ones are 429'),
  BATCHBOX_TENANT_FUNCTION_BYTES: z.coerce.number().int().min(1024).max(Number.MAX_SAFE_INTEGER).default(67_108_864).describe('Bytes that the functions of a tenant may take in Redis, with all versions that are kept; further ones are 429'),
  BATCHBOX_TENANT_WEBHOOKS: z.coerce.number().int().min(1).max(200).default(20).describe('Webhook endpoints that a tenant may have; further ones are 429. Each that an event is told to takes Redis up to 0.2 ms of the move that appends the event'),
  BATCHBOX_AUDIT_ENTRIES: z.coerce.number().int().min(100).max(1_000_000).default(10_000).describe('Administrative acts that are kept of a tenant, the newest ones'),
  BATCHBOX_AUDIT_RETENTION_MS: z.coerce.number().int().min(60_000).max(3650 * DAY_MS).default(90 * DAY_MS).describe('How long administrative acts are kept'),
  BATCHBOX_STREAMS: z.coerce.number().int().min(1).max(1_000_000).default(10_000).describe('Streams of events that one API process may have open; further ones are 503'),
  BATCHBOX_TENANT_STREAMS: z.coerce.number().int().min(1).max(1_000_000).default(2000).describe('Streams of events that a tenant may have open in one API process; further ones are 429'),
  BATCHBOX_SOCKET_SUBSCRIPTIONS: z.coerce.number().int().min(1).max(100_000).default(1000).describe('Subscriptions that one WebSocket may have'),
  BATCHBOX_TENANT_SUBSCRIPTIONS: z.coerce.number().int().min(1).max(1_000_000).default(20_000).describe('Subscriptions that the WebSockets of a tenant may have in one API process'),
  BATCHBOX_SOCKET_BUFFER_BYTES: z.coerce.number().int().min(1024).max(67_108_864).default(65_536).describe('Bytes that may wait for the client of a WebSocket to take them before nothing more is read for it; one frame may go beyond'),
  BATCHBOX_SOCKET_SLOW_MS: z.coerce.number().int().min(0).max(600_000).default(1000).describe('How long the client of a WebSocket may leave no room there before its at-most-once subscriptions go on without it'),
  BATCHBOX_FILE_TRANSFERS: z.coerce.number().int().min(1).max(100_000).default(1000).describe('Uploads and downloads of files that one API process may have under way; further ones are 503'),
  BATCHBOX_TENANT_FILE_TRANSFERS: z.coerce.number().int().min(1).max(100_000).default(100).describe('Those that a tenant may have under way in one API process; further ones are 429'),
  BATCHBOX_FILE_STALL_MS: z.coerce.number().int().min(100).max(3_600_000).default(30_000).describe('Longest that a client may take to send or to take 64 KiB of a file, before its connection is cut; what came of an upload is kept'),
  BATCHBOX_FLOW_CALLS: z.coerce.number().int().min(1).max(1_000_000).default(10_000).describe('Flow calls that one API process may have open; further ones are 503'),
  BATCHBOX_TENANT_FLOW_CALLS: z.coerce.number().int().min(1).max(1_000_000).default(2000).describe('Flow calls that a tenant may have open in one API process; further ones are 429'),
  BATCHBOX_FLOW_CHARS: z.coerce.number().int().min(1_048_576).max(17_179_869_184).default(268_435_456).describe('Characters of code, input and answers that the flow calls may have which one API process has open, those of one tenant half of them; further ones are 503 and 429'),
  BATCHBOX_FLOW_ANSWER_MS: z.coerce.number().int().min(100).max(600_000).default(30_000).describe('How long a caller may take to receive the answer to a flow call before the connection is closed'),
  BATCHBOX_FLOW_START_MS: z.coerce.number().int().min(100).max(600_000).default(30_000).describe('How long a flow call may wait for a worker before it is given up with 503'),
  BATCHBOX_DEFAULT_FLOW_TIMEOUT_MS: z.coerce.number().int().min(1).max(600_000).default(10_000).describe('Wall time of the code of a flow call, when it does not say'),
  BATCHBOX_MAX_FLOW_TIMEOUT_MS: z.coerce.number().int().min(1).max(600_000).default(60_000).describe('Wall time of the code of a flow call, at the most'),
  BATCHBOX_HEARTBEAT_MS: z.coerce.number().int().min(100).max(600_000).default(15_000).describe('How often a stream of events says that it is there, and its key is looked up again'),
  BATCHBOX_CORS_ORIGINS: CorsOrigins.describe('Web origins whose pages may use the API, like `https://app.example.com`, separated by commas; `*` for any'),
  BATCHBOX_TAG_LOG_MS: z.coerce.number().int().min(1000).max(7 * DAY_MS).default(3_600_000).describe('How long the events of a tag are noted after its last follower left, so that it can come back without a gap'),
  BATCHBOX_TAG_LOG_EVENTS: z.coerce.number().int().min(100).max(1_000_000).default(10_000).describe('Newest events of a followed tag that a follower can come back to'),
  BATCHBOX_TENANT_TAG_LOGS: z.coerce.number().int().min(1).max(100_000).default(100).describe('Tags of a tenant whose events are noted at one time; following another one is 429'),
  BATCHBOX_UNREADY_MS: z.coerce.number().int().min(0).max(600_000).default(0).describe('How long the API goes on as before when it is told to stop, while `/readyz` answers 503: for balancers that ask it'),
  BATCHBOX_LINGER_MS: z.coerce.number().int().min(0).max(600_000).default(0).describe('How long it then leaves idle connections to their clients to close, and takes no new ones; behind a proxy, longer than that keeps them'),
  BATCHBOX_SHED_AT: z.coerce.number().min(0.1).max(1).default(0.8).describe('Share of the memory that Redis may use (`maxmemory`) above which new jobs are refused with 503; what is left is for the jobs that were accepted'),
  BATCHBOX_SHUTDOWN_MS: z.coerce.number().int().min(0).max(600_000).default(10_000).describe('How long requests in flight may still take after that'),
  ...SHARED_VARIABLES,
  ...LIMIT_VARIABLES,
})
