import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JobStatus, isTerminal } from '../../core/status.ts'
import { buildReplayBounds, buildReplayChange } from '../../core/replay-request.ts'
import { cancelSweep, type Choice, type Sweep } from '../../store/dead-letters/sweeps.ts'
import type { JobService } from '../job-service.ts'
import { formatTime } from '../job-view.ts'
import { MAKES_JOBS, TAKES_BODY, withProblems } from '../problem.ts'
import { DEAD_FILTER } from '../schemas.ts'
import { boundsOf } from '../tenant-full.ts'
import { findSweep, orderSweep } from '../sweep-dead-letters.ts'

const IDS_MAX = 1000
/** In an URL, where servers and proxies stop at some thousand characters. */
const URL_IDS_MAX = 150
const ID_CHARS = 64
const ENDED = JobStatus.options.filter(isTerminal)

const Id = z.string().min(1).max(ID_CHARS)
const Filter = z.strictObject(DEAD_FILTER)
type Filter = z.infer<typeof Filter>

const SweepView = z.object({
  id: z.string(),
  action: z.enum(['replay', 'purge']),
  status: z.enum(['running', 'done', 'cancelled']).describe('`done` once every letter was looked at and every job that was made has ended'),
  total: z.number().int().describe('Letters to look at'),
  seen: z.number().int().describe('Letters that were looked at'),
  done: z.number().int().describe('Letters that were replayed, or purged'),
  skipped: z.number().int().describe('Letters that had been replayed before, or are no dead letters'),
  refused: z.number().int().describe('Letters of which no job could be made'),
  refusal: z.string().nullable().describe('Why the last of those was refused'),
  jobs: z.object({ inFlight: z.number().int(), ended: z.partialRecord(z.enum([...ENDED, 'removed']), z.number().int()) }).describe('Jobs that were made: those that have not ended, and the others by how they did'),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  links: z.object({ self: z.string() }),
})

const SweepParams = z.object({ id: z.string() })
const PATHS = { replay: '/v1/dead-letters/replays', purge: '/v1/dead-letters/purges' } as const
const ACTIONS = ['replay', 'purge'] as const

/** Replays and purges many dead letters: an order is taken, and can be followed and cancelled. */
export const sweepRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  const access = 'dead-letters:write'

  app.post('/v1/dead-letters/replay', {
    config: { access },
    schema: {
      tags: ['dead letters'],
      summary: 'Make new jobs of dead letters, at a pace that leaves room for new work',
      headers: z.object({ 'idempotency-key': z.string().optional().describe('Repeats with this key and the same body answer the first order') }),
      body: z.strictObject({
        ids: z.array(Id).min(1).max(IDS_MAX).optional(),
        filter: Filter.refine((filter) => Object.values(filter).some((each) => each !== undefined), 'At least one member is needed; all is for all').optional().describe('Letters that fit all its members'),
        all: z.literal(true).optional(),
        ...buildReplayChange(jobs.policy),
      }).refine(({ ids, filter, all }) => [ids, filter, all].filter((each) => each !== undefined).length === 1, 'Exactly one of ids, filter and all is needed'),
      response: withProblems({ 202: SweepView }, ...MAKES_JOBS),
    },
  }, async ({ caller, body: { ids, filter = {}, all: _, priority = 'low', ...change }, idempotency }, reply) => {
    const choice = ids ? { ids } : toFilter(filter)
    const bounds = buildReplayBounds(jobs.policy, caller.ceilings)
    const sweep = await orderSweep(jobs, { caller, choice, change: { ...change, priority, bounds, room: boundsOf(caller, jobs) }, idempotency })
    return reply.code(202).header('location', `${PATHS.replay}/${sweep.id}`).send(viewSweep(sweep))
  })

  app.delete('/v1/dead-letters', {
    config: { access },
    schema: {
      tags: ['dead letters'],
      summary: 'Remove dead letters with all that they stored',
      querystring: z.strictObject({
        ids: z.string().transform((text) => text.split(',')).pipe(z.array(Id).max(URL_IDS_MAX)).optional().describe(`Ids, separated by commas; at most ${URL_IDS_MAX}`),
        ...DEAD_FILTER,
        all: z.literal('true').optional().describe('Needed to remove them all'),
      }).refine(isOneChoice, 'Exactly one choice is needed: ids, or members of a filter, or all=true'),
      response: withProblems({ 200: SweepView, 202: SweepView }, ...TAKES_BODY, 'TENANT_ERASING'),
    },
  }, async ({ caller, query: { ids, all: _, ...filter } }, reply) => {
    const sweep = await orderSweep(jobs, { caller, choice: ids ? { ids } : toFilter(filter), change: null, idempotency: undefined })
    return reply.code(sweep.status === 'running' ? 202 : 200).header('location', `${PATHS.purge}/${sweep.id}`).send(viewSweep(sweep))
  })

  for (const action of ACTIONS) {
    app.get(`${PATHS[action]}/:id`, {
      config: { access: 'jobs:read' },
      schema: { tags: ['dead letters'], summary: `Read how far a ${action} of dead letters is`, params: SweepParams, response: withProblems({ 200: SweepView }, 'NOT_FOUND') },
    }, async ({ caller: { tenant }, params: { id } }) => viewSweep(await findSweep(jobs, { tenant, action, id })))

    app.post(`${PATHS[action]}/:id/cancel`, {
      config: { access },
      schema: { tags: ['dead letters'], summary: `End a ${action} of dead letters; what it has done stays`, params: SweepParams, response: withProblems({ 200: SweepView }, ...TAKES_BODY, 'NOT_FOUND') },
    }, async ({ caller: { tenant }, params: { id } }) => {
      await findSweep(jobs, { tenant, action, id })
      await cancelSweep(jobs.db, { tenant, action, id })
      return viewSweep(await findSweep(jobs, { tenant, action, id }))
    })
  }
}

function toFilter ({ code, batch, ...filter }: Filter): Choice {
  return { ...filter, diedOf: code, batchId: batch }
}

function isOneChoice ({ ids, all, ...filter }: Filter & { ids?: string[] | undefined, all?: 'true' | undefined }): boolean {
  const hasFilter = Object.values(filter).some((each) => each !== undefined)
  return [ids !== undefined, all !== undefined, hasFilter].filter(Boolean).length === 1
}

function viewSweep ({ id, action, status, total, seen, done, skipped, refused, refusal, inFlight, ended, createdAt, finishedAt }: Sweep): z.infer<typeof SweepView> {
  return {
    id, action, status, total, seen, done, skipped, refused, refusal,
    jobs: { inFlight, ended },
    createdAt: formatTime(createdAt),
    finishedAt: finishedAt === null ? null : formatTime(finishedAt),
    links: { self: `${PATHS[action]}/${id}` },
  }
}
