import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPrivateRedis } from '../../src/cli/private-redis.ts'
import { findRedisServer } from '../../src/cli/redis-server.ts'
import type { Scope } from './scope.ts'

export interface RestartableRedis {
  url: string
  /** Where its files are. */
  folder: string
  /** SIGKILL; resolves when it is gone. */
  kill (): Promise<void>
  /** Starts it again on its append-only file, at the same address. */
  restart (): Promise<void>
  /** Copies its files as they are now, as a backup does. */
  backUp (): void
  /** Puts the files of the backup where its own are. It must not be running. */
  restore (): void
}

/** Starts a Redis with an append-only file that a test may kill. What uses it must end before. */
export async function startRestartableRedis (scope: Scope): Promise<RestartableRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-aof-'))
  const backup = `${folder}-backup`
  const program = findRedisServer({ path: process.env['PATH'] ?? '', binFolder: join(folder, 'bin') })
  assert.ok(program, 'there is a Redis server')
  const start = () => startPrivateRedis({ program, folder })
  let redis = await start()
  scope.after(async () => {
    await redis.close()
    for (const each of [folder, backup, `${folder}.before`]) rmSync(each, { recursive: true, force: true })
  })
  return {
    url: redis.url,
    folder,
    async kill () {
      process.kill(redis.pid, 'SIGKILL')
      await redis.ended
    },
    async restart () {
      redis = await start()
    },
    backUp () {
      rmSync(backup, { recursive: true, force: true })
      cpSync(folder, backup, { recursive: true, filter: (path) => !path.endsWith('.sock') })
    },
    restore () {
      for (const name of readdirSync(backup)) {
        rmSync(join(folder, name), { recursive: true, force: true })
        cpSync(join(backup, name), join(folder, name), { recursive: true })
      }
    },
  }
}
