import { randomBytes } from 'node:crypto'
import type { WebhookType } from '../../core/webhook.ts'
import type { Db } from '../db.ts'
import { readBytes, readNumber, readText } from '../moves/reply.ts'
import { loadMove, NO_JOB, runMove, type Reply } from '../script.ts'
import { RESEND_AFTER_MS } from '../reap.ts'
import { writeTry, type DeliveryTry } from './delivery.ts'

/** A message to be given to the queue: one try of one delivery. */
export interface TryRef {
  deliveryId: string
  /** From 1; it goes on counting when a delivery is made once more. */
  number: number
}

/** A try that was begun. Whoever has the same holder may settle it. */
export interface WebhookTry extends TryRef {
  holder: string
  tenant: string
  /** How many tries of the schedule came before. */
  step: number
  /** An endpoint's id, or `own`. */
  target: string
  eventId: string
  type: WebhookType
  subject: string
  /** Of the event, and of the try; milliseconds of Redis's clock. */
  eventAt: number
  begunAt: number
  /** Of an endpoint: where to send, packed (`readAddress`). */
  address: Buffer | null
  /** As it was sent before, packed; null where it is to be composed. */
  body: Buffer | null
  traceparent: string | null
  /** What signs it, as it is stored (`decodeSecrets`); none where the tenant's own are not made yet. */
  secrets: Reply
}

export type BegunTry = { type: 'try', begun: WebhookTry, deals: TryRef[] } | { type: 'drop', deals: TryRef[] }

/** How a try ended. `gone`: the receiver wants no more. `removed`: what was to be told of is not there any more. */
export interface TryEnd {
  outcome: 'succeeded' | 'failed' | 'gone' | 'removed'
  entry: Omit<DeliveryTry, 'number'>
  url: string
  /** Until the next try, where it failed; null for none. */
  delayMs: number | null
  /** For which the receiver asked to be left alone. */
  restMs: number
  /** Kept for the next try, packed. */
  body: Buffer | null
}

/** When a receiver that fails is left alone. */
export interface CircuitPolicy {
  /** Tries that failed in a row. */
  failures: number
  /** For how long at first, and at the most: each time that it fails again it is twice as long. */
  openMs: number
  openMaxMs: number
}

export interface Stepped {
  /** How many things were due. */
  came: number
  /** How long it is until the next one is; undefined where there is none. */
  nextMs: number | undefined
  /** Messages that the caller is to send. */
  deals: TryRef[]
}

const LANES = new URL('lanes.lua', import.meta.url)
const STEP = loadMove(new URL('step.lua', import.meta.url), LANES)
const BEGIN = loadMove(new URL('begin.lua', import.meta.url), LANES)
const SETTLE = loadMove(new URL('settle.lua', import.meta.url), LANES)
const STRIKE = loadMove(new URL('strike.lua', import.meta.url))
const HOLDER = randomBytes(6).toString('base64url')
let calls = 0

/** Has what is due be dealt, at most about so many of each kind. */
export async function stepWebhooks (db: Db, limit: number): Promise<Stepped> {
  const reply = await runMove(db, STEP, NO_JOB, [limit])
  const nextMs = readNumber(reply, 0)
  return { came: readNumber(reply, 1), nextMs: nextMs < 0 ? undefined : nextMs, deals: readTries(reply, 2) }
}

/** Begins a try, whose lease is over when it has not been settled by then. A try that is not owed any more is dropped. */
export async function beginTry (db: Db, { deliveryId, number }: TryRef, { leaseMs }: { leaseMs: number }): Promise<BegunTry> {
  calls += 1
  const holder = `${HOLDER}${calls.toString(36)}`
  const reply = await runMove(db, BEGIN, deliveryId, [number, holder, leaseMs])
  if (readText(reply, 0) === 'drop') return { type: 'drop', deals: readTries(reply, 1) }
  const [address, body] = [readBytes(reply, 9), readBytes(reply, 10)]
  const begun: WebhookTry = {
    deliveryId, number, holder,
    tenant: readText(reply, 1),
    step: readNumber(reply, 2),
    target: readText(reply, 3),
    eventId: readText(reply, 4),
    type: readText(reply, 5) as WebhookType, // owe_webhooks wrote it
    subject: readText(reply, 6),
    eventAt: readNumber(reply, 7),
    begunAt: readNumber(reply, 8),
    address: address.length === 0 ? null : address,
    body: body.length === 0 ? null : body,
    traceparent: readText(reply, 11) || null,
    secrets: Array.isArray(reply) ? reply[12] ?? null : null,
  }
  return { type: 'try', begun, deals: readTries(reply, 13) }
}

/** Notes how a try ended, once. `fenced`: somebody else has it, or had. */
export async function settleTry (db: Db, begun: WebhookTry, end: TryEnd, circuit: CircuitPolicy): Promise<{ type: 'settled', status: 'pending' | 'succeeded' | 'dead', deals: TryRef[] } | { type: 'fenced' }> {
  const { outcome, entry, url, delayMs, restMs, body } = end
  const reply = await runMove(db, SETTLE, begun.deliveryId, [
    begun.number, begun.holder, outcome, writeTry(db, begun, { ...entry, url }), delayMs === null ? -1 : Math.ceil(delayMs), Math.ceil(restMs),
    circuit.failures, circuit.openMs, circuit.openMaxMs, body ?? '',
  ])
  if (readText(reply, 0) === 'fenced') return { type: 'fenced' }
  return { type: 'settled', status: readText(reply, 1) as 'pending', deals: readTries(reply, 2) } // settle.lua has these three
}

/** Notes that messages were given to the queue, where it has them: until its try begins, one that the queue lost is sent again. */
export async function strikeTries (db: Db, refs: readonly TryRef[], keyOf: (ref: TryRef) => string): Promise<void> {
  if (refs.length > 0) await runMove(db, STRIKE, NO_JOB, [RESEND_AFTER_MS, ...refs.flatMap((ref) => [ref.deliveryId, keyOf(ref)])])
}

function readTries (reply: Reply, from: number): TryRef[] {
  const count = Array.isArray(reply) ? Math.floor((reply.length - from) / 2) : 0
  return Array.from({ length: count }, (_, index) => ({ deliveryId: readText(reply, from + index * 2), number: readNumber(reply, from + index * 2 + 1) }))
}
