import { LRUCache } from 'lru-cache'
import { JobError } from '../../core/failures.ts'
import { buildFailure, EMPTY_USAGE } from '../../core/outcome.ts'
import { type Grants, mergePermissions, type PermissionsRequest } from '../../core/permissions.ts'
import type { ToolServices } from '../../tools/services.ts'
import type { Tool, ToolRequest } from '../../tools/tool.ts'
import type { RunnerMetrics } from '../../telemetry/metrics/runners.ts'
import { ToolSession } from '../broker.ts'
import type { RunRequest } from '../engine.ts'
import type { Plugin, PluginLogger } from '../plugin.ts'

/** Tools as jobs have narrowed them, which are kept: setting one up makes its schemas anew. */
const NARROWED_MAX = 200

interface ToolsetOptions {
  services: ToolServices
  metrics: Pick<RunnerMetrics, 'called'>
}

/** Gives each run the tools that it names, and no others, as narrow as it asks for them, and with what they may touch. */
export function toolset (tools: readonly Tool[], { services, metrics }: ToolsetOptions): Plugin {
  const choose = buildChoose(tools)
  return {
    name: 'toolset',
    required: ['logger'],
    setup (api) {
      const { warn } = api.use('logger')
      api.provide('toolset', { names: tools.map(({ name }) => name) })
      api.on('onValidate', (run) => {
        const { checkpoint, files } = run.hooks
        const { tenant, limits, fence, batchId, secrets, permissions, context: { jobId, attempt, tags } } = run.request
        let chosen: Tool[]
        let grants: Grants
        try {
          chosen = choose(run.request)
          grants = mergePermissions([permissions, ...chosen.map((tool) => askPermissions(tool, { tenant, tags }, warn))])
        } catch (error) {
          if (!(error instanceof JobError)) throw error
          run.outcome = { type: 'failed', error: buildFailure(error.code, error.message), usage: EMPTY_USAGE }
          return
        }
        const session = new ToolSession({
          tools: chosen,
          limits,
          run: { tenant, jobId, attempt, fence, batchId, secrets, grants, services: { ...services, ...(checkpoint ? { checkpoint } : {}), ...(files ? { files } : {}) } },
          mayAct: run.hooks.mayAct ?? (() => Promise.resolve(true)),
          onAnswer: metrics.called,
          onError: warn,
        })
        run.grants = grants
        run.tools = session
        run.releases.push(() => session.close())
      })
      api.on('onFormat', (run) => {
        run.tools?.close() // what it ends is in the receipt, too
        for (const { name, startMs, endMs } of run.tools?.calls ?? []) run.spans.push({ name: `tool ${run.tools?.concealer.text(name) ?? name}`, startMs, endMs })
      })
    },
  }
}

/** Throws a JobError for a tool that there is not, and for a configuration that is more than the operator's. */
function buildChoose (tools: readonly Tool[]): (request: Pick<RunRequest, 'tools' | 'toolConfig'>) => Tool[] {
  const byName = new Map(tools.map((tool) => [tool.name, tool]))
  const always = tools.filter(({ guestFile }) => guestFile === null).map(({ name }) => name)
  const narrowed = new LRUCache<string, Tool>({ max: NARROWED_MAX })

  function narrow (tool: Tool, less: RunRequest['toolConfig'][string]): Tool {
    const key = JSON.stringify([tool.name, less])
    const known = narrowed.get(key) ?? tool.narrow(less)
    narrowed.set(key, known)
    return known
  }

  return ({ tools: asked, toolConfig }) => {
    const names = [...always, ...asked]
    const missing = names.filter((name) => !byName.has(name))
    if (missing.length > 0) throw new JobError('UNAVAILABLE', `Cannot run job: this worker has no tool ${missing.join(', ')}; start it with the same BATCHBOX_TOOLS as the API`)
    const unused = Object.keys(toolConfig).find((name) => !names.includes(name))
    if (unused !== undefined) throw new JobError('INVALID', `Cannot run job: toolConfig has "${unused}", which is not among its tools`)
    return names.map((name) => {
      const tool = byName.get(name)! // none is missing
      const less = Object.hasOwn(toolConfig, name) ? toolConfig[name] : undefined
      return less === undefined ? tool : narrow(tool, less)
    })
  }
}

/** A tool of the operator's own may fail: that is the end of this run, and of no other. */
function askPermissions (tool: Tool, request: ToolRequest, onError: PluginLogger['warn']): PermissionsRequest {
  try {
    return tool.permissions(request)
  } catch (cause) {
    onError(new Error(`Cannot tell what tool "${tool.name}" brings along: its permissions failed`, { cause }))
    throw new JobError('TOOL_ERROR', `Cannot run job: tool "${tool.name}" failed to say what it may touch`)
  }
}
