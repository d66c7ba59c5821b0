import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { startChild, type Child, type ChildOptions } from './child.ts'
import type { CommandContext } from './command.ts'
import { startPrivateRedis, type PrivateRedis } from './private-redis.ts'
import { ensureRedisServer } from './redis-server.ts'

const KEY_BYTES = 32
/** How long a process may take, beyond the bound it has on stopping, to hand back what is left and close its connections. */
const STOP_SLACK_MS = 10_000

export const MAIN_FILES = { api: 'src/api/main.ts', worker: 'src/worker/main.ts' } as const
export type Part = keyof typeof MAIN_FILES

/** Makes an operator's key: 256 random bits after the prefix that every key has. */
export function makeAdminKey (): string {
  return `bbx_${randomBytes(KEY_BYTES).toString('base64url')}`
}

/** Folder of the private Redis and its lock. */
export function dataFolder ({ config, root }: Pick<CommandContext, 'config' | 'root'>): string {
  return config.BATCHBOX_DATA_DIR ?? join(root, '.batchbox')
}

/** Starts the private Redis of a data folder, after installing a server where the machine has none; `onInstall` is told by what. */
export async function startRedisOf (folder: string, { env, root, terminal }: CommandContext, onInstall?: (text: string) => void): Promise<PrivateRedis> {
  const tell = onInstall ?? terminal.note
  const program = await ensureRedisServer(
    { path: env['PATH'] ?? '', binFolder: join(root, '.batchbox', 'bin') },
    (manager) => tell(`Installing a Redis server with ${manager}`),
  )
  return startPrivateRedis({ program, folder: redisFolder(folder) })
}

/** Where the private Redis of a data folder keeps its file. */
export function redisFolder (folder: string): string {
  return join(folder, 'redis')
}

/** Where the files of a data folder are, unless the environment names another place. */
export function filesFolder (folder: string): string {
  return join(folder, 'files')
}

/** How long one of the processes may take to stop before it is killed. */
export function stopMs (part: Part, config: CommandContext['config']): number {
  return STOP_SLACK_MS + (part === 'worker' ? config.BATCHBOX_DRAIN_MS : config.BATCHBOX_UNREADY_MS + config.BATCHBOX_LINGER_MS + config.BATCHBOX_SHUTDOWN_MS)
}

/**
 * The environment of a process of the service: what it is given, and the folder where Node keeps compiled modules, beside which the guest's
 * archives are kept. Without it each start of a worker bundles every package again.
 */
export function partEnv (root: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { NODE_COMPILE_CACHE: join(root, '.batchbox', 'compile-cache'), ...env }
}

/** Starts the API or a worker as a process of its own and resolves when it is ready. `env` is all that it gets beyond what `partEnv` adds. */
export function startPart (part: Part, { config, root }: CommandContext, { env, ...options }: Pick<ChildOptions, 'env' | 'signal' | 'onLine'>): Promise<Child> {
  return startChild({ name: part, file: join(root, MAIN_FILES[part]), stopMs: stopMs(part, config), env: partEnv(root, env), ...options })
}
