import type { CodeForm, JobSources } from '../core/job-sources.ts'
import { CompilerLane, type LaneAnswer, type LaneLimits } from './compiler-lane.ts'

/** Sources, and what their code may be. */
export interface FormedSources extends JobSources {
  form: CodeForm
}

interface Waiting {
  sources: FormedSources
  resolve (answer: LaneAnswer): void
}

export interface LanePool {
  run (sources: FormedSources): Promise<LaneAnswer>
  close (): Promise<void>
}

/** Gives sources to the lanes in the order they came, one to a lane at a time. What waits behind a lane's death just waits on. */
export function createLanePool ({ processes, maxQueued, ...limits }: LaneLimits & { processes: number, maxQueued: number }): LanePool {
  const lanes = Array.from({ length: processes }, () => new CompilerLane(limits))
  const idle = [...lanes]
  const queue: Waiting[] = []
  let closed = false
  idle.at(-1)?.warm()

  function dispatch (): void {
    while (queue.length > 0) {
      const lane = idle.pop() // the last one used: another is started only when it is needed
      if (!lane) return
      const next = queue.shift()
      if (next) void serve(lane, next)
    }
  }

  async function serve (lane: CompilerLane, { sources, resolve }: Waiting): Promise<void> {
    resolve(await runTwice(lane, sources))
    idle.push(lane)
    dispatch()
  }

  return {
    run (sources) {
      if (closed) return Promise.resolve({ type: 'unavailable', reason: 'Cannot compile: the compiler is closed' })
      if (idle.length === 0 && queue.length >= maxQueued) {
        return Promise.resolve({ type: 'unavailable', reason: `Cannot compile: ${queue.length} sources wait for the compiler already` })
      }
      return new Promise((resolve) => {
        queue.push({ sources, resolve })
        dispatch()
      })
    },
    async close () {
      closed = true
      for (const { resolve } of queue.splice(0)) resolve({ type: 'unavailable', reason: 'Cannot compile: the compiler is closed' })
      await Promise.all(lanes.map((lane) => lane.close()))
    },
  }
}

/** A process that ended by itself may have been a victim of the machine: its source is blamed when it happens again. */
async function runTwice (lane: CompilerLane, sources: FormedSources): Promise<LaneAnswer> {
  const first = await lane.run(sources)
  const isVictim = first.type === 'unavailable' || (first.type === 'died' && first.cause === 'itself')
  return isVictim ? lane.run(sources) : first
}
