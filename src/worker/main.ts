import { once } from 'node:events'
import manifest from '../../package.json' with { type: 'json' }
import { parseEnv } from '../core/parse-env.ts'
import { createLogger } from '../telemetry/logger.ts'
import { WorkerConfig } from './config.ts'
import { createWorker } from './worker.ts'

/** The worker process: runs jobs until it is told to stop, then lets them finish or hands them back, and exits with 0. */
async function main (): Promise<void> {
  const config = parseEnv(WorkerConfig, process.env)
  const logger = createLogger({ name: 'worker', level: config.LOG_LEVEL })
  const stopping = waitForStop(config.BATCHBOX_STOP_WITH_STDIN === '1')
  const worker = await createWorker({ config, logger, version: manifest.version })
  // A supervisor reads this line, so it is written at any level.
  logger.child({}, { level: 'info' }).info({ lanes: worker.lanes }, 'ready')
  const reason = await stopping
  logger.info({ reason }, 'stopping')
  await worker.close()
  logger.info('stopped')
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
