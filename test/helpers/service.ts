import assert from 'node:assert/strict'
import { join } from 'node:path'
import { startChild, type Child } from '../../src/cli/child.ts'
import { parseLogLine, type LogRecord } from '../../src/cli/log-line.ts'
import type { JobView } from '../../src/core/job.ts'
import { EncryptionKeys } from '../../src/core/encryption-keys.ts'
import { openDb, type Db } from '../../src/store/db.ts'
import { buildClient, type Client } from './client.ts'
import { INHERITED } from './inherited.ts'
import { redisForTest } from './redis.ts'
import type { Scope } from './scope.ts'

const ROOT = join(import.meta.dirname, '..', '..')
export const KEY = `bbx_${'k'.repeat(40)}`
const STOP_MS = 20_000
/** As small as a service can be that still runs two jobs at a time. What histories hold does not hang on how fast it is. */
export const SMALL = { BATCHBOX_USAGE_EVERY_MS: '0', BATCHBOX_WARN_SHARE: '0', BATCHBOX_LANES: '2', BATCHBOX_FLOW_LANES: '0', BATCHBOX_SPARE_RUNNERS: '0', BATCHBOX_COMPILERS: '1', LOG_LEVEL: 'info' }

export type Part = 'api' | 'worker'
export type Env = Readonly<Record<string, string>>

/** A process of the service, with what it logged. */
export interface ServiceProcess extends Child {
  lines: LogRecord[]
}

export interface TestService extends Client {
  url: string
  /** A connection of the test's own to the service's Redis. */
  db: Db
  api: ServiceProcess
  worker: ServiceProcess
  /** Key of the administrator, for requests that the client cannot make. */
  key: string
  /** Starts one more process of the service. */
  startWorker (env?: Env): Promise<ServiceProcess>
  /** Starts one more API; answers a client of it. */
  startApi (): Promise<Client>
}

export type Job = JobView

export interface ServiceOptions {
  env?: Env
  /** Only the API: nothing is run. */
  worker?: false
  /** Another Redis than the one that the tests of the file share. */
  redis?: { url: string, prefix: string }
}

/** Starts the API and a worker as processes of their own, on a Redis prefix that nobody else has. */
export async function startService (scope: Scope, options: ServiceOptions = {}): Promise<TestService> {
  const { url: redisUrl, prefix } = options.redis ?? await redisForTest(scope)
  const shared = { ...SMALL, ...INHERITED, REDIS_URL: redisUrl, BATCHBOX_PREFIX: prefix, BATCHBOX_ADMIN_KEY: KEY, PORT: '0', ...options.env }
  const startWorker = (env: Env = {}) => startPart(scope, 'worker', { ...shared, ...env })
  // Both are settled, so that one that fails leaves none behind that nobody ends.
  const started = await Promise.allSettled([startPart(scope, 'api', shared), options.worker === false ? undefined : startWorker()])
  const [api, worker] = started.map((part) => {
    if (part.status === 'rejected') throw part.reason
    return part.value
  })
  assert.ok(api)
  const db = openDb({ url: redisUrl, prefix, encryptionKeys: EncryptionKeys.parse(options.env?.['BATCHBOX_ENCRYPTION_KEYS'] ?? ''), failFast: false, onError: () => {} }) // tests stop Redis on purpose
  scope.after(() => db.close())
  const url = String(api.ready['url'])
  return {
    ...buildClient(url, KEY),
    url,
    db,
    api,
    get worker () {
      if (!worker) throw new TypeError('Cannot read the worker: the service was started without one')
      return worker
    },
    startWorker,
    key: KEY,
    startApi: async () => buildClient(String((await startPart(scope, 'api', shared)).ready['url']), KEY),
  }
}

/** Starts one process of the service; it ends with the scope. */
export async function startPart (scope: Scope, part: Part, env: Env): Promise<ServiceProcess> {
  const lines: LogRecord[] = []
  const child = await startChild({
    name: part,
    file: join(ROOT, `src/${part}/main.ts`),
    env,
    signal: new AbortController().signal,
    stopMs: STOP_MS,
    onLine: (line: string) => lines.push(parseLogLine(line) ?? { text: line }),
  })
  scope.after(() => child.stop())
  return { ...child, lines }
}
