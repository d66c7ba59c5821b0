import { EMPTY_USAGE } from '../../core/outcome.ts'
import type { Plugin, RunContext } from '../kernel.ts'

/** Ends a run that was cancelled before its code started, at each of the places where it waits. */
export function guard (): Plugin {
  const endCancelled = (run: RunContext) => {
    if (run.hooks.signal.aborted) run.outcome = { type: 'cancelled', stoppedAfterMs: 0, usage: EMPTY_USAGE }
  }
  return { name: 'guard', onValidate: endCancelled, onSpawn: endCancelled, onExecute: endCancelled }
}
