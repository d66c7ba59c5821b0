import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { stopChild } from '../child.ts'
import type { CommandContext } from '../command.ts'
import { keepEncryptionKeys } from '../encryption-keys.ts'
import { DataDirHeldError, takeDataDir } from '../data-dir.ts'
import { isAnswering, socketPath } from '../private-redis.ts'
import { dataFolder, filesFolder, MAIN_FILES, makeAdminKey, partEnv, redisFolder, startRedisOf, stopMs, type Part } from '../service.ts'

const ATTACH_MS = 20_000
const ATTACH_POLL_MS = 200

/**
 * Runs the API or a worker alone, its log untouched, until it ends or is asked to stop. Answers 0 when it was asked to.
 * Without REDIS_URL it uses the private Redis of the data folder: the one that runs, else one of its own.
 */
export async function startOne (part: Part, context: CommandContext): Promise<number> {
  const { config, env, root, signal, terminal } = context
  const redis = await openRedis(context)
  try {
    if (signal.aborted) return 0
    const key = config.BATCHBOX_ADMIN_KEY ?? makeAdminKey()
    if (part === 'api' && !config.BATCHBOX_ADMIN_KEY) terminal.note(`API key ${key}`)
    const keys = config.BATCHBOX_ENCRYPTION_KEYS ?? (config.REDIS_URL ? undefined : keepEncryptionKeys(dataFolder(context)))
    const files = config.BATCHBOX_FILES ?? (config.REDIS_URL ? undefined : filesFolder(dataFolder(context)))
    const child = spawn(process.execPath, [join(root, MAIN_FILES[part])], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true, // a terminal's Ctrl-C comes by this process alone
      env: partEnv(root, { ...env, REDIS_URL: redis.url, BATCHBOX_STOP_WITH_STDIN: '1', ...(keys ? { BATCHBOX_ENCRYPTION_KEYS: keys } : {}), ...(files ? { BATCHBOX_FILES: files } : {}), ...(part === 'api' ? { BATCHBOX_ADMIN_KEY: key } : {}) }),
    })
    terminal.forward(child.stdout, child.stderr)
    child.stdin.on('error', () => {}) // it ended: the exit tells
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]> // the arguments of the event
    signal.addEventListener('abort', () => void stopChild(child, ended, stopMs(part, config)), { once: true })
    const [code] = await ended
    return signal.aborted ? 0 : code ?? 1
  } finally {
    await redis.close()
  }
}

interface OpenedRedis {
  url: string
  close(): Promise<void>
}

/** Opens the Redis of the configuration: that of REDIS_URL, else the private one of the data folder, which is started where it does not run. The caller closes it. */
export async function openRedis (context: CommandContext): Promise<OpenedRedis> {
  if (context.config.REDIS_URL) return { url: context.config.REDIS_URL, close: async () => {} }
  const folder = dataFolder(context)
  const socket = socketPath(redisFolder(folder))
  const deadline = Date.now() + ATTACH_MS
  for (;;) {
    if (await isAnswering(socket)) return { url: `unix://${socket}`, close: async () => {} }
    const own = await startOwn(folder, context, Date.now() > deadline)
    if (own) return own
    await wait(ATTACH_POLL_MS) // whoever holds the folder is about to start its Redis
  }
}

async function startOwn (folder: string, context: CommandContext, isLastTry: boolean): Promise<OpenedRedis | undefined> {
  try {
    const dataDir = takeDataDir(folder)
    const redis = await startRedisOf(dataDir.path, context).catch((error: unknown) => {
      dataDir.release()
      throw error
    })
    return {
      url: redis.url,
      close: async () => {
        await redis.close()
        dataDir.release()
      },
    }
  } catch (error) {
    if (error instanceof DataDirHeldError && !isLastTry) return undefined
    throw error
  }
}
