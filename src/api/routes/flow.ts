import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { sha256 } from '../../core/digest.ts'
import { JobError } from '../../core/failures.ts'
import { writeFlowText } from '../../core/flow.ts'
import { newId } from '../../core/ids.ts'
import { traceparentOf } from '../../telemetry/spans.ts'
import { buildFlowRefusal, FlowAnswer, writeFlowAnswer } from '../flow/answer.ts'
import type { FlowCalls } from '../flow/calls.ts'
import { buildFlowRights, decodeCode, type FlowTimes } from '../flow/request.ts'
import type { JobService } from '../job-service.ts'
import type { Problem } from '../problem.ts'
import { checkInputSize } from '../request-size.ts'
import { sendJsonText } from '../send-json.ts'
import { buildUnderCeilings, checkUnderCeilings } from '../under-ceilings.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Id of the call that the request is, in the routes of the flow endpoint. */
    executionId: string
  }
}

export interface FlowRoutesOptions {
  jobs: Pick<JobService, 'policy' | 'toolNames'>
  calls: FlowCalls
  times: FlowTimes
}

/** `POST /flow/codeblock`: has code run by a worker at once, and answers what it returned; nothing of it is kept. */
export const flowRoutes: FastifyPluginAsyncZod<FlowRoutesOptions> = async (app, { jobs: { policy, toolNames }, calls, times }) => {
  const rightsOf = buildUnderCeilings((ceilings) => buildFlowRights(policy, times, toolNames, ceilings))
  app.decorateRequest('executionId', '')
  app.addHook('onRequest', async (request) => { request.executionId = newId('execution') })
  app.addHook('onSend', async (_request, reply) => { repeatRates(reply) })

  app.post('/flow/codeblock', {
    config: { access: 'jobs:write', accessToken: true, refuse },
    preValidation: checkUnderCeilings((caller) => rightsOf(caller).Body),
    schema: {
      tags: ['flow'],
      summary: 'Run a block of code and answer what it returned',
      headers: z.object({ accesstoken: z.string().optional().describe('An API key with the scope `jobs:write`; `Authorization: Bearer` is taken, too') }),
      body: buildFlowRights(policy, times, toolNames).Body,
      response: { 200: FlowAnswer, 400: FlowAnswer, 401: FlowAnswer, 403: FlowAnswer, 413: FlowAnswer, 415: FlowAnswer, 429: FlowAnswer, 500: FlowAnswer, 503: FlowAnswer },
    },
  }, async ({ caller, body, span, executionId }, reply) => {
    const { codebase64, input, timeout } = body
    const code = decodeCode(codebase64)
    if (code.length > policy.request.codeChars) throw new JobError('CODE_TOO_LARGE', `Cannot take the code: it has ${code.length} characters, more than the maximum of ${policy.request.codeChars} characters`)
    const json = JSON.stringify(input) ?? 'null'
    checkInputSize(policy, json)
    const rights = rightsOf(caller)
    const left = reply.untilLeft()
    const call = { code, tools: [...rights.tools], limits: rights.limitsFor(timeout), traceparent: span.isRecording() ? traceparentOf(span) : null }
    const { reply: given, result } = await calls.call({ id: executionId, tenant: caller.tenant, codeHash: sha256(code), text: writeFlowText(call, json), timeoutMs: timeout, signal: left })
    const late = setTimeout(() => reply.raw.destroy(), times.answerMs)
    left.addEventListener('abort', () => clearTimeout(late), { once: true })
    return sendJsonText(reply, 200, writeFlowAnswer(given, result, { executionId, totalMs: reply.elapsedTime }))
  })
}

/** Clients of such endpoints look for the names that these headers had before there was a draft of a standard. */
function repeatRates (reply: FastifyReply): void {
  for (const name of ['limit', 'remaining', 'reset']) {
    const value = reply.getHeader(`ratelimit-${name}`)
    if (value !== undefined) void reply.header(`x-ratelimit-${name}`, value)
  }
}

/** Whoever calls finds one shape, whatever came of it. */
function refuse ({ code, detail }: Problem, { executionId }: FastifyRequest, { elapsedTime }: FastifyReply) {
  return buildFlowRefusal(code, detail, { executionId: executionId || newId('execution'), totalMs: elapsedTime }) // it may be refused before it has one
}
