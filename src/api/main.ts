import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import manifest from '../../package.json' with { type: 'json' }
import { parseEnv } from '../core/parse-env.ts'
import { createLogger } from '../telemetry/logger.ts'
import { createApi, type Api } from './api.ts'
import { ApiConfig } from './config.ts'

const LAST_MS = 2000

/** The API process: listens until it is told to stop, then answers what is in flight and exits with 0. */
async function main (): Promise<void> {
  const config = parseEnv(ApiConfig, process.env)
  const logger = createLogger({ name: 'api', level: config.LOG_LEVEL })
  const stopping = waitForStop(config.BATCHBOX_STOP_WITH_STDIN === '1')
  const api = await createApi({ config, logger, version: manifest.version })
  const url = await api.app.listen({ host: config.HOST, port: config.PORT })
  // A supervisor reads this line, so it is written at any level.
  logger.child({}, { level: 'info' }).info({ url }, 'ready')
  const reason = await Promise.race([stopping, api.failed])
  logger.info({ reason }, 'stopping')
  await close(api, config.BATCHBOX_UNREADY_MS + config.BATCHBOX_LINGER_MS + config.BATCHBOX_SHUTDOWN_MS)
  logger.info('stopped')
}

async function waitForStop (withStdin: boolean): Promise<string> {
  const stops = [once(process, 'SIGTERM').then(() => 'SIGTERM'), once(process, 'SIGINT').then(() => 'SIGINT')]
  if (withStdin) stops.push(once(process.stdin.resume(), 'close').then(() => 'standard input ended'))
  return Promise.race(stops)
}

/** Whoever is still being answered when the time is over loses the connection; what then still hangs is left to the exit. */
async function close (api: Api, withinMs: number): Promise<void> {
  const closing = api.close()
  const late = delay(withinMs, 'late')
  if (await Promise.race([closing, late]) !== 'late') return
  api.app.server.closeAllConnections()
  await Promise.race([closing, delay(LAST_MS)])
}

try {
  await main()
  process.exit(0)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack ?? error.message : String(error)}\n`)
  process.exit(1)
}
