import { z } from 'zod'
import { TEST_EVENT, WEBHOOK_EVENTS, WebhookView } from '../core/webhook.ts'
import type { Delivery, DeliveryTry } from '../store/webhooks/delivery.ts'
import type { Endpoint } from '../store/webhooks/endpoints.ts'
import type { SigningSecret } from '../store/webhooks/secrets.ts'
import type { Circuit } from '../store/webhooks/trial.ts'
import { formatTime, viewWebhook } from './job-view.ts'

const time = z.iso.datetime()
const Count = z.number().int()

/** An endpoint as the API answers it. */
export const EndpointView = WebhookView.extend({
  id: z.string(),
  url: z.string().nullable().describe('Null where it cannot be decrypted, since a key of the operator is missing: give it another, with all headers'),
  description: z.string(),
  enabled: z.boolean(),
  disabledReason: z.enum(['asked', 'gone']).nullable().describe('`gone`: it answered 410. Enable it with PATCH'),
  createdAt: time,
  updatedAt: time,
  links: z.object({ self: z.string(), deliveries: z.string() }),
}).meta({ id: 'WebhookEndpoint', example: {
  id: 'whk_019f2c5e-7a10-7cc3-98c4-dc0c0c07398f', url: 'https://example.com/hooks/batchbox', events: ['job.failed', 'job.dead'], headers: ['authorization'], description: 'alerts',
  enabled: true, disabledReason: null, createdAt: '2026-11-22T12:00:00.000Z', updatedAt: '2026-11-22T12:00:00.000Z',
  links: { self: '/v1/webhooks/whk_019f2c5e-7a10-7cc3-98c4-dc0c0c07398f', deliveries: '/v1/webhooks/deliveries?endpoint=whk_019f2c5e-7a10-7cc3-98c4-dc0c0c07398f' },
} })

/** The same, read by itself. */
export const WatchedEndpoint = EndpointView.extend({
  circuit: z.object({
    state: z.enum(['closed', 'open', 'half-open']).describe('`open`: it failed so often in a row that nothing is sent until `openUntil`; `half-open`: one delivery tries whether it is back'),
    failures: Count.describe('Tries that failed in a row'),
    openUntil: time.nullable(),
    waiting: Count.describe('Deliveries that are to be sent'),
    sending: Count.describe('Deliveries that are being sent'),
  }),
})

/** What deliveries are signed with. */
export const SecretView = z.object({
  secret: z.string().describe('`whsec_` and base64, as Standard Webhooks has it'),
  createdAt: time,
  expiresAt: time.nullable().describe('When it stops signing; null for the current one'),
})
export const SecretsView = z.object({ data: z.array(SecretView).describe('Those that sign now, newest first: more than one for a while after a rotation') })
  .meta({ example: { data: [{ secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwTmV0W0nJ1aA=', createdAt: '2026-11-22T12:00:00.000Z', expiresAt: null }] } })

/** An endpoint that was made: its secret is answered with it. */
export const NewEndpointView = EndpointView.extend({ secret: z.string().describe('What its deliveries are signed with') })

const TryView = z.object({
  number: Count,
  startedAt: time,
  latencyMs: z.number(),
  status: Count.nullable().describe('HTTP status of the answer; null where none came'),
  error: z.string().nullable().describe('Why it failed; null for one that succeeded'),
  answer: z.string().nullable().describe('The first 1,024 bytes of what was answered'),
})

/** A delivery as lists answer it. */
export const DeliveryView = z.object({
  id: z.string(),
  eventId: z.string().describe('The header `webhook-id`: the same in every try, and at every endpoint'),
  type: z.string().describe(`Of the event: ${[...WEBHOOK_EVENTS, TEST_EVENT].join(', ')}`),
  subject: z.string().describe('Id of the job, the batch or the endpoint that the event is about'),
  endpointId: z.string().nullable().describe('Null for the webhook of the job or batch itself'),
  url: z.string().nullable().describe('Where the last try went; null before the first'),
  status: z.enum(['pending', 'succeeded', 'dead']),
  reason: z.string().nullable().describe('Why it was given up: exhausted (its last try failed), expired (the schedule is over), gone (410), full (the tenant had too much undelivered), removed (the job or batch was), deleted (the endpoint was)'),
  createdAt: time,
  nextTryAt: time.nullable(),
  finishedAt: time.nullable(),
  expiresAt: time.nullable().describe('When it will be removed from this log'),
  tried: Count.describe('How often it was tried'),
  lost: Count.describe('How often a worker was lost that was making a try: the receiver may have been told then, and the try was made anew'),
  links: z.object({ self: z.string() }),
})

/** The same, with each try. */
export const WholeDelivery = DeliveryView.extend({ tries: z.array(TryView) }).meta({ id: 'WebhookDelivery', example: {
  id: 'whd_5e0b3cf2a1d94c6c8f7d0b8f3a3f6b1e', eventId: 'job_019f2c5e-80aa-7f34-9f0e-6f3a2f1c1d55-4', type: 'job.failed', subject: 'job_019f2c5e-80aa-7f34-9f0e-6f3a2f1c1d55', endpointId: 'whk_019f2c5e-7a10-7cc3-98c4-dc0c0c07398f',
  url: 'https://example.com/hooks/batchbox', status: 'pending', reason: null, createdAt: '2026-11-22T12:00:01.000Z', nextTryAt: '2026-11-22T12:00:06.400Z', finishedAt: null, expiresAt: null, tried: 1, lost: 0,
  links: { self: '/v1/webhooks/deliveries/whd_5e0b3cf2a1d94c6c8f7d0b8f3a3f6b1e' },
  tries: [{ number: 1, startedAt: '2026-11-22T12:00:01.020Z', latencyMs: 38, status: 503, error: 'Cannot deliver: the answer was 503, expected 2xx', answer: 'try again later' }],
} })

export function viewEndpoint ({ id, url, unreadable, events, headers, description, enabled, disabledReason, createdAt, updatedAt }: Endpoint): z.infer<typeof EndpointView> {
  return {
    ...viewWebhook({ url, events, headers }),
    id, url: unreadable ? null : url, description, enabled, disabledReason,
    createdAt: formatTime(createdAt),
    updatedAt: formatTime(updatedAt),
    links: { self: `/v1/webhooks/${id}`, deliveries: `/v1/webhooks/deliveries?endpoint=${id}` },
  }
}

export function viewCircuit ({ openUntil, ...circuit }: Circuit): z.infer<typeof WatchedEndpoint>['circuit'] {
  return { ...circuit, openUntil: formatOptional(openUntil) }
}

export function viewSecrets (secrets: readonly SigningSecret[]): z.infer<typeof SecretsView> {
  return { data: secrets.map(({ secret, createdAt, expiresAt }) => ({ secret, createdAt: formatTime(createdAt), expiresAt: formatOptional(expiresAt) })) }
}

export function viewDelivery ({ id, eventId, type, subject, target, url, status, reason, createdAt, nextTryAt, finishedAt, expiresAt, lost, tries }: Delivery): z.infer<typeof DeliveryView> {
  return {
    id, eventId, type, subject, url, status, reason,
    endpointId: target === 'own' ? null : target,
    createdAt: formatTime(createdAt),
    nextTryAt: formatOptional(nextTryAt),
    finishedAt: formatOptional(finishedAt),
    expiresAt: formatOptional(expiresAt),
    tried: tries.at(-1)?.number ?? 0,
    lost,
    links: { self: `/v1/webhooks/deliveries/${id}` },
  }
}

export function viewWholeDelivery (delivery: Delivery): z.infer<typeof WholeDelivery> {
  return { ...viewDelivery(delivery), tries: delivery.tries.map(viewTry) }
}

function viewTry ({ startedAt, ...rest }: DeliveryTry): z.infer<typeof TryView> {
  return { ...rest, startedAt: formatTime(startedAt) }
}

function formatOptional (ms: number | null): string | null {
  return ms === null ? null : formatTime(ms)
}
