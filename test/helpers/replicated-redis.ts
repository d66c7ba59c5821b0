import { isFollowing, startRedisServer } from './redis-server.ts'
import type { Scope } from './scope.ts'
import { until } from './until.ts'

export interface ReplicatedRedis {
  /** Of the primary. */
  url: string
  /** SIGKILL. */
  killReplica (): Promise<void>
}

/** Starts a primary and one replica that has caught up with it, both on loopback. */
export async function startReplicatedRedis (scope: Scope): Promise<ReplicatedRedis> {
  const primary = await startRedisServer(scope)
  const replica = await startRedisServer(scope, ['--replicaof', '127.0.0.1', String(primary.port)])
  await until('the replica has caught up', () => isFollowing(replica))
  return { url: `redis://127.0.0.1:${primary.port}`, killReplica: replica.kill }
}
