import { z } from 'zod'
import { LIMIT_VARIABLES } from '../core/limits.ts'
import { LOGGER_LEVELS } from '../telemetry/logger.ts'

const DAY_MS = 86_400_000
const REDIS_URL = /^(?:rediss?|unix):\/\/./

/** Configuration of the API process, by environment variable. */
export const ApiConfig = z.object({
  HOST: z.string().min(1).default('127.0.0.1').describe('Address that the API listens on'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8787).describe('Port that the API listens on; 0 picks a free one'),
  REDIS_URL: z.string().regex(REDIS_URL, 'Expected redis://…, rediss://… or unix:///…').describe('Redis or Valkey: `redis://`, `rediss://` or `unix:///path/to.sock`'),
  BATCHBOX_PREFIX: z.string().regex(/^[^{}]*\{[^{}]+\}[^{}]*$/, 'Expected one hash tag, as in {batchbox}').default('{batchbox}').describe('Prefix of every key in Redis, with a hash tag; services with different prefixes share a Redis'),
  BATCHBOX_ADMIN_KEY: z.string().min(32).max(256).regex(/^\S+$/, 'Expected no spaces').describe('API key of an administrator of the tenant `default`, at least 32 characters'),
  BATCHBOX_RETENTION_MS: z.coerce.number().int().min(1000).max(3650 * DAY_MS).default(7 * DAY_MS).describe('How long a job is kept after it ended'),
  BATCHBOX_IDEMPOTENCY_MS: z.coerce.number().int().min(1000).max(30 * DAY_MS).default(DAY_MS).describe('How long an `Idempotency-Key` is remembered'),
  BATCHBOX_SHUTDOWN_MS: z.coerce.number().int().min(0).max(600_000).default(10_000).describe('How long requests in flight may take to finish when the process is told to stop'),
  BATCHBOX_STOP_WITH_STDIN: z.enum(['0', '1']).default('0').describe('`1` stops the process gracefully when its standard input ends, which is when its supervisor died'),
  BATCHBOX_TRACE_SAMPLE_RATIO: z.coerce.number().min(0).max(1).default(1).describe('Share of traces that are recorded and kept with their jobs'),
  BATCHBOX_TRACE_BYTES: z.coerce.number().int().min(1024).max(16_777_216).default(65_536).describe('Bytes of trace kept per job'),
  BATCHBOX_TRACE_RETENTION_MS: z.coerce.number().int().min(1000).max(3650 * DAY_MS).default(3 * DAY_MS).describe('How long the trace of a job is kept'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional().describe('Base URL of an OTLP/HTTP collector that spans are exported to'),
  LOG_LEVEL: z.enum(LOGGER_LEVELS).default('info').describe('Lowest level of the log of the process'),
  ...LIMIT_VARIABLES,
})
