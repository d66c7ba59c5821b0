import type { Meter, Tracer } from '@opentelemetry/api'
import { createConsumer, type Consumer } from '../../queue/consumer.ts'
import { WEBHOOKS } from '../../queue/messages.ts'
import { createWebhookDispatcher } from '../../queue/webhook-dispatcher.ts'
import type { Db } from '../../store/db.ts'
import { saveWebhookBounds } from '../../store/webhooks/bounds.ts'
import { createWebhookMetrics } from '../../telemetry/metrics/webhooks.ts'
import type { WorkerConfig } from '../config.ts'
import { deliver, type DeliverContext } from './deliver.ts'
import { createWebhookRelay, type WebhookRelay } from './relay.ts'
import { longestMs } from './schedule.ts'
import type { Sender } from './sender.ts'

/** A receiver that fails on is asked once in so long at the most. */
const CIRCUIT_MAX_FACTOR = 20

export interface Webhooks {
  readonly relay: WebhookRelay
  /** Removes messages that have no place in the queue; at most so many. Answers how many. */
  removeOrphans (limit: number): Promise<number>
  /** Takes no more deliveries, lets those under way finish within that time, and leaves the others to other workers. */
  drain (drainMs: number): Promise<void>
  close (): Promise<void>
}

export interface WebhooksOptions {
  config: WorkerConfig
  db: Db
  version: string
  tracer: Tracer
  meter: Meter
  whenTrusted (): Promise<void>
  onError (error: unknown): void
}

/** Starts what delivers webhooks in a worker: its tries run beside its jobs, and take none of their lanes. */
export async function createWebhooks ({ config, db, version, tracer, meter, whenTrusted, onError }: WebhooksOptions): Promise<Webhooks> {
  const delaysMs = config.BATCHBOX_WEBHOOK_DELAYS_MS
  await saveWebhookBounds(db, {
    owedBytes: config.BATCHBOX_WEBHOOK_OWED_BYTES,
    logEntries: config.BATCHBOX_WEBHOOK_LOG_ENTRIES,
    retentionMs: config.BATCHBOX_WEBHOOK_RETENTION_MS,
    giveUpMs: longestMs(delaysMs),
    endpointTries: config.BATCHBOX_WEBHOOK_PER_RECEIVER,
    tenantTries: config.BATCHBOX_WEBHOOK_PER_TENANT,
  })
  const dispatcher = createWebhookDispatcher(db, { onError })
  const relay = createWebhookRelay({ db, dispatcher, whenTrusted, onError })
  const sender = lazySender(config, version)
  const context: DeliverContext = {
    db, dispatcher, sender, tracer, delaysMs,
    timeoutMs: config.BATCHBOX_WEBHOOK_TIMEOUT_MS,
    circuit: { failures: config.BATCHBOX_WEBHOOK_CIRCUIT_FAILURES, openMs: config.BATCHBOX_WEBHOOK_CIRCUIT_MS, openMaxMs: config.BATCHBOX_WEBHOOK_CIRCUIT_MS * CIRCUIT_MAX_FACTOR },
    metrics: createWebhookMetrics(meter),
  }
  const consumer = createConsumer({
    channel: WEBHOOKS,
    url: config.REDIS_URL,
    prefix: config.BATCHBOX_PREFIX,
    concurrency: config.BATCHBOX_WEBHOOK_CONCURRENCY,
    lockMs: config.BATCHBOX_LOCK_MS,
    stalledMs: config.BATCHBOX_STALLED_MS,
    handle: (ref, claim) => deliver(context, ref, claim),
    onError,
  })
  return {
    relay,
    removeOrphans: (limit) => dispatcher.removeOrphans(limit),
    drain: (drainMs) => closeWithin(consumer, drainMs),
    async close () {
      await relay.close()
      sender.close()
      await dispatcher.close()
    },
  }
}

async function closeWithin (consumer: Consumer, drainMs: number): Promise<void> {
  const late = setTimeout(() => { void consumer.close({ force: true }) }, drainMs)
  await consumer.close()
  clearTimeout(late)
}

/** Loaded with the first delivery: it takes 30 MB, which a worker is spared that has none. */
function lazySender (config: WorkerConfig, version: string): Pick<Sender, 'send' | 'close'> {
  let loading: Promise<Sender> | undefined
  async function load (): Promise<Sender> {
    const { Sender } = await import('./sender.ts')
    return new Sender({
      timeoutMs: config.BATCHBOX_WEBHOOK_TIMEOUT_MS, allowRanges: config.BATCHBOX_WEBHOOK_ALLOW_RANGES, dnsServers: config.BATCHBOX_WEBHOOK_DNS_SERVERS, userAgent: `Batchbox/${version}`,
    })
  }
  return {
    async send (letter, signal) {
      loading ??= load()
      return (await loading).send(letter, signal)
    },
    close () { loading?.then((sender) => sender.close(), () => {}) },
  }
}
