import { OPERATOR } from '../../src/store/audit.ts'
import type { Db } from '../../src/store/db.ts'
import { createEndpoint, type Endpoint } from '../../src/store/webhooks/endpoints.ts'
import { beginTry, settleTry, stepWebhooks, type TryEnd, type TryRef } from '../../src/store/webhooks/tries.ts'
import { buildEndpointRequest } from '../../src/core/webhook.ts'
import { TENANT } from './store.ts'

export const CHANGE = { actor: OPERATOR, audit: { maxEntries: 100, maxAgeMs: 60_000 } }
const LEASE_MS = 60_000
const NO_CIRCUIT = { failures: 1000, openMs: 1000, openMaxMs: 1000 }

/** Makes an endpoint, with what the test cares about. */
export async function makeEndpoint (db: Db, members: object = {}): Promise<Endpoint> {
  const { endpoint } = await createEndpoint(db, { tenant: TENANT, ...buildEndpointRequest().parse({ url: 'https://example.com/hook', ...members }) }, { ...CHANGE, maxEndpoints: 100 })
  return endpoint
}

/** How tries end, unless the test says. */
const SUCCESS: TryEnd = { outcome: 'succeeded', entry: { startedAt: 1, latencyMs: 1, status: 204, error: null, answer: '' }, url: 'https://example.com/hook', delayMs: null, restMs: 0, body: null }

/** Makes all tries that are due, as a worker would, with that end; answers the ids of their deliveries. */
export async function playDeliveries (db: Db, end: Partial<TryEnd> = {}, circuit = NO_CIRCUIT): Promise<string[]> {
  const done: string[] = []
  const queue: TryRef[] = (await stepWebhooks(db, 1000)).deals
  for (let ref = queue.shift(); ref; ref = queue.shift()) {
    const answer = await beginTry(db, ref, { leaseMs: LEASE_MS })
    queue.push(...answer.deals)
    if (answer.type === 'drop') continue
    done.push(ref.deliveryId)
    const settled = await settleTry(db, answer.begun, { ...SUCCESS, ...end }, circuit)
    if (settled.type === 'settled') queue.push(...settled.deals)
  }
  return done
}
