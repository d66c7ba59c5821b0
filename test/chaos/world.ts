import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild, type Child } from '../../src/cli/child.ts'
import { freePort } from '../helpers/free-port.ts'
import { INHERITED } from '../helpers/inherited.ts'
import type { Scope } from '../helpers/scope.ts'
import { startRedisPair, type RedisPair } from './redis-pair.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const KEY = `bbx_${'c'.repeat(40)}`
/** Starts of a process that come to nothing, one after another, before the harness gives up. */
const STARTS_MAX = 5
const STOP_MS = 30_000
export const PREFIX = '{chaos}'
/** A worker that says nothing for so long loses what it holds. */
export const LOCK_MS = 2000

/** A process of the service that is started again when it died. */
export interface Part {
  readonly pid: number
  /** Ends it by that signal, if it lives. */
  signal (name: NodeJS.Signals): void
  /** Resolves when it is gone and another one stands ready. */
  restart (): Promise<void>
}

export interface World {
  readonly url: string
  readonly key: string
  readonly redis: RedisPair
  readonly api: Part
  readonly workers: readonly Part[]
  /** File to which the tool of the jobs appends a line for each call. */
  readonly notes: string
}

/** Starts a Redis with a replica, without which nothing is acknowledged, a proxy before it, an API and workers behind it. */
export async function startWorld (scope: Scope, workerCount: number, given: Readonly<Record<string, string>> = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-chaos-'))
  scope.after(() => rmSync(folder, { recursive: true, force: true }))
  const redis = await startRedisPair(scope)
  const notes = join(folder, 'notes')
  const port = await freePort()
  const env = {
    ...INHERITED,
    REDIS_URL: redis.url,
    BATCHBOX_PREFIX: PREFIX,
    BATCHBOX_ADMIN_KEY: KEY,
    PORT: String(port), // the same after a restart
    LOG_LEVEL: 'warn',
    BATCHBOX_ACK_REPLICAS: '1',
    BATCHBOX_LANES: '2',
    BATCHBOX_FLOW_LANES: '0',
    BATCHBOX_SPARE_RUNNERS: '1',
    BATCHBOX_COMPILERS: '1',
    BATCHBOX_LOCK_MS: String(LOCK_MS),
    BATCHBOX_STALLED_MS: '1000',
    BATCHBOX_REAP_EVERY_MS: '1000',
    BATCHBOX_TRACE_SAMPLE_RATIO: '0',
    BATCHBOX_TOOLS: `note=${join(import.meta.dirname, 'note-tool', 'tool.ts')}`,
    BATCHBOX_TOOL_CONFIG: JSON.stringify({ note: { file: notes } }),
    ...given,
  }
  const [api, ...workers] = await Promise.all(['api', ...Array.from({ length: workerCount }, () => 'worker')].map((name) => startPart(scope, name, env)))
  if (!api) throw new TypeError('Cannot start world: it has no API')
  return { url: `http://127.0.0.1:${port}`, key: KEY, redis, api, workers, notes }
}

/** As whatever keeps the service running would: a start that comes to nothing is followed by another. */
async function startAgain (start: () => Promise<Child>): Promise<Child> {
  for (let tries = 1; ; tries++) {
    try {
      return await start()
    } catch (error) {
      if (tries >= STARTS_MAX) throw error
    }
  }
}

async function startPart (scope: Scope, name: string, env: Readonly<Record<string, string | undefined>>): Promise<Part> {
  const start = () => startChild({ name, file: join(ROOT, `src/${name}/main.ts`), env, signal: new AbortController().signal, stopMs: STOP_MS, onLine () {} })
  let child: Child = await startAgain(start)
  let next: Promise<void> | undefined
  scope.after(async () => {
    await next
    await child.stop()
  })
  const restart = async () => {
    await child.ended
    child = await startAgain(start)
    next = undefined
  }
  return {
    get pid () { return child.pid },
    signal (name) {
      try {
        process.kill(child.pid, name)
      } catch {
        // it ended already
      }
    },
    restart: () => next ??= restart(),
  }
}
