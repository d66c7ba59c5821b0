import { z } from 'zod'
import { EncryptionKeys } from './encryption-keys.ts'
import { FILE_VARIABLES } from './file-variables.ts'
import { MODULE_VARIABLES } from './module-variables.ts'

const DAY_MS = 86_400_000
const REDIS_URL = /^(?:rediss?|unix):\/\/./

/** Levels of a process's own log, from the most talkative. */
export const LOGGER_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LoggerLevel = typeof LOGGER_LEVELS[number]

/** The variables that the API and the workers of one service read alike, as members of their schemas. */
export const SHARED_VARIABLES = {
  REDIS_URL: z.string().regex(REDIS_URL, 'Expected redis://…, rediss://… or unix:///…').describe('Redis or Valkey: `redis://`, `rediss://` or `unix:///path/to.sock`'),
  BATCHBOX_PREFIX: z.string().regex(/^[^{}]*\{[^{}]+\}[^{}]*$/, 'Expected one hash tag, as in {batchbox}').default('{batchbox}').describe('Prefix of every key in Redis, with a hash tag; services with different prefixes share a Redis'),
  BATCHBOX_RETENTION_MS: z.coerce.number().int().min(1000).max(3650 * DAY_MS).default(7 * DAY_MS).describe('How long a job is kept after it ended'),
  BATCHBOX_TENANT_JOBS_WAITING: z.coerce.number().int().min(1).max(100_000_000).default(1_000_000).describe('Jobs of a tenant that may be queued and scheduled at one time; further ones are 429, and shards wait for room'),
  BATCHBOX_ACK_REPLICAS: z.coerce.number().int().min(0).max(10).default(0).describe('Replicas of Redis that must have a job before its POST is answered, and a checkpoint before its save is (WAIT); with 0 a failover may lose what was not replicated yet'),
  BATCHBOX_ACK_FSYNC: z.enum(['0', '1']).default('0').describe('`1` answers a POST, and the save of a checkpoint, only when it is on the disks of Redis and of those replicas (WAITAOF, Redis 7.2)'),
  BATCHBOX_ACK_MS: z.coerce.number().int().min(10).max(60_000).default(1000).describe('How long to wait for them; then a POST is answered with 503, a save fails, and either may be asked for again'),
  BATCHBOX_TOOLS: z.string().regex(/^(?:[\w$]+=[^,]+(?:,[\w$]+=[^,]+)*)?$/, 'Expected name=/path/to/tool.ts, separated by commas').default('').describe('Tools of your own: `name=/path/to/tool.ts`, separated by commas'),
  ...MODULE_VARIABLES,
  BATCHBOX_ENCRYPTION_KEYS: EncryptionKeys.describe('Keys that payloads and secrets are encrypted with in Redis: `id=base64 of 32 bytes`, separated by commas; the first encrypts, all decrypt. Without any, payloads are not encrypted and there are no secrets'),
  ...FILE_VARIABLES,
  BATCHBOX_STOP_WITH_STDIN: z.enum(['0', '1']).default('0').describe('`1` stops the process gracefully when its standard input ends, which is when its supervisor died'),
  BATCHBOX_TRACE_SAMPLE_RATIO: z.coerce.number().min(0).max(1).default(1).describe('Share of traces that are recorded and kept with their jobs'),
  BATCHBOX_TRACE_BYTES: z.coerce.number().int().min(1024).max(16_777_216).default(65_536).describe('Bytes of trace kept per job'),
  BATCHBOX_TRACE_RETENTION_MS: z.coerce.number().int().min(1000).max(3650 * DAY_MS).default(3 * DAY_MS).describe('How long the trace of a job is kept'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional().describe('Base URL of an OTLP/HTTP collector that spans are exported to'),
  BATCHBOX_METRICS_TOKEN: z.string().min(16).max(256).regex(/^\S+$/, 'Expected no spaces').optional().describe('Bearer token that opens `/metrics` and nothing else, at least 16 characters; for a Prometheus that holds no API key'),
  BATCHBOX_METRICS_OPEN: z.enum(['0', '1']).default('0').describe('`1` answers `/metrics` to everybody who can reach it'),
  LOG_LEVEL: z.enum(LOGGER_LEVELS).default('info').describe('Lowest level of the log of the process'),
}
