import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild, type Environment } from '../src/cli/child.ts'
import { startPrivateRedis } from '../src/cli/private-redis.ts'
import { ensureRedisServer } from '../src/cli/redis-server.ts'
import { MAIN_FILES, makeAdminKey, type Part } from '../src/cli/service.ts'
import { openDb, type Db } from '../src/store/db.ts'
import { defaultLanes } from '../src/engine/pool-settings.ts'
import type { ServicePids } from './processes.ts'
import type { Bench } from './row.ts'

const STOP_MS = 30_000
/** Warnings of the service that are passed on. */
const LINES_SHOWN = 10
/** What would change the service that is measured. */
const FOREIGN = /^(?:BATCHBOX_|OTEL_|REDIS_URL$|PORT$|HOST$|NODE_OPTIONS$)/

/** Runs at one time, in the service and in the baselines. */
export const LANES = defaultLanes()
/** Processors that this process may use. */
export const CORES = availableParallelism()

/** The whole service as separate processes on a Redis of its own. */
export interface BenchService {
  url: string
  key: string
  redisUrl: string
  /** The service's store, to see what became of jobs without costing the API anything. */
  db: Db
  pids: ServicePids
  /** Starts one more worker; answers its process id. */
  startWorker (): Promise<number>
}

/** A Redis for one row. */
export interface BenchRedis {
  url: string
  pid: number
}

/** Starts a private Redis in a temporary folder, set up as `npm start` does. `closing` stops and removes it. */
export async function startRedis (bench: Bench, closing: AsyncDisposableStack): Promise<BenchRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-bench-'))
  closing.defer(() => rmSync(folder, { recursive: true, force: true }))
  const search = { path: process.env['PATH'] ?? '', binFolder: join(bench.root, '.batchbox', 'bin') }
  const program = await ensureRedisServer(search, (manager) => bench.note(`Installing a Redis server with ${manager}…`))
  const redis = await startPrivateRedis({ program, folder: join(folder, 'redis') })
  closing.defer(() => redis.close())
  return redis
}

/** Starts Redis, the API and one worker with the configuration that they have when nobody sets any but what is given. `closing` stops them. */
export async function startService (bench: Bench, closing: AsyncDisposableStack, given: Environment = {}): Promise<BenchService> {
  const redis = await startRedis(bench, closing)
  const key = makeAdminKey()
  const env = { ...ownEnvironment(), ...profileOptions(bench), REDIS_URL: redis.url, PORT: '0', BATCHBOX_ADMIN_KEY: key, LOG_LEVEL: 'warn', BATCHBOX_FLOW_LANES: '0', ...given }
  let linesLeft = LINES_SHOWN
  const onLine = (line: string) => { if (linesLeft-- > 0) bench.note(`  ${line}`) }
  const start = async (part: Part) => {
    const child = await startChild({ name: part, file: join(bench.root, MAIN_FILES[part]), env, signal: bench.signal, stopMs: STOP_MS, onLine })
    closing.defer(() => child.stop())
    return child
  }
  const worker = await start('worker')
  const api = await start('api')
  const db = openDb({ url: redis.url, failFast: false, onError: (error) => bench.note(String(error)) })
  closing.defer(() => db.close())
  return {
    url: String(api.ready['url']),
    key,
    redisUrl: redis.url,
    db,
    pids: { api: api.pid, worker: worker.pid, redis: redis.pid },
    startWorker: async () => (await start('worker')).pid,
  }
}

function ownEnvironment (): Environment {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)))
}

/** Runners and compilers have an environment of their own, so they are not profiled. */
function profileOptions ({ profileFolder }: Bench): Environment {
  return profileFolder === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileFolder}` }
}
