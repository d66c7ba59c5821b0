import { JobError } from '../../core/failures.ts'
import { DELIVERY_ENDS } from '../../core/figures.ts'
import type { WebhookType } from '../../core/webhook.ts'
import { openJson, placeOf, sealJson, type Sealing } from '../sealing.ts'

/** `pending` waits or is being sent; `dead` was given up. */
export const DELIVERY_STATUSES = ['pending', 'succeeded', 'dead'] as const
export type DeliveryStatus = typeof DELIVERY_STATUSES[number]

/**
 * Why a delivery was given up: every try failed; it was older than all tries take; the receiver answered 410; the tenant had as much undelivered as it may; the job or
 * batch was removed before; the endpoint was deleted before.
 */
export const DEAD_REASONS = DELIVERY_ENDS.filter((end) => end !== 'succeeded')
export type DeadReason = typeof DEAD_REASONS[number]

/** One try of a delivery, as it is kept. */
export interface DeliveryTry {
  number: number
  /** Milliseconds of Redis's clock. */
  startedAt: number
  latencyMs: number
  /** Of the answer; null where none came. */
  status: number | null
  /** Why it counts as failed. */
  error: string | null
  /** The beginning of the answer's body. */
  answer: string | null
}

/** What one target is told of one event. Times in milliseconds of Redis's clock. */
export interface Delivery {
  id: string
  tenant: string
  /** The `webhook-id` of every try: the same at every target. */
  eventId: string
  /** The job or batch that the event is of; of a test, the endpoint. */
  subject: string
  type: WebhookType
  /** Id of an endpoint; `own` for the webhook that the job or batch came with. */
  target: string
  /** Where the last try went. */
  url: string | null
  status: DeliveryStatus
  reason: DeadReason | null
  createdAt: number
  nextTryAt: number | null
  finishedAt: number | null
  /** When it is removed from the log. */
  expiresAt: number | null
  /** How often a worker was lost that was making a try: the receiver may have been told then, and the try was made anew. */
  lost: number
  tries: DeliveryTry[]
}

const DELIVERY_ID = /^whd_[0-9a-f]{32}$/
const TRY_FIELD = /^try:(\d+)$/

/** Tells whether a text has the form of a delivery's id. They are made of the event and the target, in `moves/webhooks.lua`. */
export function isDeliveryId (text: string): boolean {
  return DELIVERY_ID.test(text)
}

/** A try as it is stored, by its number in the field's name. */
type StoredTry = Omit<DeliveryTry, 'number'> & { url: string }

/** Writes a try as it is stored. */
export function writeTry (sealing: Sealing, { tenant, deliveryId, number }: { tenant: string, deliveryId: string, number: number }, stored: StoredTry): string {
  return sealJson(sealing, JSON.stringify(stored), placeOf('delivery', tenant, deliveryId, number))
}

/** One that cannot be decrypted says so: the delivery is to be seen all the same. */
function readTry (sealing: Sealing, json: string, { tenant, deliveryId, number, createdAt }: { tenant: string, deliveryId: string, number: number, createdAt: number }): StoredTry {
  try {
    return openJson(sealing, json, placeOf('delivery', tenant, deliveryId, number)) as StoredTry // writeTry wrote it
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    return { startedAt: createdAt, latencyMs: 0, status: null, error: `Cannot read the try: ${error.message}`, answer: null, url: '' }
  }
}

/** Reads a delivery's hash; undefined for one that is not there. */
export function parseDelivery (sealing: Sealing, id: string, fields: Readonly<Record<string, string>>): Delivery | undefined {
  if (!fields['status']) return undefined
  const time = (name: string) => fields[name] ? Number(fields[name]) : null
  const text = (name: string) => fields[name] ?? ''
  const tries = Object.entries(fields).flatMap(([name, json]) => {
    const number = Number(TRY_FIELD.exec(name)?.[1] ?? 0)
    return number === 0 ? [] : [{ number, stored: readTry(sealing, json, { tenant: text('tenant'), deliveryId: id, number, createdAt: Number(text('createdAt')) }) }]
  }).sort((a, b) => a.number - b.number)
  return {
    id,
    tenant: text('tenant'),
    eventId: text('event'),
    subject: text('subject'),
    type: text('type') as Delivery['type'], // the moves wrote these
    target: text('target'),
    url: tries.at(-1)?.stored.url || null,
    status: text('status') as DeliveryStatus,
    reason: (text('reason') || null) as DeadReason | null,
    createdAt: Number(text('createdAt')),
    nextTryAt: time('nextAt'),
    finishedAt: time('finishedAt'),
    expiresAt: time('expiresAt'),
    lost: Number(text('lost')),
    tries: tries.map(({ number, stored: { startedAt, latencyMs, status, error, answer } }) => ({ number, startedAt, latencyMs, status, error, answer })),
  }
}
