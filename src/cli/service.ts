import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { startChild, type Child, type ChildOptions, type Environment } from './child.ts'
import type { CommandContext } from './command.ts'
import { startPrivateRedis, type PrivateRedis } from './private-redis.ts'
import { ensureRedisServer } from './redis-server.ts'

const KEY_BYTES = 32
/** A worker first lets its jobs end or hands them back, within a bound of its own below this one. */
const STOP_MS = 30_000

export const MAIN_FILES = { api: 'src/api/main.ts', worker: 'src/worker/main.ts' } as const
export type Part = keyof typeof MAIN_FILES

/** Makes an administrator's key: 256 random bits after the prefix that every key has. */
export function makeAdminKey (): string {
  return `bbx_${randomBytes(KEY_BYTES).toString('base64url')}`
}

/** Folder of the private Redis and its lock. */
export function dataFolder ({ config, root }: Pick<CommandContext, 'config' | 'root'>): string {
  return config.BATCHBOX_DATA_DIR ?? join(root, '.batchbox')
}

/** Finds or installs a Redis server and answers its path. */
export function findRedis ({ env, root, terminal }: CommandContext): Promise<string> {
  return ensureRedisServer(
    { path: env['PATH'] ?? '', binFolder: join(root, '.batchbox', 'bin') },
    (manager) => terminal.note(`Installing a Redis server with ${manager}…`),
  )
}

/** Starts the private Redis of a data folder. */
export async function startRedisOf (folder: string, context: CommandContext): Promise<PrivateRedis> {
  return startPrivateRedis({ program: await findRedis(context), folder: redisFolder(folder) })
}

/** Where the private Redis of a data folder keeps its file. */
export function redisFolder (folder: string): string {
  return join(folder, 'redis')
}

/** Starts the API or a worker as a process of its own and resolves when it is ready. */
export function startPart (part: Part, root: string, options: Pick<ChildOptions, 'signal' | 'onLine'> & { env: Environment }): Promise<Child> {
  return startChild({ name: part, file: join(root, MAIN_FILES[part]), stopMs: STOP_MS, ...options })
}
