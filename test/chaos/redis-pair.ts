import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { isFollowing, startRedisServer, type RedisServer } from '../helpers/redis-server.ts'
import type { Scope } from '../helpers/scope.ts'
import { until } from '../helpers/until.ts'
import { startProxy, type Proxy } from '../helpers/proxy.ts'

/** What was answered is on the disk: a Redis that is killed while its disk is slow loses what `everysec` has not written yet. */
const ARGS = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction']
/** What was on its way to a process when the primary was lost may still take effect for that long. */
const LAST_WORDS_MS = 1000

/** Milliseconds of the Unix epoch. */
export interface Span {
  fromMs: number
  toMs: number
}

/** A Redis and its replica, and the ways to them. */
export interface RedisPair {
  readonly url: string
  readonly primary: RedisServer
  /** Between the service and the primary, whichever that is. */
  readonly proxy: Proxy
  /** When the writes were made that went with a primary. */
  readonly lost: readonly Span[]
  /** Holds the replica back for that long, kills the primary, promotes the replica and attaches a new one. What was written meanwhile is gone. */
  failOver (lagMs: number): Promise<void>
}

/** Starts a primary, a replica that has caught up with it, and a proxy before the primary. */
export async function startRedisPair (scope: Scope): Promise<RedisPair> {
  let primary = await startRedisServer(scope, ARGS)
  let replica = await startRedisServer(scope, ARGS)
  const proxy = await startProxy(scope, primary.port)
  const link = await startProxy(scope, primary.port)
  const lost: Span[] = []
  const follow = ['127.0.0.1', String(link.port)] as const
  await replica.client.call('REPLICAOF', ...follow)
  await until('the replica has caught up', () => isFollowing(replica))

  async function failOver (lagMs: number): Promise<void> {
    const fromMs = Date.now()
    const release = link.hold()
    await wait(lagMs)
    await primary.kill()
    link.cut()
    await replica.client.call('REPLICAOF', 'NO', 'ONE')
    ;[primary, replica] = [replica, primary]
    for (const each of [proxy, link]) each.point(primary.port)
    proxy.cut()
    release()
    lost.push({ fromMs, toMs: Date.now() + LAST_WORDS_MS })
    rmSync(join(replica.folder, 'appendonlydir'), { recursive: true, force: true })
    await replica.restart(['--replicaof', ...follow])
    await until('the new replica has caught up', () => isFollowing(replica), 60_000)
  }

  return {
    url: `redis://127.0.0.1:${proxy.port}`,
    proxy,
    get primary () { return primary },
    lost,
    failOver,
  }
}
