import type { Tracer } from '@opentelemetry/api'
import { TEST_EVENT } from '../../core/webhook.ts'
import { signWebhook } from '../../core/webhook-signature.ts'
import { JobError } from '../../core/failures.ts'
import type { Claim, Verdict } from '../../queue/consumer.ts'
import type { WebhookDispatcher } from '../../queue/webhook-dispatcher.ts'
import type { Db } from '../../store/db.ts'
import { packSealed, placeOf } from '../../store/sealing.ts'
import { decodeSecrets, readSecrets, type SigningSecret } from '../../store/webhooks/secrets.ts'
import { beginTry, settleTry, type CircuitPolicy, type TryEnd, type TryRef, type WebhookTry } from '../../store/webhooks/tries.ts'
import type { WebhookMetrics } from '../../telemetry/metrics/webhooks.ts'
import { compose } from './compose.ts'
import { planNext, readRetryAfter } from './schedule.ts'
import type { Sender } from './sender.ts'
import { startTrySpan } from './try-span.ts'

/** A try that says nothing for so much longer than it may take is lost. */
const LEASE_MARGIN_MS = 15_000
/** The receiver wants nothing more. Source: Standard Webhooks, "Retry schedule". */
const GONE = 410
/** Answers whose Retry-After counts. Source: RFC 9110, section 10.2.3, and RFC 6585, section 4. */
const RESTING: ReadonlySet<number> = new Set([429, 503])
/** Somebody waits to hear how a test went. */
const ONCE = [0]
const DONE: Verdict = { type: 'done' }
const BACK: Verdict = { type: 'back' }

export interface DeliverContext {
  db: Db
  dispatcher: Pick<WebhookDispatcher, 'dispatch'>
  sender: Pick<Sender, 'send'>
  /** Of a whole try. */
  timeoutMs: number
  delaysMs: readonly number[]
  circuit: CircuitPolicy
  tracer: Tracer
  metrics: WebhookMetrics
}

/**
 * Makes one try of a delivery: what is sent is composed, signed and posted, and how that went is noted, with what becomes of the delivery. Whoever loses the message
 * meanwhile changes nothing: the receiver may have been told, and is told again with the same id.
 */
export async function deliver (context: DeliverContext, ref: TryRef, { signal }: Claim): Promise<Verdict> {
  const { db, dispatcher, timeoutMs, circuit, metrics } = context
  const answer = await beginTry(db, ref, { leaseMs: timeoutMs + LEASE_MARGIN_MS })
  await dispatcher.dispatch(answer.deals)
  if (answer.type === 'drop') return DONE
  const { begun } = answer
  const span = startTrySpan(context.tracer, begun)
  const end = await makeTry(context, begun, signal)
  span.end(end)
  if (signal.aborted) return BACK
  const settled = await settleTry(db, begun, end, circuit)
  if (settled.type === 'fenced') return DONE
  if (end.outcome !== 'removed') metrics.tried(end.outcome, { latencyMs: end.entry.latencyMs, lagMs: begun.number === 1 ? begun.begunAt - begun.eventAt : null })
  await dispatcher.dispatch(settled.deals)
  return DONE
}

async function makeTry ({ db, sender, delaysMs }: DeliverContext, begun: WebhookTry, signal: AbortSignal): Promise<TryEnd> {
  const { deliveryId, tenant, target, step, begunAt } = begun
  const unsent = (error: string) => ({ entry: { startedAt: begunAt, latencyMs: 0, status: null, error, answer: null }, url: '', body: null })
  const parts = await Promise.all([compose(db, begun), readSigners(db, begun)]).catch(keepRefusal)
  // What cannot be decrypted here may be when its key is back.
  if (parts instanceof JobError) return { outcome: 'failed', ...unsent(`Cannot deliver: ${parts.message}`), ...planNext(delaysMs, step, 0) }
  const [composed, secrets] = parts
  if (!composed || secrets.length === 0) return { outcome: 'removed', ...unsent('Cannot deliver: what was to be told of was removed'), delayMs: null, restMs: 0 }
  const { url, headers, body } = composed
  const signed = signWebhook({ id: begun.eventId, timestamp: Math.floor(begunAt / 1000), body }, secrets.map(({ secret }) => secret))
  const startMs = performance.now()
  const { status, error, answer, retryAfter } = await sender.send({ lane: `${tenant}:${target === 'own' ? new URL(url).origin : target}`, url, headers: { ...headers, ...signed }, body }, signal)
  const latencyMs = Math.round(performance.now() - startMs)
  const later = planNext(begun.type === TEST_EVENT ? ONCE : delaysMs, step, RESTING.has(status ?? 0) ? readRetryAfter(retryAfter, begunAt + latencyMs) : 0)
  return {
    outcome: error === null ? 'succeeded' : status === GONE ? 'gone' : 'failed',
    entry: { startedAt: begunAt, latencyMs, status, error, answer },
    url,
    ...later,
    body: error !== null && later.delayMs !== null && !begun.body ? await packSealed(db, body, placeOf('delivery', tenant, deliveryId)) : null,
  }
}

/** The first of a tenant's own is made where it is needed. */
async function readSigners (db: Db, { tenant, target, begunAt, secrets }: WebhookTry): Promise<SigningSecret[]> {
  const endpointId = target === 'own' ? null : target
  const stored = await decodeSecrets(db, { tenant, endpointId, now: begunAt }, secrets)
  return stored.length > 0 || endpointId !== null ? stored : readSecrets(db, tenant, endpointId)
}

/** What was damaged stays so, and is to keep nothing else from its receiver. Rethrows what Redis refuses for now. */
function keepRefusal (error: unknown): JobError {
  if (error instanceof JobError) return error
  if (!(error instanceof Error) || error.name === 'ReplyError') throw error
  return new JobError('UNAVAILABLE', `what is stored of it cannot be read. ${error.message}`, { cause: error })
}
