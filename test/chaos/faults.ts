import { setTimeout as wait } from 'node:timers/promises'
import { killHard, runnersOf } from '../helpers/process-tree.ts'
import { answerLoading, answerMisconf, answerReadonly } from '../helpers/redis-trouble.ts'
import { drawFrom } from '../helpers/seeded-random.ts'
import { LOCK_MS, type World } from './world.ts'

const REFUSAL_MS = 1500
const DISK_MS = 2000
/** How far the replica may be behind when its primary is lost. */
const MAX_LAG_MS = 1000

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
  async 'Redis is killed and started on its file' ({ redis: { primary } }, random) {
    await primary.kill()
    await wait(random() * 1000)
    await primary.restart()
  },
  async 'the primary of Redis is lost and its replica promoted' ({ redis }, random) { await redis.failOver(random() * MAX_LAG_MS) },
  async 'Redis loads its data and answers LOADING' ({ redis }) { await answerLoading(redis.primary, REFUSAL_MS) },
  async 'Redis refuses writes with READONLY' ({ redis }) { await keepUp(answerReadonly(redis.primary)) },
  async 'Redis refuses writes with MISCONF' ({ redis }) { await keepUp(answerMisconf(redis.primary)) },
  async 'Redis does nothing for two seconds' ({ redis }) { await redis.primary.pause(DISK_MS) },
  // What clients of a Redis with `appendfsync always` see of it: commands have happened, and nobody is told.
  async 'what Redis answers is held back for two seconds, as by a slow disk' ({ redis: { proxy } }) { await proxy.holdReplies(DISK_MS) },
  async 'every connection to Redis is cut' ({ redis: { proxy } }) { proxy.cut() },
  async 'nothing comes through to Redis' ({ redis: { proxy } }, random) {
    const release = proxy.hold()
    await wait(random() * LOCK_MS * 2)
    release()
  },
  async 'the way to Redis is slow' ({ redis: { proxy } }) { await proxy.slow(50, 2000) },
}

async function keepUp (trouble: Promise<() => Promise<void>>): Promise<void> {
  const end = await trouble
  await wait(REFUSAL_MS)
  await end()
}
