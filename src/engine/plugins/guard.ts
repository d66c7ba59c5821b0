import { buildFailure, EMPTY_USAGE, type Isolation, type IsolationLevel, ISOLATION_LEVELS } from '../../core/outcome.ts'
import type { RunContext } from '../kernel.ts'
import type { Plugin } from '../plugin.ts'

/** What an operator does about a level that a worker does not reach. */
const REMEDIES: Readonly<Record<IsolationLevel, string>> = {
  process: 'have its code run in processes of their own',
  permission: 'use another version of Node',
  uid: 'start the worker as root, which its runners then give up',
  cgroup: 'let the worker write to its control group',
}

/**
 * Ends a run that was cancelled before its code started, at each of the places where it waits, and one that demands more isolation than the
 * runner that it was lent has.
 */
export function guard (): Plugin {
  const endCancelled = (run: RunContext) => {
    if (run.hooks.signal.aborted) run.outcome = { type: 'cancelled', stoppedAfterMs: 0, usage: EMPTY_USAGE }
  }
  return {
    name: 'guard',
    setup (api) {
      api.on('onValidate', endCancelled)
      api.on('onSpawn', endCancelled)
      api.on('onExecute', (run) => {
        endCancelled(run)
        if (!run.outcome && run.isolation) endExposed(run, run.isolation)
      })
    },
  }
}

function endExposed (run: RunContext, isolation: Isolation): void {
  const { requireIsolation } = run.request
  if (requireIsolation.length === 0) return
  const reached = ISOLATION_LEVELS.filter((level) => isReached(level, isolation))
  const missing = requireIsolation.filter((level) => !reached.includes(level))
  if (missing.length === 0) return
  const remedies = missing.map((level) => `for ${level}, ${REMEDIES[level]}`).join('; ')
  const message = `Cannot run job: it requires isolation by ${requireIsolation.join(', ')}, this worker reaches ${reached.join(', ') || 'none'}; ${remedies}`
  run.outcome = { type: 'failed', error: buildFailure('UNAVAILABLE', message), usage: EMPTY_USAGE }
}

/** Another user is one that this process is not. */
function isReached (level: IsolationLevel, isolation: Isolation): boolean {
  if (level === 'uid') return isolation.uid !== null && isolation.uid !== process.getuid?.()
  return isolation[level]
}
