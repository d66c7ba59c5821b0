import { type Grants, listRisks } from '../../core/permissions.ts'
import type { EngineConfig } from '../engine.ts'
import { epochMs } from '../epoch.ts'
import type { Plugin } from '../plugin.ts'

/**
 * Gives each run the values that it is granted by name. A strict operator has what is remarkable about its permissions stand at the top of its log;
 * one who audits hears of every run.
 */
export function permission ({ env = {}, strict = false, onAudit }: Pick<EngineConfig, 'env' | 'strict' | 'onAudit'>): Plugin {
  return {
    name: 'permission',
    required: ['toolset'],
    setup (api) {
      api.on('onValidate', async (run) => {
        const { grants, tools } = run
        if (!grants || !tools) return
        const given = listNames(grants, env).filter((name) => {
          const isThere = Object.hasOwn(env, name)
          if (isThere) tools.receipt.use({ grant: 'env', target: name })
          else tools.receipt.deny({ grant: 'env', target: name, reason: 'The operator gives jobs no value of that name' })
          return isThere
        })
        run.env = Object.fromEntries(given.map((name) => [name, env[name]]))
        const risks = strict ? listRisks(grants) : []
        if (risks.length === 0) return
        const lines = risks.map((risk) => ({ time: epochMs(), level: 'warn' as const, message: `Permissions of this job: ${risk}` }))
        await run.hooks.onLogs(run.logs.take(lines, { lines: 0, bytes: 0 }))
      })
      api.on('onFormat', (run) => {
        if (!onAudit || !run.outcome || !run.grants || !run.tools) return
        const { tenant, tools, fence, context: { jobId } } = run.request
        onAudit({ tenant, jobId, fence, tools, grants: run.grants, risks: listRisks(run.grants), durationMs: run.outcome.usage.wallMs, outcome: run.outcome.type, receipt: run.tools.report })
      })
    },
  }
}

function listNames ({ env: granted }: Grants, env: Readonly<Record<string, string>>): readonly string[] {
  return granted === true ? Object.keys(env) : granted
}
