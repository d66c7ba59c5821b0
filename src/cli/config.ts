import { z } from 'zod'
import { parseEnv } from '../core/parse-env.ts'

const ADMIN_KEY_CHARS = { min: 32, max: 256 } as const

export const CliConfig = z.object({
  REDIS_URL: z.string().regex(/^(?:rediss?|unix):\/\//, 'Must start with redis://, rediss:// or unix://').optional()
    .describe('Redis to use, `redis://`, `rediss://` or `unix://`; without it the command starts a private one in the data folder'),
  BATCHBOX_DATA_DIR: z.string().optional()
    .describe('Folder of the private Redis and its lock; without it `.batchbox` in the project'),
  BATCHBOX_ADMIN_KEY: z.string().min(ADMIN_KEY_CHARS.min).max(ADMIN_KEY_CHARS.max).optional()
    .describe('API key with an administrator\'s rights; made and printed at the start when unset'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('warn')
    .describe('Lowest level of the log lines that `npm start` shows'),
})
export type CliConfig = Readonly<z.infer<typeof CliConfig>>

/** Reads what the command itself needs; the processes it starts read their own. Throws an Error that names every bad key. */
export function loadConfig (env: Readonly<Record<string, string | undefined>>): CliConfig {
  return parseEnv(CliConfig, env)
}
