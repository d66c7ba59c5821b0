import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { createNoopMeter, trace } from '@opentelemetry/api'
import { newId } from '../../src/core/ids.ts'
import { WEBHOOK_EVENTS, type EndpointRequest } from '../../src/core/webhook.ts'
import { OPERATOR } from '../../src/store/audit.ts'
import type { Db } from '../../src/store/db.ts'
import { accept } from '../../src/store/moves/accept.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { listDeliveries } from '../../src/store/webhooks/deliveries.ts'
import type { Delivery, DeliveryStatus } from '../../src/store/webhooks/delivery.ts'
import { createEndpoint } from '../../src/store/webhooks/endpoints.ts'
import { createWorkerListener } from '../../src/store/worker-listener.ts'
import { WorkerConfig } from '../../src/worker/config.ts'
import { createWebhooks, type Webhooks } from '../../src/worker/webhooks/webhooks.ts'
import { readBody, startHttp } from './http-server.ts'
import type { Scope } from './scope.ts'
import { beginJob, request, settlement, TENANT } from './store.ts'
import { until } from './until.ts'

export const CHANGE = { actor: OPERATOR, audit: { maxEntries: 100, maxAgeMs: 60_000 }, maxEndpoints: 20 }

/** What a receiver was sent. */
export interface Received {
  path: string
  headers: IncomingHttpHeaders
  body: string
  /** When it came, by the steady clock of the test. */
  atMs: number
}

/** Starts a receiver of webhooks. What it answers is the test's to say; 204 unless it does. */
export async function startReceiver (t: TestContext, answer: (received: Received, response: ServerResponse) => void = (_, response) => { response.writeHead(204).end() }) {
  const received: Received[] = []
  const server = await startHttp(t, (request, response) => {
    response.on('error', () => {})
    void readBody(request).then((body) => {
      const each = { path: request.url ?? '', headers: request.headers, body: body.toString(), atMs: performance.now() }
      received.push(each)
      answer(each, response)
    }, () => {}) // the test is over, or the worker is
  })
  return { ...server, received, url: (path = '/hook') => `${server.origin}${path}` }
}

/** Starts what delivers webhooks in a worker, with loopback allowed and short delays. It ends with the test. */
export async function startWebhooks (t: Scope & Pick<TestContext, 'diagnostic'>, db: Db & { url: string }, variables: Record<string, string> = {}): Promise<Webhooks> {
  const config = WorkerConfig.parse({
    REDIS_URL: db.url, BATCHBOX_PREFIX: db.keys.prefix, BATCHBOX_WEBHOOK_ALLOW_RANGES: '127.0.0.1', BATCHBOX_WEBHOOK_DELAYS_MS: '0,20,20,20,20', BATCHBOX_STALLED_MS: '500', ...variables,
  })
  const onError = (error: unknown) => t.diagnostic(String(error))
  const webhooks = await createWebhooks({ config, db, version: '0.0.0', tracer: trace.getTracer('test'), meter: createNoopMeter(), whenTrusted: () => Promise.resolve(), onError })
  const listener = await createWorkerListener(db, { onCancel () {}, onWebhooks: () => webhooks.relay.wake(), onError })
  t.after(async () => {
    await webhooks.drain(0)
    await Promise.all([webhooks.close(), listener.close()])
  })
  return webhooks
}

/** Makes an endpoint of the tenant, with what the test cares about. */
export function addEndpoint (db: Db, url: string, members: Partial<EndpointRequest> = {}) {
  return createEndpoint(db, { tenant: TENANT, url, events: [...WEBHOOK_EVENTS], headers: {}, description: '', enabled: true, ...members }, CHANGE)
}

/** Takes a job through one run to its end; answers its id. */
export async function endJob (db: Db, members: Record<string, unknown> = {}, end: Parameters<typeof settlement>[0] = {}): Promise<string> {
  const id = newId('job')
  await accept(db, { id, tenant: TENANT, request: request(members), traceparent: null })
  const { run } = await beginJob(db, id)
  await settle(db, run, settlement(end))
  return id
}

/** All deliveries of the tenant in that state. */
export async function listAll (db: Db, status: DeliveryStatus): Promise<Delivery[]> {
  return (await listDeliveries(db, TENANT, { status, limit: 1000 })).deliveries
}

/** The deliveries of the tenant in that state, once there are so many. */
export async function whenAll (db: Db, status: DeliveryStatus, count: number): Promise<Delivery[]> {
  await until(`${count} deliveries are ${status}`, async () => await db.redis.zcard(db.keys.deliveries(TENANT, status)) >= count)
  return listAll(db, status)
}
