import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import manifest from '../../package.json' with { type: 'json' }
import { parseEnv } from '../core/parse-env.ts'
import { createLogger } from '../telemetry/logger.ts'
import { WorkerConfig } from './config.ts'
import { createWorker, HAND_BACK_MS } from './worker.ts'

/** How long closing connections and processes may take once no job runs here any more. */
const LAST_MS = 2000

/** The worker process: runs jobs until it is told to stop, then lets them finish or hands them back, and exits with 0. */
async function main (): Promise<void> {
  const config = parseEnv(WorkerConfig, process.env)
  const logger = createLogger({ name: 'worker', level: config.LOG_LEVEL })
  const stopping = waitForStop(config.BATCHBOX_STOP_WITH_STDIN === '1')
  const worker = await createWorker({ config, logger, version: manifest.version })
  // A supervisor reads this line, so it is written at any level.
  logger.child({}, { level: 'info' }).info({ lanes: worker.lanes, flowLanes: worker.flowLanes, metricsUrl: worker.metricsUrl }, 'ready')
  const reason = await stopping
  logger.info({ reason }, 'stopping')
  const late = delay(config.BATCHBOX_DRAIN_MS + HAND_BACK_MS + LAST_MS, 'late')
  const end = await Promise.race([worker.close(), late])
  if (end === 'late') logger.warn('stopped with work left: what was not handed back is found by another worker')
  else logger.info('stopped')
}

async function waitForStop (withStdin: boolean): Promise<string> {
  const stops = [once(process, 'SIGTERM').then(() => 'SIGTERM'), once(process, 'SIGINT').then(() => 'SIGINT')]
  if (withStdin) stops.push(once(process.stdin.resume(), 'close').then(() => 'standard input ended'))
  return Promise.race(stops)
}

try {
  await main()
  process.exit(0)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack ?? error.message : String(error)}\n`)
  process.exit(1)
}
