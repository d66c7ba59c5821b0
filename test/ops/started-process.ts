import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ApiConfig } from '../../src/api/config.ts'
import { parseEnv } from '../../src/core/parse-env.ts'
import { HAND_BACK_MS } from '../../src/worker/worker.ts'
import { WorkerConfig } from '../../src/worker/config.ts'

export const ROOT = join(import.meta.dirname, '..', '..')
/** Read by Node, not by us. */
const OF_NODE = new Set(['NODE_ENV', 'NODE_COMPILE_CACHE'])
/** What closing connections may take at the end. */
const LAST_MS = 2000
/** What somebody who deploys has to fill in. */
const FILLED_IN = { REDIS_URL: 'redis://redis:6379', BATCHBOX_ADMIN_KEY: 'k'.repeat(32) }

/**
 * Checks what a deployment starts: a file that exists, with variables that its configuration knows and takes. Variables of which only the name is
 * known, as secrets are, are null. Answers the configuration, and how long the process may take to stop.
 */
export function checkProcess (file: string, env: Readonly<Record<string, string | null>>): { config: Record<string, unknown>, stopMs: number } {
  assert.ok(existsSync(join(ROOT, file)), `${file} is started and does not exist`)
  const schema = file.startsWith('src/api/') ? ApiConfig : WorkerConfig
  const unknown = Object.keys(env).filter((name) => !OF_NODE.has(name) && !(name in schema.shape))
  assert.deepEqual(unknown, [], `${file} reads no such variable`)
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== null)) as Record<string, string> // those that are null are left out
  if (schema === ApiConfig) {
    const config = parseEnv(ApiConfig, { ...given, ...FILLED_IN })
    return { config, stopMs: config.BATCHBOX_UNREADY_MS + config.BATCHBOX_LINGER_MS + config.BATCHBOX_SHUTDOWN_MS + LAST_MS }
  }
  const config = parseEnv(WorkerConfig, { ...given, ...FILLED_IN })
  return { config, stopMs: config.BATCHBOX_DRAIN_MS + HAND_BACK_MS + LAST_MS }
}
