import type { CommandContext } from '../command.ts'
import { takeDataDir } from '../data-dir.ts'
import { keepEncryptionKeys } from '../encryption-keys.ts'
import { keepRunning, type Running } from '../keep-running.ts'
import type { LogRecord } from '../log-line.ts'
import { dataFolder, filesFolder, makeAdminKey, startPart, startRedisOf, type Part } from '../service.ts'

/**
 * Runs the API and a worker, and a private Redis unless REDIS_URL names one, until it is asked to stop; starts each again when it dies.
 * Prints one line when all are ready.
 */
export async function start (context: CommandContext): Promise<number> {
  try {
    await run(context)
  } catch (error) {
    if (!context.signal.aborted) throw error // else asked to stop while it was starting
  }
  return 0
}

async function run (context: CommandContext): Promise<void> {
  const { config, signal, terminal } = context
  await using closing = new AsyncDisposableStack() // last in, first out
  const dataDir = takeDataDir(dataFolder(context))
  closing.defer(dataDir.release)
  const redis = config.REDIS_URL ? { url: config.REDIS_URL, stop: async () => {} } : await keepRedis(context, dataDir.path)
  closing.defer(redis.stop)

  const key = config.BATCHBOX_ADMIN_KEY ?? makeAdminKey()
  const keys = config.BATCHBOX_ENCRYPTION_KEYS ?? keepEncryptionKeys(dataDir.path)
  const shared = { REDIS_URL: redis.url, LOG_LEVEL: config.LOG_LEVEL, BATCHBOX_ENCRYPTION_KEYS: keys, BATCHBOX_FILES: config.BATCHBOX_FILES ?? filesFolder(dataDir.path) }
  let port: string | undefined
  const parts = await Promise.allSettled([
    keepPart('api', context, () => ({ ...shared, BATCHBOX_ADMIN_KEY: key, ...(port ? { PORT: port } : {}) })),
    keepPart('worker', context, () => shared),
  ])
  closing.defer(async () => { await Promise.all(parts.map((part) => part.status === 'fulfilled' ? part.value.stop() : undefined)) })
  const [api] = parts.map((part) => {
    if (part.status === 'rejected') throw part.reason
    return part.value
  })

  const url = String(api?.ready['url'])
  port = new URL(url).port // one that the system chose stays the same over restarts
  terminal.print(`Batchbox is ready at ${terminal.style('bold', url)}${config.BATCHBOX_ADMIN_KEY ? '' : `  API key ${terminal.style('bold', key)}`}`)
  await aborted(signal)
  terminal.note('Stopping…')
}

async function keepRedis (context: CommandContext, folder: string): Promise<{ url: string, stop(): Promise<void> }> {
  let url = ''
  const kept = await keepRunning({
    start: async (): Promise<Running> => {
      const redis = await startRedisOf(folder, context)
      url = redis.url
      return { ended: redis.ended, stop: redis.close }
    },
    signal: context.signal,
    onUp: () => {},
    onDown: (how, waitMs) => context.terminal.note(`Redis ${how}; starting it again in ${waitMs} ms`),
  })
  return { url, stop: kept.stop }
}

async function keepPart (part: Part, context: CommandContext, buildEnv: () => Record<string, string>): Promise<{ ready: LogRecord, stop(): Promise<void> }> {
  const { env, signal, terminal } = context
  let ready: LogRecord | undefined
  const kept = await keepRunning({
    start: (signal) => startPart(part, context, { env: { ...env, ...buildEnv() }, signal, onLine: (line) => terminal.note(line) }),
    signal,
    onUp: (child) => {
      if (ready) terminal.note(`The ${part} is ready again`)
      ready ??= child.ready
    },
    onDown: (how, waitMs) => terminal.note(`The ${part} ${how}; starting it again in ${waitMs} ms`),
  })
  return { ready: ready ?? {}, stop: kept.stop }
}

function aborted (signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
