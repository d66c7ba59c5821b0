import type { Meter } from '@opentelemetry/api'
import type { PoolFigures } from '../../core/pool-figures.ts'

/**
 * What stopped code or its runner, from the gentlest: the isolate was disposed of inside the runner; the worker killed the process since a run did not
 * stop or used more than it may, for missed heartbeats, or for saying what it cannot have to say; it worked with no run in it; it did not start; the kernel
 * ended it for its memory.
 */
export const KILL_RUNGS = ['isolate', 'limit', 'silence', 'protocol', 'idle', 'boot', 'kernel'] as const
export type KillRung = typeof KILL_RUNGS[number]

/** What ended a runner process: a rung, wear, the end of its worker, or nothing that we know of. */
export type RunnerEnd = Exclude<KillRung, 'isolate'> | 'worn' | 'closing' | 'itself'

const RUNNER_STATES = ['starting', 'idle', 'busy', 'retiring'] as const
export type RunnerState = typeof RUNNER_STATES[number]

/** How a call of a tool went: answered, failed in a way that code may know, refused, or failed in a way that is kept from it. */
export type ToolOutcome = 'ok' | 'error' | 'denied' | 'failed'

const CALL_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30]

export type RunnerMetrics = ReturnType<typeof createRunnerMetrics>

/** Instruments of the engine. Their labels come from closed tables and from the names of registered tools. */
export function createRunnerMetrics (meter: Meter) {
  const kills = meter.createCounter('batchbox.runner.kills', { unit: '{kill}', description: 'Runs and runner processes that were stopped by force, by the rung of the ladder that did it' })
  const deaths = meter.createCounter('batchbox.runner.deaths', { unit: '{process}', description: 'Runner processes that ended although nobody had ended them' })
  const recycled = meter.createCounter('batchbox.runner.recycled', { unit: '{process}', description: 'Runner processes that were replaced because they were worn' })
  const calls = meter.createHistogram('batchbox.tool.call.duration', { unit: 's', description: 'Calls of tools that workers answered, by tool and outcome', advice: { explicitBucketBoundaries: CALL_SECONDS } })
  for (const rung of KILL_RUNGS) kills.add(0, { rung }) // a series that is not there yet has no first increase
  deaths.add(0)
  recycled.add(0)
  return {
    killed: (rung: KillRung) => kills.add(1, { rung }),
    ended (end: RunnerEnd) {
      if (end === 'itself') deaths.add(1)
      else if (end === 'worn') recycled.add(1)
      else if (end !== 'closing') kills.add(1, { rung: end })
    },
    /** The name is that of a registered tool: a call of any other never gets here. */
    called: (tool: string, outcome: ToolOutcome, durationMs: number) => calls.record(durationMs / 1000, { tool, outcome }),
    /** Has the runners looked at whenever somebody scrapes. */
    observe (look: () => { figures: PoolFigures, rssBytes: number }) {
      const count = meter.createObservableGauge('batchbox.runners', { unit: '{process}', description: 'Runner processes of this worker by state' })
      const bounds = meter.createObservableGauge('batchbox.runner.pool', { unit: '{process}', description: 'Runner processes that this worker keeps at the least, and may have at the most' })
      const memory = meter.createObservableGauge('batchbox.runner.memory', { unit: 'By', description: 'Resident memory of all runner processes of this worker' })
      meter.addBatchObservableCallback((result) => {
        const { figures, rssBytes } = look()
        for (const state of RUNNER_STATES) result.observe(count, figures[state], { state })
        for (const bound of ['least', 'most'] as const) result.observe(bounds, figures[bound], { bound })
        result.observe(memory, rssBytes)
      }, [count, bounds, memory])
    },
  }
}
