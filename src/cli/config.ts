import { z } from 'zod'
import { ApiConfig } from '../api/config.ts'
import { parseEnv } from '../core/parse-env.ts'
import { WorkerConfig } from '../worker/config.ts'

/** Configuration of the command itself. What its processes read too is in their schemas; here it may be left out. */
export const CliConfig = z.object({
  REDIS_URL: ApiConfig.shape.REDIS_URL.optional()
    .describe('Redis or Valkey: `redis://`, `rediss://` or `unix:///path/to.sock`; without it the command starts a private one'),
  BATCHBOX_PREFIX: ApiConfig.shape.BATCHBOX_PREFIX,
  BATCHBOX_DATA_DIR: z.string().optional()
    .describe('Folder of the private Redis and of the lock that lets one `npm start` use it; without it `.batchbox` in the project'),
  BATCHBOX_ADMIN_KEY: ApiConfig.shape.BATCHBOX_ADMIN_KEY.optional()
    .describe('API key of the operator, at least 32 characters: it may do everything, for every tenant, and its own is `default`; made and printed at the start when unset'),
  BATCHBOX_ENCRYPTION_KEYS: z.string().optional()
    .describe('Keys that payloads and secrets are encrypted with in Redis: `id=base64 of 32 bytes`, separated by commas; the first encrypts, all decrypt. Made in the data folder when unset, unless the API or a worker is started alone with a REDIS_URL'),
  BATCHBOX_FILES: ApiConfig.shape.BATCHBOX_FILES
    .describe('Folder that files are kept in, the same one for the API and every worker: they share it; or `s3://bucket/prefix`. `npm start` uses `files` in its data folder; an API or a worker that is started alone with a REDIS_URL has none without it, and whatever needs files answers 503'),
  LOG_LEVEL: ApiConfig.shape.LOG_LEVEL.unwrap().default('warn')
    .describe('Lowest level of the log'),
  BATCHBOX_UNREADY_MS: ApiConfig.shape.BATCHBOX_UNREADY_MS,
  BATCHBOX_LINGER_MS: ApiConfig.shape.BATCHBOX_LINGER_MS,
  BATCHBOX_SHUTDOWN_MS: ApiConfig.shape.BATCHBOX_SHUTDOWN_MS,
  BATCHBOX_DRAIN_MS: WorkerConfig.shape.BATCHBOX_DRAIN_MS,
})
export type CliConfig = Readonly<z.infer<typeof CliConfig>>

/** Reads what the command itself needs; the processes it starts read their own. Throws an Error that names every bad key. */
export function loadConfig (env: Readonly<Record<string, string | undefined>>): CliConfig {
  return parseEnv(CliConfig, env)
}
