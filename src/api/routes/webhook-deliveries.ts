import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JobError } from '../../core/failures.ts'
import { TEST_EVENT, WEBHOOK_EVENTS } from '../../core/webhook.ts'
import { noteAct } from '../../store/audit.ts'
import { DELIVERY_STATUSES, type Delivery } from '../../store/webhooks/delivery.ts'
import { listDeliveries, readDelivery, redeliver, redeliverMany, type DeliveryFilter } from '../../store/webhooks/deliveries.ts'
import { testEndpoint } from '../../store/webhooks/trial.ts'
import type { Db } from '../../store/db.ts'
import { unreachable } from '../../core/unreachable.ts'
import { findJob } from '../find-job.ts'
import type { JobService } from '../job-service.ts'
import { logAct } from '../log-act.ts'
import { parseWait } from '../prefer.ts'
import { TAKES_BODY, withProblems } from '../problem.ts'
import { buildPageSize, Cursor, JobParams, Time, WebhookParams } from '../schemas.ts'
import { DeliveryView, viewDelivery, viewWholeDelivery, WholeDelivery } from '../webhook-view.ts'
import { findEndpoint, missingEndpoint } from './webhooks.ts'

const LIMIT_MAX = 200
const MANY_MAX = 1000
const ID_CHARS = 64
/** How long a test waits for its try, unless the request says; and after how long it looks, at first and at the most. */
const TEST_WAIT_SECONDS = 10
const LOOK_MS = { first: 25, most: 1000 } as const

const Id = z.string().min(1).max(ID_CHARS)

/** Members that choose deliveries by what they are. */
const FILTER = {
  endpoint: Id.optional().describe('Id of an endpoint; `own` for webhooks of jobs and batches'),
  job: Id.optional().describe('Id of a job that the event is about'),
  batch: Id.optional().describe('Id of a batch that the event is about'),
  type: z.enum([...WEBHOOK_EVENTS, TEST_EVENT]).optional(),
  since: Time.optional().describe('Of an event at this time or later'),
  until: Time.optional().describe('Of an event at this time or before'),
}
const Status = z.enum(DELIVERY_STATUSES)
type Filter = z.output<z.ZodObject<typeof FILTER>>

const Page = z.object({ data: z.array(DeliveryView), nextCursor: z.string().nullable().describe('A page that is short, or empty, may have one') })
const PageQuery = { limit: buildPageSize(LIMIT_MAX, 50), cursor: Cursor }
const DeliveryParams = z.object({ id: z.string().describe('Id of a delivery') })

/** Answers the log of deliveries, and has some of them made again. */
export const webhookDeliveryRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  const { db, audit, logger } = jobs
  const access = 'webhooks:write'
  const tags = ['webhooks']

  app.get('/v1/webhooks/deliveries', {
    config: { access: 'jobs:read' },
    schema: { tags, summary: 'List deliveries, newest first', querystring: z.strictObject({ status: Status.optional(), ...FILTER, ...PageQuery }).refine(hasOneSubject, 'At most one of job and batch is taken'), response: withProblems({ 200: Page }) },
  }, async ({ caller, query: { status, limit, cursor, ...filter } }) => viewPage(await listDeliveries(db, caller.tenant, { ...toFilter(filter), status, limit, cursor })))

  app.get('/v1/jobs/:id/webhooks', {
    config: { access: 'jobs:read' },
    schema: { tags, summary: 'List what is delivered of a job, newest first', params: JobParams, querystring: z.strictObject(PageQuery), response: withProblems({ 200: Page }, 'NOT_FOUND', 'GONE') },
  }, async ({ caller: { tenant }, params: { id }, query }) => {
    await findJob(db, tenant, id)
    return viewPage(await listDeliveries(db, tenant, { subject: id, ...query }))
  })

  app.get('/v1/webhooks/deliveries/:id', {
    config: { access: 'jobs:read' },
    schema: { tags, summary: 'Read a delivery with each of its tries', params: DeliveryParams, response: withProblems({ 200: WholeDelivery }, 'NOT_FOUND') },
  }, async ({ caller: { tenant }, params: { id } }) => viewWholeDelivery(await findDelivery(db, tenant, id)))

  app.post('/v1/webhooks/deliveries/:id/redeliver', {
    config: { access },
    schema: { tags, summary: 'Deliver once more', params: DeliveryParams, response: withProblems({ 202: WholeDelivery }, ...TAKES_BODY, 'NOT_FOUND', 'GONE') },
  }, async ({ caller, params: { id } }, reply) => {
    const { tenant } = caller
    await findDelivery(db, tenant, id)
    const done = await redeliver(db, tenant, id)
    switch (done) {
      case 'redelivered': break
      case 'pending': break // which is what was asked for
      case 'missing': throw missing(id)
      case 'deleted': throw new JobError('GONE', `Cannot deliver "${id}" again: its endpoint is disabled or was deleted; enable it with PATCH /v1/webhooks/{id}`)
      case 'removed': throw new JobError('GONE', `Cannot deliver "${id}" again: the job or batch that it is about was removed`)
      case 'full': throw new JobError('RATE_LIMITED', `Cannot deliver "${id}" again: the tenant has as many undelivered bytes as it may (BATCHBOX_WEBHOOK_OWED_BYTES); try again when some were delivered`)
      default: return unreachable(done)
    }
    const act = { tenant, act: 'webhook.redelivered', actor: caller, target: id, details: {} } as const
    await noteAct(db, act, audit)
    logAct(logger, act)
    return reply.code(202).send(viewWholeDelivery(await findDelivery(db, tenant, id)))
  })

  app.post('/v1/webhooks/deliveries/redeliver', {
    config: { access },
    schema: {
      tags,
      summary: 'Deliver many once more',
      description: `Looks at up to \`limit\` deliveries, the newest first, and answers where to go on: repeat the request with \`cursor\` until \`nextCursor\` is null.`,
      body: z.strictObject({ status: Status.exclude(['pending']).default('dead'), ...FILTER, limit: z.number().int().min(1).max(MANY_MAX).default(100).describe('Most deliveries that are made again'), cursor: Cursor })
        .refine(hasOneSubject, 'At most one of job and batch is taken')
        .meta({ example: { endpoint: 'whk_019f2c5e-7a10-7cc3-98c4-dc0c0c07398f', since: '2026-11-22T10:00:00Z' } }),
      response: withProblems({ 200: z.object({
        redelivered: z.number().int(),
        skipped: z.number().int().describe('Of an endpoint that is disabled or deleted, or a job or batch that was removed'),
        isFull: z.boolean().describe('It stopped since the tenant has as many undelivered bytes as it may (BATCHBOX_WEBHOOK_OWED_BYTES): go on when some were delivered'),
        nextCursor: z.string().nullable(),
      }) }, ...TAKES_BODY),
    },
  }, async ({ caller, body: { status, limit, cursor, ...filter } }) => {
    const { tenant } = caller
    const done = await redeliverMany(db, tenant, { ...toFilter(filter), status, limit, cursor })
    const act = { tenant, act: 'webhook.redelivered', actor: caller, target: filter.endpoint ?? tenant, details: { status, ...filter, redelivered: done.redelivered } } as const
    await noteAct(db, act, audit)
    logAct(logger, act)
    return done
  })

  app.post('/v1/webhooks/:id/test', {
    config: { access },
    schema: {
      tags,
      summary: 'Send a test event to an endpoint',
      description: `It is delivered as any other. Answers 200 with the delivery once it was tried; 202 where that takes longer than \`Prefer: wait=N\`, ${TEST_WAIT_SECONDS} s unless it says.`,
      headers: z.object({ prefer: z.string().optional().describe('`wait=N` (RFC 7240) waits up to N seconds for the first try') }),
      params: WebhookParams,
      response: withProblems({ 200: WholeDelivery, 202: WholeDelivery }, ...TAKES_BODY, 'NOT_FOUND', 'TENANT_ERASING'),
    },
  }, async ({ caller: { tenant }, params: { id }, headers: { prefer } }, reply) => {
    await findEndpoint(db, tenant, id)
    const deliveryId = await testEndpoint(db, tenant, id)
    if (deliveryId === undefined) throw missingEndpoint(id)
    const delivery = await waitForTry(db, { tenant, id: deliveryId, waitMs: (parseWait(prefer) ?? TEST_WAIT_SECONDS) * 1000, signal: reply.untilStopped() })
    return reply.code(isTried(delivery) ? 200 : 202).header('location', `/v1/webhooks/deliveries/${deliveryId}`).send(viewWholeDelivery(delivery))
  })
}

async function findDelivery (db: Db, tenant: string, id: string): Promise<Delivery> {
  const delivery = await readDelivery(db, tenant, id)
  if (!delivery) throw missing(id)
  return delivery
}

function missing (id: string): JobError {
  return new JobError('NOT_FOUND', `Cannot find delivery ${JSON.stringify(id.slice(0, ID_CHARS))}`)
}

function hasOneSubject ({ job, batch }: Pick<Filter, 'job' | 'batch'>): boolean {
  return job === undefined || batch === undefined
}

function toFilter ({ endpoint, job, batch, ...filter }: Filter): DeliveryFilter {
  return { ...filter, target: endpoint, subject: job ?? batch }
}

function viewPage ({ deliveries, nextCursor }: { deliveries: readonly Delivery[], nextCursor: string | null }): z.infer<typeof Page> {
  return { data: deliveries.map(viewDelivery), nextCursor }
}

/** A worker delivers, and nobody else is told of a single try: it is looked for until it is there. */
async function waitForTry (db: Db, { tenant, id, waitMs, signal }: { tenant: string, id: string, waitMs: number, signal: AbortSignal }): Promise<Delivery> {
  const deadline = performance.now() + waitMs
  for (let restMs: number = LOOK_MS.first; ; restMs = Math.min(restMs * 2, LOOK_MS.most)) {
    const delivery = await findDelivery(db, tenant, id)
    if (isTried(delivery) || signal.aborted || performance.now() >= deadline) return delivery
    await delay(Math.min(restMs, deadline - performance.now()), undefined, { signal }).catch(() => {}) // looked at once more
  }
}

function isTried ({ status, tries }: Delivery): boolean {
  return status !== 'pending' || tries.length > 0
}
