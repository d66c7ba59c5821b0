import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RedisServer } from './redis-server.ts'
import { until } from './until.ts'

/** Bytes of its file after which a server that loads it looks at its connections: as few as it takes. */
const LOOK_UP_BYTES = 1024
const FILE = 'dump.rdb'

/** Has the server load all of its data anew, for about that long: it answers LOADING meanwhile. */
export async function answerLoading ({ client, folder }: RedisServer, ms: number): Promise<void> {
  const keys = Math.max(1, await client.dbsize())
  await client.config('SET', 'loading-process-events-interval-bytes', LOOK_UP_BYTES)
  await client.config('SET', 'key-load-delay', Math.ceil(ms * 1000 / keys)) // microseconds for each key
  try {
    await client.call('DEBUG', 'RELOAD')
  } finally {
    await client.config('SET', 'key-load-delay', 0)
    rmSync(join(folder, FILE), { force: true })
  }
}

/** Has the server fail at writing a snapshot, so that it answers MISCONF to writes; answers how to end that. Its append-only file goes on. */
export async function answerMisconf ({ client, folder }: RedisServer): Promise<() => Promise<void>> {
  const obstacle = join(folder, FILE)
  rmSync(obstacle, { recursive: true, force: true })
  mkdirSync(join(obstacle, 'in-the-way'), { recursive: true }) // no file can take the name of a folder that holds something
  await client.config('SET', 'save', '3600 1000000')
  await until('a snapshot was begun', () => client.bgsave().then(() => true, () => false)) // not while it writes another file
  await until('the snapshot has failed', async () => (await client.info('persistence')).includes('rdb_last_bgsave_status:err'))
  return async () => {
    rmSync(obstacle, { recursive: true, force: true })
    await client.config('SET', 'save', '')
  }
}

/** Makes the server a replica of nobody who is there, so that it answers READONLY to writes; answers how to end that. */
export async function answerReadonly ({ client }: RedisServer): Promise<() => Promise<void>> {
  await client.call('REPLICAOF', '127.0.0.1', '1')
  return async () => { await client.call('REPLICAOF', 'NO', 'ONE') }
}
