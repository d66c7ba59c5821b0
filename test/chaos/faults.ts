import { setTimeout as wait } from 'node:timers/promises'
import { killHard, runnersOf } from '../helpers/process-tree.ts'
import { drawFrom } from '../helpers/seeded-random.ts'
import { LOCK_MS, type World } from './world.ts'

/** Does one bad thing and resolves when what it broke was started again or let go. */
type Fault = (world: World, random: () => number) => Promise<void>

/** Everything that a machine, a network or an operator may do to the service. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  async 'a worker is killed' (world, random) {
    const worker = drawFrom(world.workers, random)
    worker.signal('SIGKILL')
    await worker.restart()
  },
  async 'the runners of a worker are killed' (world, random) {
    for (const pid of runnersOf(drawFrom(world.workers, random).pid)) killHard(pid)
  },
  async 'the API is killed' ({ api }) {
    api.signal('SIGKILL')
    await api.restart()
  },
  async 'a worker is stopped gracefully' (world, random) {
    const worker = drawFrom(world.workers, random)
    worker.signal('SIGTERM')
    await worker.restart()
  },
  async 'a worker stands still for longer than its locks' (world, random) {
    const worker = drawFrom(world.workers, random)
    worker.signal('SIGSTOP')
    await wait(LOCK_MS * 2)
    worker.signal('SIGCONT')
  },
  async 'Redis is killed and started on its file' ({ redis }, random) {
    await redis.kill()
    await wait(random() * 1000)
    await redis.restart()
  },
  async 'Redis does nothing for two seconds' ({ db }) {
    await db.call('DEBUG', 'SLEEP', '2').catch(() => {}) // another fault may have killed it
  },
  async 'Redis refuses writes' ({ db }) {
    await db.call('REPLICAOF', '127.0.0.1', '1') // READONLY, and MASTERDOWN where it serves no stale data
    await wait(1000)
    await db.call('REPLICAOF', 'NO', 'ONE')
  },
  async 'every connection to Redis is cut' ({ proxy }) { proxy.cut() },
  async 'nothing comes through to Redis' ({ proxy }, random) { await proxy.stall(random() * LOCK_MS * 2) },
  async 'the way to Redis is slow' ({ proxy }) { await proxy.slow(50, 2000) },
}
