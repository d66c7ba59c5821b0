import { SPAWNS_MAX } from '../kernel.ts'
import type { Plugin } from '../plugin.ts'
import { buildOutcome } from '../build-outcome.ts'
import { epochMs } from '../epoch.ts'
import type { RunnerMetrics } from '../../telemetry/metrics/runners.ts'
import { createTextMapper } from '../source-positions.ts'
import { adaptRecords, buildRecordsFailure } from '../adapt-records.ts'
import { concealAnswer, concealProgress } from '../conceal-answer.ts'

/** What a run is stopped for inside of its runner, which lives on. */
const ISOLATE_STOPS: ReadonlySet<string | undefined> = new Set(['TIMEOUT', 'CPU_LIMIT', 'MEMORY_LIMIT'])

/** Hands a run to its runner, and makes an outcome of what the runner answered. Whatever a runner says passes here, and is freed of secrets before anything else is done with it. */
export function sandbox (metrics: Pick<RunnerMetrics, 'killed'>): Plugin {
  return {
    name: 'sandbox',
    required: ['toolset', 'loader', 'cluster'],
    setup (api) {
      api.on('onExecute', async (run) => {
        if (run.outcome) return
        const { compiled, runner, request, hooks, logs, tools } = run
        if (!compiled || !runner || !tools) throw new TypeError('Cannot execute run: it was not loaded and spawned')
        const mapText = createTextMapper([compiled, ...compiled.sources])
        const handedAt = epochMs()
        const { concealer } = tools
        const given = await runner.run({
          form: compiled.form,
          file: compiled.file,
          code: compiled.code,
          importName: compiled.importName,
          sources: compiled.sources.map(({ file, code, importName }) => ({ file, code, importName })),
          input: hooks.records ? hooks.records.state ?? '' : request.input,
          entry: request.entry,
          context: JSON.stringify({ ...request.context, env: run.env ?? {} }),
          limits: request.limits,
          tools: tools.grants,
          hrtime: run.grants?.hrtime ?? false,
          structured: request.structured,
        }, {
          signal: hooks.signal,
          records: hooks.records && adaptRecords(hooks.records, concealer, compiled),
          onLogs (lines, dropped) {
            const head = logs.take(lines.map(([time, level, message]) => ({ time, level, message: concealer.text(mapText(message)) })), dropped)
            if (head.length > 0) return hooks.onLogs(head)
          },
          onProgress: (value, message) => hooks.onProgress(value, concealProgress(concealer, message)),
          onSample ({ wallMs, cpuMs, memoryBytes, nativeCalls }) {
            const { lines, bytes } = logs.seen
            hooks.onUsage?.({ wallMs, cpuMs, memoryBytes, logLines: lines, logBytes: bytes, toolCalls: tools.count + nativeCalls })
          },
          onCall: (tool, method, args) => tools.call(tool, method, args),
        })
        const answer = concealAnswer(concealer, given, request.structured)
        if (answer.type === 'crashed' && !answer.started && run.spawns < SPAWNS_MAX) return // another runner may have it
        if (answer.type === 'done' && ISOLATE_STOPS.has(answer.message.failure?.code)) metrics.killed('isolate')
        run.spans.push({ name: 'isolate boot', startMs: handedAt, endMs: answer.startedAt })
        run.spans.push({ name: 'user code', startMs: answer.startedAt, endMs: answer.endedAt })
        run.outcome = buildOutcome(answer, compiled, request.limits, { logBytes: logs.bytes, lastLogs: logs.lastLines, toolCalls: tools.count })
        if (answer.portError !== undefined && !hooks.signal.aborted) run.outcome = { type: 'failed', error: buildRecordsFailure(answer.portError), usage: run.outcome.usage }
      })
    },
  }
}
