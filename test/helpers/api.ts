import type { TestContext } from 'node:test'
import type { InjectOptions } from 'fastify'
import { createApi, type Api } from '../../src/api/api.ts'
import { ApiConfig } from '../../src/api/config.ts'
import type { Scope } from '../../src/core/api-key.ts'
import { parseEnv } from '../../src/core/parse-env.ts'
import { openDb, type Db } from '../../src/store/db.ts'
import { createKey } from '../../src/store/keys.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { redisForTest } from './redis.ts'

export const ADMIN_KEY = 'an administrator of this test only'.replaceAll(' ', '-')
export const ADMIN_HEADERS = { authorization: `Bearer ${ADMIN_KEY}` }
/** Tenant of the administrator's key. */
export const ADMIN_TENANT = 'default'

export interface TestApi extends Pick<Api, 'app' | 'failed'> {
  /** A connection of the test's own, to play the worker with. */
  db: Db
  /** Lines of the log, parsed. */
  lines: Record<string, unknown>[]
  /** Makes a key and answers the headers of its holder. */
  holder (tenant: string, ...scopes: Scope[]): Promise<{ authorization: string }>
  /** Sends JSON as the administrator, unless told to be another. */
  post (url: string, body: unknown, headers?: Record<string, string>): ReturnType<TestApi['send']>
  get (url: string, headers?: Record<string, string>): ReturnType<TestApi['send']>
  remove (url: string, headers?: Record<string, string>): ReturnType<TestApi['send']>
  send (options: InjectOptions): Promise<{ statusCode: number, headers: Record<string, unknown>, body: string, json: () => Record<string, unknown> }>
  close (): Promise<void>
}

/** Starts the API with real collaborators on a Redis prefix of its own; nothing listens. */
export async function startApi (t: TestContext, env: Record<string, string> = {}, options: { executeGraceMs?: number, redis?: { url: string, prefix: string } } = {}): Promise<TestApi> {
  const { url, prefix } = options.redis ?? await redisForTest(t)
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => { lines.push(JSON.parse(line) as Record<string, unknown>) } } // pino writes one JSON object per line
  const config = parseEnv(ApiConfig, { REDIS_URL: url, BATCHBOX_PREFIX: prefix, BATCHBOX_ADMIN_KEY: ADMIN_KEY, ...env })
  const api = await createApi({ config, logger: createLogger({ name: 'api', level: 'info', destination }), version: '0.0.0', connectWithinMs: env['REDIS_URL'] ? 50 : 5000, ...options })
  const db = openDb({ url, prefix, encryptionKeys: config.BATCHBOX_ENCRYPTION_KEYS, failFast: false, onError: (error) => t.diagnostic(error.message) })
  let closing: Promise<unknown> | undefined
  const close = async () => { await (closing ??= Promise.all([api.close(), db.close()])) }
  t.after(close)

  const send = async (options: InjectOptions) => {
    const { statusCode, headers, body } = await api.app.inject(options)
    return { statusCode, headers, body, json: () => JSON.parse(body) as Record<string, unknown> } // every JSON answer is an object
  }
  return {
    app: api.app,
    failed: api.failed,
    db,
    lines,
    close,
    send,
    get: (path, headers = ADMIN_HEADERS) => send({ method: 'GET', url: path, headers }),
    remove: (path, headers = ADMIN_HEADERS) => send({ method: 'DELETE', url: path, headers }),
    post: (path, body, headers = {}) => send({ method: 'POST', url: path, payload: JSON.stringify(body), headers: { ...ADMIN_HEADERS, 'content-type': 'application/json', ...headers } }),
    async holder (tenant, ...scopes) {
      const { token } = await createKey(db, { tenant, scopes })
      return { authorization: `Bearer ${token}` }
    },
  }
}
