import { buildFailure, EMPTY_USAGE } from '../../core/outcome.ts'
import type { Tool } from '../../tools/tool.ts'
import type { RunnerMetrics } from '../../telemetry/metrics/runners.ts'
import { ToolSession } from '../broker.ts'
import type { Plugin } from '../kernel.ts'

/** Gives each run the tools that it names, and no others. */
export function toolset (tools: readonly Tool[], { onError, metrics }: { onError (error: Error): void, metrics: Pick<RunnerMetrics, 'called'> }): Plugin {
  const byName = new Map(tools.map((tool) => [tool.name, tool]))
  return {
    name: 'toolset',
    onValidate (run) {
      const { tenant, tools: names, limits, context: { jobId, attempt } } = run.request
      const missing = names.filter((name) => !byName.has(name))
      if (missing.length > 0) {
        const message = `Cannot run job: this worker has no tool ${missing.join(', ')}; start it with the same BATCHBOX_TOOLS as the API`
        run.outcome = { type: 'failed', error: buildFailure('UNAVAILABLE', message), usage: EMPTY_USAGE }
        return
      }
      const session = new ToolSession({
        tools: names.map((name) => byName.get(name)!), // none is missing
        limits,
        context: { tenant, jobId, attempt },
        mayAct: run.hooks.mayAct ?? (() => Promise.resolve(true)),
        onAnswer: metrics.called,
        onError,
      })
      run.tools = session
      run.releases.push(() => session.close())
    },
    onFormat (run) {
      for (const { name, startMs, endMs } of run.tools?.calls ?? []) run.spans.push({ name: `tool ${name}`, startMs, endMs })
    },
  }
}
