import type {
  ListedWebhookDelivery, NewWebhookEndpoint, SigningSecret, WatchedWebhookEndpoint, WebhookDelivery, WebhookEndpoint, WebhookEndpointChange, WebhookEndpointWithSecret,
  WebhookRedelivered, WebhookRedelivery,
} from './api-types.ts'
import { buildListing, type Listing } from './http/pages.ts'
import type { Requester } from './http/requester.ts'
import type { RequestOptions } from './options.ts'
import { verifyWebhook } from './verify-webhook.ts'

const ROOT = 'v1/webhooks'
const DELIVERIES = `${ROOT}/deliveries`

/** Which deliveries are meant. */
export interface DeliveryFilter extends Omit<WebhookRedelivery, 'status' | 'since' | 'until'> {
  status?: WebhookDelivery['status']
  since?: string | Date
  until?: string | Date
}

/** Who is told of events of all jobs and batches of a tenant. */
export interface WebhookEndpoints {
  /** The answer has the secret that its deliveries are signed with. */
  create (endpoint: NewWebhookEndpoint, options?: RequestOptions): Promise<WebhookEndpointWithSecret>
  list (query?: { limit?: number, cursor?: string }, options?: RequestOptions): Listing<WebhookEndpoint>
  /** An endpoint, and how it does. */
  get (id: string, options?: RequestOptions): Promise<WatchedWebhookEndpoint>
  update (id: string, change: WebhookEndpointChange, options?: RequestOptions): Promise<WebhookEndpoint>
  delete (id: string, options?: RequestOptions): Promise<void>
  /** Sends a test event; answers the delivery once it was tried, or after ten seconds. */
  test (id: string, options?: RequestOptions): Promise<WebhookDelivery>
}

export interface Webhooks {
  readonly endpoints: WebhookEndpoints
  readonly deliveries: {
    /** What was delivered, and what is owed, newest first. */
    list (query?: DeliveryFilter, options?: RequestOptions): Listing<ListedWebhookDelivery>
    /** A delivery with each of its tries. */
    get (id: string, options?: RequestOptions): Promise<WebhookDelivery>
  }
  /** Delivers once more. */
  redeliver (id: string, options?: RequestOptions): Promise<WebhookDelivery>
  /** Delivers many once more, those that were given up unless it says; to be called again with `nextCursor` until that is null. */
  redeliverMany (choice: WebhookRedelivery, options?: RequestOptions): Promise<WebhookRedelivered>
  /** The secrets that sign now: of an endpoint, or those for the webhooks of single jobs and batches. */
  secrets (endpointId?: string, options?: RequestOptions): Promise<SigningSecret[]>
  /** Gives an endpoint, or the webhooks of jobs and batches, another secret; the former ones go on signing for `graceMs`. Answers those that sign now. */
  rotateSecret (change: { endpointId?: string, graceMs?: number }, options?: RequestOptions): Promise<SigningSecret[]>
  /** Checks what was delivered: `verifyWebhook`, which needs no client. */
  verify: typeof verifyWebhook
}

export function buildWebhooks (requester: Requester): Webhooks {
  const { json } = requester
  return {
    endpoints: {
      create: (endpoint, options) => json({ method: 'POST', path: ROOT, json: endpoint, ...options }),
      list: (query, options) => buildListing(requester, ROOT, { query, options }),
      get: (id, options) => json({ path: [ROOT, id], ...options }),
      update: (id, change, options) => json({ method: 'PATCH', path: [ROOT, id], json: change, ...options }),
      delete: (id, options) => json({ method: 'DELETE', path: [ROOT, id], ...options }),
      test: (id, options) => json({ method: 'POST', path: [ROOT, id, 'test'], ...options }),
    },
    deliveries: {
      list: (query, options) => buildListing(requester, DELIVERIES, { query, options }),
      get: (id, options) => json({ path: [DELIVERIES, id], ...options }),
    },
    redeliver: (id, options) => json({ method: 'POST', path: [DELIVERIES, id, 'redeliver'], repeatable: true, ...options }), // of one that is on its way nothing becomes
    redeliverMany: (choice, options) => json({ method: 'POST', path: `${DELIVERIES}/redeliver`, json: choice, ...options }),
    secrets: async (endpointId, options) => (await json<{ data: SigningSecret[] }>({ path: endpointId === undefined ? [ROOT, 'secret'] : [ROOT, endpointId, 'secret'], ...options })).data,
    rotateSecret: async ({ endpointId, graceMs }, options) => (await json<{ data: SigningSecret[] }>({
      method: 'POST', path: endpointId === undefined ? [ROOT, 'secret', 'rotate'] : [ROOT, endpointId, 'rotate'], json: { graceMs }, ...options,
    })).data,
    verify: verifyWebhook,
  }
}
