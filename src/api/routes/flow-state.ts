import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JobError } from '../../core/failures.ts'
import { readFlowState } from '../../store/flow/calls.ts'
import { buildFlowRights } from '../flow/request.ts'
import type { JobService } from '../job-service.ts'
import { withProblems } from '../problem.ts'
import { buildUnderCeilings } from '../under-ceilings.ts'
import type { FlowRoutesOptions } from './flow.ts'

const Workers = {
  workers: z.int().describe('Workers that take flow calls'),
  lanes: z.int().describe('Calls that all of them run at one time'),
}

const FlowLimits = z.object({
  timeoutMs: z.object({ default: z.number(), max: z.number() }).describe('Wall time of the code'),
  startMs: z.number().describe('How long a call may wait for a worker'),
  memoryMb: z.number(),
  codeChars: z.number(),
  inputBytes: z.number(),
  resultBytes: z.number(),
  logLines: z.number(),
  logBytes: z.number(),
  openCalls: z.number().describe('Calls that a tenant may have open, in each API process'),
  requestsPerSecond: z.number().nullable().describe('Of the API key, with those that share its count; null for no bound of its own'),
  tools: z.array(z.string()).describe('Tools that the code has without asking'),
})

export interface FlowStateOptions extends Omit<FlowRoutesOptions, 'jobs'> {
  jobs: Pick<JobService, 'db' | 'policy' | 'toolNames'>
}

/** `GET /flow/health`, `/flow/status` and `/flow/limits`: whether flow calls are taken, how many there are, and what they may have. */
export const flowStateRoutes: FastifyPluginAsyncZod<FlowStateOptions> = async (app, { jobs: { db, policy, toolNames }, calls, times }) => {
  const rightsOf = buildUnderCeilings((ceilings) => buildFlowRights(policy, times, toolNames, ceilings))

  app.get('/flow/health', {
    config: { access: 'open' },
    schema: { tags: ['flow'], summary: 'Whether flow calls would be run', security: [], response: withProblems({ 200: z.object({ status: z.literal('ok'), ...Workers }) }, 'UNAVAILABLE') },
  }, async () => {
    const { workers, lanes } = await readFlowState(db)
    if (workers === 0) throw new JobError('UNAVAILABLE', 'Cannot run flow calls: no worker takes them; start one with BATCHBOX_FLOW_LANES above 0')
    return { status: 'ok' as const, workers, lanes }
  })

  app.get('/flow/status', {
    config: { access: 'jobs:write', accessToken: true },
    schema: {
      tags: ['flow'],
      summary: 'What the flow endpoint is doing',
      response: withProblems({ 200: z.object({ ...Workers, waiting: z.int().describe('Calls of the tenant that wait for a worker'), open: z.int().describe('Calls of the tenant that this API process has open'), timestamp: z.string() }) }),
    },
  }, async ({ caller: { tenant } }) => {
    const state = await readFlowState(db, tenant)
    return { ...state, open: calls.openOf(tenant), timestamp: new Date().toISOString() }
  })

  app.get('/flow/limits', {
    config: { access: 'jobs:write', accessToken: true },
    schema: { tags: ['flow'], summary: 'What flow calls of the API key may have', response: withProblems({ 200: FlowLimits }) },
  }, async ({ caller }) => {
    const { defaultMs, maxMs, limitsFor, tools } = rightsOf(caller)
    const { memoryMb, resultBytes, logLines, logBytes } = limitsFor(defaultMs)
    const { startMs, perTenant } = calls.bounds
    return {
      timeoutMs: { default: defaultMs, max: maxMs }, startMs, memoryMb, ...policy.request, resultBytes, logLines, logBytes,
      openCalls: perTenant, requestsPerSecond: caller.bounds.requestsPerSecond, tools: [...tools],
    }
  })
}
